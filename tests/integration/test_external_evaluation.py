"""``genre evaluate`` on a model that was trained, logged and loaded as any other, and a folder that decides on it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import pandas as pd
import pytest
import yaml

from components import tracking
from components.config.params import Params
from components.external_evaluation import command
from components.registry import promote
from components.serving import packaging, predict
from components.serving.load import LoadedModel
from components.serving.predict import FilePrediction
from components.tracking import store
from tests.support.evaluated_models import known_by, music


@pytest.fixture
def project(trained: Path, small_params: Params) -> Path:
    """A finished project whose MLP is logged; of its training is one song of a folder ``songs``, and one's artist."""
    folder = trained.parent
    (folder / "params.yaml").write_text(
        yaml.safe_dump(small_params.model_dump(mode="json")), encoding="utf-8"
    )
    music(folder / "songs")
    path = trained / "models" / "mlp" / "songs.parquet"
    songs = pd.read_parquet(path)
    first, second = songs.index[songs["fitted"]][:2]
    songs["artist"] = "zoe"
    songs.loc[first, "sound_sha256"] = known_by(folder / "songs" / "rock" / "rock.1.wav")["sound_sha256"]
    songs.loc[second, "artist"] = "di"
    songs.to_parquet(path, index=False)
    packaging.ensure_logged("mlp", root=trained)
    return folder


def evaluate(folder: Path, **options: object) -> int:
    chosen = {
        "models": ["mlp"],
        "labels": "folders",
        "artists": folder / "artists.txt",
        "limit": None,
    } | options
    return command.run(folder / "songs", out=folder / "out", json_file=None, log=True, **chosen)  # type: ignore[arg-type]


def test_songs_and_artists_of_its_training_are_recognised_and_its_figures_are_logged_with_it(
    project: Path,
) -> None:
    assert evaluate(project) == 0
    record = json.loads((project / "out" / "evaluation.json").read_text())
    model = record["models"]["mlp"]
    assert {name: figures["songs"] for name, figures in model["groups"].items()} == {
        "new_artists": 4, "trained_artists": 1, "trained_songs": 1,
    }  # fmt: skip
    rows = pd.read_csv(project / "out" / "songs.csv", keep_default_na=False).set_index("file")
    assert rows.loc["rock/rock.1.wav", "group"] == "trained_songs"
    assert rows.loc["jazz/jazz.1.wav", "recognised"] == "di"
    client = tracking.connect()
    experiment = client.get_experiment_by_name(store.EVALUATIONS)
    (run,) = client.search_runs([experiment.experiment_id])
    logged = client.get_logged_model(model["model_id"])
    assert logged.source_run_id == run.data.tags["training_run"] == model["run_id"]
    assert run.info.run_id in {
        metric.run_id for metric in logged.metrics if metric.key == "headline/accuracy"
    }


def test_a_folder_decides_with_the_other_criteria(
    project: Path, small_params: Params, passing_smoke_test: list[str]
) -> None:
    # Of six tones no model of made-up numbers is surely above guessing.
    elsewhere = small_params.promotion.model_copy(update={"evaluate_on": str(project / "songs")})
    decision = promote.promote(
        params=small_params.model_copy(update={"promotion": elsewhere}), root=project / "data"
    )
    assert not decision.promoted and decision.criteria[-1].name == "accuracy on songs"
    assert "5 songs" in decision.reason and not passing_smoke_test
    assert promote.promote(params=small_params, root=project / "data").promoted


def test_an_interrupt_leaves_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    predicted = predict.predict

    def interrupted(files: Sequence[Path], *, model: LoadedModel) -> Iterator[FilePrediction]:
        yield from islice(predicted(files, model=model), 3)
        raise KeyboardInterrupt

    monkeypatch.setattr(predict, "predict", interrupted)
    before = set(project.iterdir())
    with pytest.raises(KeyboardInterrupt):
        evaluate(project)
    assert set(project.iterdir()) == before
    assert tracking.connect().get_experiment_by_name(store.EVALUATIONS) is None
