"""The runs of a search: a parent, a child a trial, a grandchild an execution."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from components.core import hashing
from components.results.record import BestTrial
from components.tracking import store
from components.tracking.errors import reached
from components.tracking.runs import Runs


@reached()
def ensure_tuning_logged(name: str, *, root: Path = Path("data")) -> str:
    """Make sure that a finished search has its runs; return the id of the parent.

    Raises
    ------
    StoreError
        If MLflow's store fails.
    """
    import pandas as pd

    folder = root / "tuning" / name
    identity = hashing.files(folder / file for file in ("trials.csv", "best.json", "identity.json"))
    runs = Runs(store.TUNING)
    if known := runs.find(identity):
        return known
    best = BestTrial.read(folder)
    trials = pd.read_csv(folder / "trials.csv", dtype={"trial": str})
    seed = json.loads((folder / "identity.json").read_text(encoding="utf-8"))["seed"]
    with runs.open(
        f"{name} search",
        tags={"model": name, "level": "search"},
        identity=identity,
        params={"seed": seed, **{f"best.{key}": value for key, value in best.hyperparameters.items()}},
        metrics={f"search.best_{best.objective}": best.score, "search.trials": len(trials)},
    ) as parent:
        for row in trials.to_dict("records"):
            _log_trial(runs, row, best=best, name=name, parent=parent, folder=folder)
        runs.client.log_artifact(parent, str(folder / "trials.csv"))
        return runs.finish(parent, identity=identity)


def _log_trial(
    runs: Runs, row: dict[str, Any], *, best: BestTrial, name: str, parent: str, folder: Path
) -> None:
    import pandas as pd

    trial, status, score = row.pop("trial"), row.pop("status"), row.pop("score")
    with runs.open(
        f"{name} trial {trial}",
        tags={"model": name, "level": "trial"},
        parent=parent,
        params=row,
        metrics={} if pd.isna(score) else {f"search.{best.objective}": score},
    ) as child:
        for path in sorted((folder / "executions").glob(f"{int(trial)}-*.json")):
            outcome = json.loads(path.read_text(encoding="utf-8"))
            with runs.open(
                f"{name} trial {trial} execution {outcome['execution']}",
                tags={"model": name, "level": "execution", "device": outcome.get("device", "unknown")},
                parent=child,
                seconds=outcome["seconds"],
                params={**row, "seed": outcome["seed"]},
                metrics={"seconds": outcome["seconds"]},
                history=pd.DataFrame(outcome["history"]),
            ) as execution:
                runs.client.set_terminated(execution)
        runs.client.set_terminated(child, status="FINISHED" if "COMPLETED" in status else "FAILED")
