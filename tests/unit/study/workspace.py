"""A study whose material is numbers instead of music: three genres, twelve songs each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from components.study import plan
from components.study.declarations import Experiment
from components.study.materials import DATA
from tests.support.small_project import GENRES, build_small_project

SMALL = {"units_1": 16, "units_2": 16, "units_3": 16, "learning_rate": 0.01, "batch_size": 32}
BUDGET = {"epochs": 3, "patience": 3}


def experiment(**changed: Any) -> dict[str, Any]:
    """One block of a plan: a small MLP under ``track``, one fold."""
    times = {"folds": changed.pop("folds", 1), "seeds": changed.pop("seeds", 1)}
    fields = {"title": "toy", "model": "mlp", "material": "toy", "protocols": ["track"], "training": BUDGET}
    fields |= {"set": SMALL} | changed
    declared = Experiment.model_validate(fields).model_dump(mode="json", exclude={"at_most", "quick"})
    about = {"feature": "mfcc_summary", "source": "audio", "artists": False, "tuned": False}
    return declared | times | about


def build(root: Path, *, experiments: dict[str, dict[str, Any]], spread: float = 1.0) -> dict[str, Any]:
    """Write the plan and the extracted material; return the plan."""
    (root / "study").mkdir(parents=True)
    build_small_project(root / DATA / "materials" / "toy", seed=0, spread=spread)
    source = {"kind": "audio", "path": "/nowhere", "label": "audio", "genres": list(GENRES)}
    material = {"source": "audio", "feature": "mfcc_summary", "unit": "segment", "options": {}}
    document = {
        "budget": "quick",
        "seed": 20,
        "synthetic": {},
        "found": ["audio: 36 tracks of 3 genres in /nowhere"],
        "lists": None,
        "artists": None,
        "checksums": {"lists": None, "artists": None},
        "segments": {"seconds": 3.0, "per_track": 4},
        "sources": {"audio": source},
        "materials": {"toy": {**material, "through": None, "tracks_per_genre": None, "weights": ""}},
        "experiments": experiments,
        "reports": ["study"],
        "not_run": {},
    }
    plan.write(document, root=root)
    return document
