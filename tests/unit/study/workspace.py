"""A study of numbers instead of music (three genres, twelve songs each), and outcomes made up without any fit."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from components.features.encoders.base import EncoderRecord
from components.study import declarations, extraction, plan
from components.study.declarations import Experiment, Plan, PlannedExperiment
from components.study.fits import Cost, Fit
from components.study.results import Outcome
from tests.support.small_project import build_small_project

SMALL = {"units_1": 16, "units_2": 16, "units_3": 16, "learning_rate": 0.01, "batch_size": 32}
BUDGET = {"epochs": 3, "patience": 3}
GENRES = [f"g{number}" for number in range(10)]
#: So many of them, the first, have enough artists for a headline.
COUNTED = 8


def experiment(**changed: Any) -> PlannedExperiment:
    """One experiment of a plan: a small MLP under ``track``, one fold."""
    fields: dict[str, Any] = {
        "title": "toy",
        "model": "mlp",
        "feature": "toy",
        "protocols": ["track"],
        "training": BUDGET,
        "set": SMALL,
        "source": "audio",
        "beside": [],
        "form": "audio",
        "network": "mlp",
        "folds": 1,
        "seeds": 1,
        "artists": False,
        "tuned": False,
    }
    return PlannedExperiment.model_validate(fields | changed)


def make_plan(**changed: Any) -> Plan:
    """A plan of the source ``audio`` and the feature ``toy``."""
    feature = {"source": "audio", "extractor": "mfcc_summary", "reads": "data/corpus/audio.parquet"}
    fields: dict[str, Any] = {
        "budget": "quick",
        "seed": 20,
        "synthetic": {},
        "found": ["audio: 36 tracks of 3 genres in /nowhere"],
        "lists": None,
        "artists": None,
        "checksum": "",
        "segments": {"seconds": 3.0, "per_track": 4, "shortest": 3.0},
        "sources": {"audio": {"form": "audio", "path": "/nowhere", "workspace": "audio"}},
        "features": {"toy": {**feature, "unit": "segment", "pretrained": {}}},
        "experiments": {},
        "reports": ["study"],
        "not_run": {},
    }
    return Plan.model_validate(fields | changed)


def build(root: Path, *, experiments: dict[str, PlannedExperiment], spread: float = 1.0) -> Plan:
    """Write the plan, the listing and the feature; return the plan."""
    (root / "study").mkdir(parents=True)
    data = extraction.workspace("audio", root=root) / "data"
    build_small_project(data, seed=0, feature="toy", spread=spread)
    made = make_plan(experiments=experiments)
    plan.write(made, root=root)
    return made


def missing(name: str, *, reason: str = "needs the audio") -> Outcome:
    """A declared experiment that was not run."""
    return Outcome(name=name, declared=declarations.load().experiments[name], form="audio", reason=reason)


def outcome(
    name: str,
    *,
    accuracy: float | None = 0.8,
    train: float = 0.9,
    validation: float = 0.8,
    seconds: float = 5.0,
    memory: float = 800.0,
    size: int = 2_000_000,
    encoder: str = "",
    trained: bool = True,
    hyperparameters: dict[str, Any] | None = None,
) -> Outcome:
    """A declared experiment with results: a hundred songs of one segment, ``accuracy`` of them right."""
    declared: Experiment = declarations.load().experiments[name]
    fits, rows = [], []
    for protocol in declared.protocols:
        key: dict[str, Any] = {"protocol": protocol, "fold": 0, "seed": 0}
        if accuracy is None:
            fits.append(Fit(**key, failed="the loss became nan"))
            continue
        songs = 100
        right = round(accuracy * songs)
        table = pd.DataFrame({"track": [f"t{n}" for n in range(songs)], "segment": 0, "part": "test", **key})
        table["artist"] = [f"a{n // 2}" if protocol == "artist" else "" for n in range(songs)]
        table["headline"] = [protocol != "artist" or n % 10 < COUNTED for n in range(songs)]
        table["genre"] = [GENRES[n % 10] for n in range(songs)]
        table["predicted"] = [GENRES[(n + (n >= right)) % 10] for n in range(songs)]
        for genre in GENRES:
            table[f"probability.{genre}"] = (table["predicted"] == genre).astype(float)
        rows.append(table)
        tested = dict.fromkeys(("segment_accuracy", "song_accuracy", "macro_f1"), right / songs)
        fits.append(
            Fit(
                **key,
                metrics={f"test.{metric}": value for metric, value in tested.items()}
                | {
                    "train.segment_accuracy": train,
                    "validation.segment_accuracy": validation,
                    "epochs": 10.0,
                },
                genres=GENRES,
                confounded=GENRES[COUNTED:] if protocol == "artist" else [],
                parameters=1000,
                pretrained=[EncoderRecord(encoder=encoder, origin="", trained=trained, sha256="")]
                if encoder
                else [],
                unit="segment",
                hyperparameters=hyperparameters or {},
                cost=Cost(seconds=seconds, peak_memory_mib=memory, file_bytes=size, gpu=False),
            )
        )
    predictions = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
    return Outcome(name=name, declared=declared, form="audio", fits=fits, predictions=predictions)


#: Shared, since figures are measured once an outcome.
_plain = lru_cache(outcome)


def outcomes(*names: str, reason: str = "needs the audio") -> dict[str, Outcome]:
    """All declared experiments; those named have results."""
    declared = declarations.load().experiments
    return {name: _plain(name) if name in names else missing(name, reason=reason) for name in declared}
