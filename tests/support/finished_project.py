"""Made-up files of the stages before ``compare``: numbers by a seed, formats by the contract."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from components.config.params import Params
from components.evaluation import metrics as evaluation
from components.splits import counts
from components.stages import compare
from components.validation.result import ValidationResult
from tests.support.records import ENCODER, FEATURE, training_record
from tests.support.validation_results import FAILURE, validation_result

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
#: How well each made-up model knows a song's genre.
SKILLS = {"mlp": 2.6, "vgg16": 1.2, "yamnet": 3.2, "lstm": 1.6, "yamnet_lstm": 2.9}
FEATURES = {
    "mlp": ("mfcc_summary", "segment", None),
    "vgg16": ("vgg16_embedding", "track", "vgg16"),
    "yamnet": ("yamnet_embedding", "segment", "yamnet"),
    "lstm": ("mfcc_sequence", "segment", None),
    "yamnet_lstm": ("yamnet_embedding", "segment", "yamnet"),
}
SEARCH: dict[str, Any] = {
    "activation": {"type": "choice", "values": ["relu", "tanh"]},
    "units_1": {"type": "int", "low": 32, "high": 512, "step": 32},
    "units_2": {"type": "int", "low": 32, "high": 1024, "step": 32},
    "dropout_1": {"type": "boolean"},
    "dropout_rate": {"type": "float", "low": 0.1, "high": 0.5, "step": 0.05},
    "learning_rate": {"type": "choice", "values": [0.01, 0.001, 0.0001]},
    "batch_size": {"type": "int", "low": 12, "high": 64, "step": 4},
}
STUDY = {
    "activation": "relu",
    "units_1": 448,
    "units_2": 672,
    "dropout_1": False,
    "dropout_rate": 0.25,
    "learning_rate": 0.001,
    "batch_size": 12,
}


def params(
    *, models: Sequence[str] = tuple(SKILLS), synthetic: bool = True, protocol: str = "track"
) -> Params:
    """Params whose models are ``models``."""
    features = {FEATURES[name][0]: FEATURES[name][1] for name in models}
    return Params.model_validate(
        {
            "preset": "demo" if synthetic else "gtzan-mini",
            "seed": 20,
            "synthetic": {"synthetic": {"tracks_per_genre": 12}} if synthetic else {},
            "corpus": {
                "sources": {"audio": {"path": "data/raw/synthetic"}},
                "minimum_tracks": 2,
                "max_seconds": 3600,
                "max_bytes": 2_000_000_000,
            },
            "segments": {"seconds": 3.0, "per_track": 4, "shortest": 1.0},
            "split": {"protocol": protocol, "folds": 5, "validation_folds": 5},
            "features": {
                name: {"reads": "data/corpus/audio.parquet", "unit": unit} for name, unit in features.items()
            },
            "models": {
                name: {
                    "network": name,
                    "feature": FEATURES[name][0],
                    "variant": "study",
                    "variants": {"study": {"fixed": {"standardise": True}, "search": SEARCH, "start": STUDY}},
                }
                for name in models
            },
            "tuning": {
                "tuner": "random",
                "max_trials": 11,
                "executions_per_trial": 2,
                "epochs": 5,
                "patience": 2,
            },
            "training": {"epochs": 30, "patience": 6, "monitor": "val_accuracy"},
            "pretrained": {"vgg16": "imagenet", "yamnet": "https://example.org"},
            "allow_untrained_encoders": True,
            "promotion": {"registered_model": "genre", "margin": 0.0, "allow_untrained": True},
        }
    )


def build(
    root: Path,
    *,
    models: Sequence[str] = tuple(SKILLS),
    genres: Sequence[str] = GENRES,
    tracks: int = 10,
    trials: int = 12,
    protocol: str = "track",
    untrained: Sequence[str] = (),
    seed: int = 1,
) -> Path:
    """Write a finished project's ``data`` folder: ``tracks`` a genre, a fifth of them in test."""
    generator = np.random.default_rng(seed)
    corpus = _corpus(genres, tracks=tracks, generator=generator)
    _write(root / "corpus" / "audio.parquet", corpus)
    split = _split(root, corpus=corpus[corpus["fault"] == ""], genres=genres, protocol=protocol)
    for name in models:
        feature = FEATURES[name][0]
        failed = [FAILURE] if feature == "mfcc_sequence" else []
        validation_result(feature, *failed).write(ValidationResult.path(feature, root=root))
        _model(name, root=root, split=split, genres=genres, untrained=name in untrained, generator=generator)
        if trials:
            _tuning(root / "tuning" / name, trials=trials, generator=generator)
    return root


