"""Models without a store, and labelled music that they are evaluated on: tones, each of its own pitch."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from components.config.params import Params
from components.core import hashing
from components.corpus import audio
from components.external_evaluation import evaluate, recognition
from components.external_evaluation.evaluate import Result
from components.serving import load
from components.serving.genre_model import Extracted, Rows
from components.serving.load import LoadedModel
from tests.support import constant_model
from tests.support.constant_model import GENRES, song

#: Address of each model, and its probabilities of blues, jazz and rock.
MODELS = {"mlp": [0.1, 0.7, 0.2], "lstm": [0.6, 0.3, 0.1]}
#: Metrics of each training run.
TRAINED = {
    f"test.headline_{key}": value for key, value in {"accuracy_low": 0.8, "accuracy_high": 1.0}.items()
}
TRAINED |= {"test.headline_accuracy": 0.9, "test.headline_songs": 20.0}
ARTISTS = "blues.0.wav ::: Ann\nblues.1.wav ::: Bo\njazz.0.wav ::: Cy\njazz.1.wav ::: Di\nrock.0.wav ::: Ed\n"


def music(folder: Path) -> Path:
    """Write two songs a genre of three genres, and a table of all artists but one beside the folder."""
    for place, genre in enumerate(GENRES):
        (folder / genre).mkdir(parents=True)
        for number in range(2):
            name = folder / genre / f"{genre}.{number}.wav"
            song(name, seconds=3.2, pitch=200 + 100 * place + 30 * number)
    (folder.parent / "artists.txt").write_text(ARTISTS, encoding="utf-8")
    return folder


def training(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return songs of a training; by default one that is fitted on, of another artist."""
    song = {"track": "t", "part": "train", "fitted": True, "genre": "jazz", "artist": "zoe"}
    song |= {"sha256": "0" * 64, "sound_sha256": "1" * 64, "fingerprint": "", "seconds": 30.0}
    return pd.DataFrame([song | {"track": f"t{place}"} | row for place, row in enumerate(rows or ({},))])


def known_by(file: Path) -> dict[str, str]:
    """Return what a file is recognised by."""
    return {"sha256": hashing.file(file), "sound_sha256": hashing.arrays([audio.decode(file)[0]])}


def without_store(monkeypatch: pytest.MonkeyPatch, *, songs: pd.DataFrame | None = None) -> None:
    """Let the models of :data:`MODELS` be found, trained on ``songs``."""

    def run_of(_client: object, uri: str) -> Any:
        tags = {"model": uri, "weights_sha256": "c" * 64, "genres": json.dumps(GENRES)}
        data = SimpleNamespace(tags=tags, metrics=TRAINED)
        outputs = SimpleNamespace(model_outputs=[SimpleNamespace(model_id=f"m-{uri}")])
        return SimpleNamespace(data=data, info=SimpleNamespace(run_id=f"run-{uri}"), outputs=outputs)

    monkeypatch.setattr(load, "store", lambda: None)
    monkeypatch.setattr(load, "address", lambda _client, model, **_: model or "mlp")
    monkeypatch.setattr(load, "run_of", run_of)
    monkeypatch.setattr(load, "load", lambda _client, uri, **_: _loaded(uri))
    chosen = training() if songs is None else songs
    monkeypatch.setattr(recognition, "training_songs", lambda *_: chosen)


@functools.cache
def _loaded(uri: str) -> LoadedModel:
    loaded = constant_model.loaded_model(MODELS[uri], name=uri)
    real = loaded.model.features_of

    def quick(y: np.ndarray, sample_rate: int) -> Extracted:
        if len(y) < sample_rate:
            return real(y, sample_rate)  # too short: refused before anything is computed
        starts = np.arange(max(1, len(y) // (3 * sample_rate))) * 3.0
        rows = Rows(np.zeros((len(starts), 57), dtype=np.float32), starts)
        return Extracted({"mfcc_summary": rows}, len(y) / sample_rate)

    loaded.model.features_of = quick  # type: ignore[method-assign]
    return loaded


def result(folder: Path, *, params: Params, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Result:
    """Evaluate both models on a folder of :func:`music` with its artists; one of its songs was trained on."""
    music(folder)
    known = training({"artist": "Di"}, {"track": "a tune", **known_by(folder / "rock" / "rock.1.wav")})
    without_store(monkeypatch, songs=known)
    chosen = {"models": list(MODELS), "artists": folder.parent / "artists.txt"} | options
    return evaluate.run(folder, params=params, **chosen)
