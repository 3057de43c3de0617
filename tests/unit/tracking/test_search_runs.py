"""The runs of a search: a parent, a child a trial, a grandchild an execution, once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from components import tracking
from components.core import atomic
from components.results.record import BestTrial
from components.tracking import store
from components.tracking.runs import Runs


def write_search(folder: Path) -> None:
    """Write a search of two trials, the second of which failed."""
    best = {"units_1": 32}
    BestTrial(trial="0", score=0.75, hyperparameters=best).write(folder / "best.json")
    atomic.write_json(folder / "identity.json", {"sha256": "a", "seed": 20})
    rows = [{"trial": "0", "status": "TrialStatus.COMPLETED", "score": 0.75, **best}]
    rows.append({"trial": "1", "status": "TrialStatus.INVALID", "score": None, "units_1": 64})
    pd.DataFrame(rows).to_csv(folder / "trials.csv", index=False)
    outcome = {"execution": 0, "seed": 7, "seconds": 1.5, "history": {"epoch": [1, 2], "loss": [0.5, 0.25]}}
    outcome["device"] = "GPU: NVIDIA H100 80GB HBM3"
    atomic.write_json(folder / "executions" / "0-0.json", outcome)


def test_every_trial_and_execution_has_its_run_below_the_search(workspace: Path) -> None:
    write_search(workspace / "data" / "tuning" / "mlp")
    parent = tracking.ensure_tuning_logged("mlp")
    assert tracking.ensure_tuning_logged("mlp") == parent
    runs = {run.info.run_name: run for run in Runs(store.TUNING)._search("")}
    assert {name: run.data.tags["level"] for name, run in runs.items()} == {
        "mlp search": "search",
        "mlp trial 0": "trial",
        "mlp trial 1": "trial",
        "mlp trial 0 execution 0": "execution",
    }
    above = {name: run.data.tags.get("mlflow.parentRunId") for name, run in runs.items()}
    assert above["mlp trial 0"] == parent == runs["mlp search"].info.run_id
    assert above["mlp trial 0 execution 0"] == runs["mlp trial 0"].info.run_id
    assert runs["mlp trial 1"].info.status == "FAILED"
    assert runs["mlp search"].data.metrics == {"search/best_val_accuracy": 0.75, "search/trials": 2}
    assert runs["mlp search"].data.params == {"seed": "20", "best.units_1": "32"}
    assert runs["mlp trial 0 execution 0"].data.tags["device"] == "GPU: NVIDIA H100 80GB HBM3"
    assert runs["mlp trial 0 execution 0"].data.params == {"units_1": "32", "seed": "7"}
    assert runs["mlp trial 0 execution 0"].data.metrics == {"epoch/loss": 0.25, "time/seconds": 1.5}