def report(
    root: Path, *, models: Sequence[str] = ("mlp", "yamnet"), protocol: str = "track", **chosen: Any
) -> str:
    """The report of such a project."""
    build(root, models=models, protocol=protocol, **chosen)
    compare.run(params=params(models=models, protocol=protocol), root=root)
    return (root / "report" / "index.html").read_text(encoding="utf-8")


def _corpus(genres: Sequence[str], *, tracks: int, generator: np.random.Generator) -> pd.DataFrame:
    rows = [
        {
            "track": f"{genre}.{number:05d}",
            "genre": genre,
            "path": f"{genre}/{genre}.{number:05d}.wav",
            "seconds": 30.0 + generator.random() / 2,
            "sample_rate": 22050,
            "samples": 661500,
            "bytes": 1323044,
            "segments": 4,
            "sha256": hashlib.sha256(f"{genre}{number}".encode()).hexdigest(),
            "lost": 0.0,
            "damage": "",
            **dict.fromkeys(("artist", "album", "tagged", "part", "fingerprint"), ""),
            "fault": "",
        }
        for genre in genres
        for number in range(tracks)
    ]
    rows.append({**rows[0], "track": f"{genres[0]}.broken", "seconds": 0.0, "fault": "no RIFF header"})
    return pd.DataFrame(rows).sort_values("track", ignore_index=True)


def _split(root: Path, *, corpus: pd.DataFrame, genres: Sequence[str], protocol: str) -> pd.DataFrame:
    place = corpus.groupby("genre").cumcount() / corpus.groupby("genre")["track"].transform("size")
    part = np.select([place < 0.2, place < 0.4], ["test", "validation"], "train")
    table = corpus[["track", "genre"]].assign(part=part)
    _json(
        root / "splits" / "split.json",
        {
            "protocol": protocol,
            "leaky": protocol == "segment",
            "seed": 20,
            "fold": 0,
            "folds": 5,
            "fingerprint": "f" * 64,
            "genres": sorted(genres),
            "counts": {
                f"{unit}.{name}": {"tracks": int(size), "rows": int(size) * (4 if unit == "segment" else 1)}
                for unit in ("segment", "track")
                for name, size in table["part"].value_counts().items()
            },
            "artists": "unknown",
            "artists_by_genre": dict.fromkeys(sorted(genres), 0),
            "confounded": [],
            "tracks_with_artist": 0,
            "genre_counts": counts.by_genre([corpus], usable=corpus, split=table),
        },
    )
    return table


def predictions(
    split: pd.DataFrame, *, genres: Sequence[str], skill: float, segments: int, generator: np.random.Generator
) -> pd.DataFrame:
    """Probabilities that favour the true genre by ``skill``, alike within a song."""
    order = sorted(genres)
    rows = []
    for song in split[split["part"] != "train"].sort_values(["part", "track"]).itertuples():
        taste = generator.normal(size=len(order)) * 1.4
        taste[order.index(song.genre)] += skill
        for segment in range(segments):
            odds = np.exp(taste + 0.7 * generator.normal(size=len(order)))
            odds /= odds.sum()
            rows.append(
                {
                    "part": song.part,
                    "track": song.track,
                    "segment": segment if segments > 1 else -1,
                    "genre": song.genre,
                    "artist": "",
                    "headline": True,
                    "predicted": order[int(odds.argmax())],
                    **{f"probability.{genre}": value for genre, value in zip(order, odds, strict=True)},
                }
            )
    return pd.DataFrame(rows)


