"""The runs of the study: one an experiment with a result, one for the page, each once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from components.core import atomic
from components.study.runs import ensure_study_logged
from components.tracking import store
from components.tracking.runs import Runs


def row(**changes: Any) -> dict[str, Any]:
    return {
        "model": "mlp",
        "variant": "study",
        "group": "main",
        "source": "audio",
        "findings": [1, 2],
        "untrained": False,
        "title": "MLP",
        "note": "",
        "feature": "mfcc",
        "budget": "full",
        "set": {"units_1": 32},
        "figures": {
            "segment": {"accuracy": 0.5, "genres": ["jazz", "rock"], "confounded": []},
            "artist": {"accuracy": 0.3, "genres": ["rock"], "confounded": ["jazz"]},
        },
        "cost": {"seconds": 3.0},
        **changes,
    }


def test_an_experiment_with_figures_and_the_page_have_a_run(folder_with_store: Path) -> None:
    folder = folder_with_store / "data" / "study"
    rows = {"a": row(), "planned": row(figures={})}
    changes = "With artists apart, findings 1 and 4 change their verdict."
    verdicts = {"counts": {"holds": 3}, "counts_apart": {"holds": 1}, "changes_sentence": changes}
    atomic.write_json(folder / "results.json", {"experiments": rows, **verdicts})
    for file in ("index.html", "results.csv"):
        (folder / file).write_text("x")
    for file in ("result.json", "costs.json"):
        atomic.write_json(folder / "experiments" / "a" / file, {"of": file})
    logged = ensure_study_logged()
    assert ensure_study_logged() == logged
    runs = Runs(store.STUDY)
    experiment, page = (runs.client.get_run(run) for run in logged)
    assert experiment.data.metrics == {"segment/accuracy": 0.5, "artist/accuracy": 0.3, "time/seconds": 3.0}
    assert experiment.data.tags["artist.genres"] == "rock"
    assert experiment.data.tags["artist.confounded"] == "jazz"
    assert experiment.data.tags["segment.leaky"] == "leaky: songs on both sides"
    assert page.data.metrics == {"findings/holds": 3, "findings/apart holds": 1}
    assert page.data.tags["mlflow.note.content"] == changes
    assert {file.path for file in runs.client.list_artifacts(page.info.run_id)} == {
        "index.html", "results.json", "results.csv",
    }  # fmt: skip