def _model(
    name: str,
    *,
    root: Path,
    split: pd.DataFrame,
    genres: Sequence[str],
    untrained: bool,
    generator: np.random.Generator,
) -> None:
    feature, unit, encoder = FEATURES[name]
    chosen = params()
    order, made = sorted(genres), json.loads((root / "splits" / "split.json").read_text())
    table = predictions(
        split, genres=genres, skill=SKILLS[name], segments=4 if unit == "segment" else 1, generator=generator
    )
    folder = root / "models" / name
    _write(folder / "predictions.parquet", table)
    songs = split.assign(
        artist="",
        headline=True,
        sha256="",
        sound_sha256="",
        fingerprint="",
        seconds=30.0,
        fitted=split["part"] == "train",
    )
    _write(folder / "songs.parquet", songs)
    epochs = int(generator.integers(9, 26))
    rise = 1 - np.exp(-np.arange(1, epochs + 1) / 4)
    top = float((table["genre"] == table["predicted"]).mean())
    noise = generator.normal(scale=0.015, size=(4, epochs))
    history = pd.DataFrame(
        {
            "epoch": np.arange(1, epochs + 1),
            "loss": 2.3 - 2.2 * rise + abs(noise[0]),
            "accuracy": np.clip(0.1 + 0.9 * rise + noise[1], 0, 1),
            "val_loss": 2.3 - 1.4 * rise + abs(noise[2]),
            "val_accuracy": np.clip(0.1 + (top - 0.1) * rise + noise[3], 0, 1),
            "learning_rate": 0.001,
        }
    )
    history.to_csv(folder / "history.csv", index=False)
    (folder / "model.keras").touch()
    metrics = {
        f"{part}.{metric}": value
        for part in ("validation", "test")
        for metric, value in evaluation.evaluate(table, genres=order, part=part, seed=20).items()
    }
    _json(folder / "metrics.json", metrics)
    training_record(
        model=name,
        preset=chosen.preset,
        params=chosen,
        training=chosen.training,
        feature=FEATURE
        | {
            "feature": feature,
            "unit": unit,
            "pretrained": [ENCODER | {"encoder": encoder, "trained": not untrained}] if encoder else [],
        },
        genres=order,
        hyperparameters={**STUDY, "standardise": True},
        trial="00",
        tuning_score=0.8,
        protocol=made["protocol"],
        fingerprint=made["fingerprint"],
        train_tracks=sorted(split.loc[split["part"] == "train", "track"]),
        validation_tracks=sorted(split.loc[split["part"] == "validation", "track"]),
        weights_sha256=hashlib.sha256(name.encode()).hexdigest(),
        parameters=int(10 ** (4.5 + 2.5 * generator.random())),
        file_bytes=int(10 ** (5.5 + 2.5 * generator.random())),
        seconds=float(3 + 60 * generator.random()),
        peak_memory_mib=float(700 + 900 * generator.random()),
    ).write(folder / "training.json")


def _tuning(folder: Path, *, trials: int, generator: np.random.Generator) -> None:
    rows = []
    for trial in range(trials):
        values = {
            "activation": str(generator.choice(["relu", "tanh"])),
            "units_1": int(generator.integers(1, 17)) * 32,
            "units_2": int(generator.integers(1, 33)) * 32,
            "dropout_1": bool(generator.integers(2)),
            "dropout_rate": float(0.1 + 0.05 * generator.integers(9)),
            "learning_rate": float(generator.choice([0.01, 0.001, 0.0001])),
            "batch_size": int(12 + 4 * generator.integers(14)),
        }
        values = dict(STUDY) if trial == 0 else values
        score = 0.75 - 0.12 * abs(np.log10(values["learning_rate"]) + 3) + 0.0001 * values["units_1"]
        score = float(np.clip(score + 0.04 * generator.normal(), 0, 1))
        failed = trial == 5
        rows.append(
            {
                "trial": f"{trial:02d}",
                "status": "FAILED" if failed else "COMPLETED",
                "score": np.nan if failed else score,
                **values,
                "standardise": True,
            }
        )
        for execution in range(2):
            _json(
                folder / "executions" / f"{trial}-{execution}.json",
                {"trial": f"{trial:02d}", "execution": execution, "seconds": 4.0, "val_accuracy": score},
            )
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(folder / "trials.csv", index=False)


def _json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2))


def _write(path: Path, table: pd.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(path, index=False)
