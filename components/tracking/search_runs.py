"""The runs of a search: a parent, a child a trial, a grandchild an execution."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from components.core import hashing
from components.tracking import runs, store
from components.tracking.errors import reached
from components.training.record import BestTrial


@reached()
def ensure_tuning_logged(name: str, *, root: Path = Path("data")) -> str:
    """Make sure that a finished search has its runs: parent, trials, executions.

    Parameters
    ----------
    name : str
        A tuned model.
    root : Path
        The data folder.

    Returns
    -------
    str
        Run id of the search.

    Raises
    ------
    StoreError
        If MLflow's store fails.
    """
    folder = root / "tuning" / name
    identity = hashing.files(folder / file for file in ("trials.csv", "best.json", "identity.json"))
    client = store.connect()
    where = store.experiment(client, store.TUNING)
    if known := runs.find(client, identity, experiment_id=where):
        return str(known.info.run_id)
    best = BestTrial.read(folder)
    trials = pd.read_csv(folder / "trials.csv", dtype={"trial": str})
    tags = {"model": name}
    parent = runs.begin(
        client,
        experiment_id=where,
        name=f"{name} search",
        tags={**tags, runs.IDENTITY: identity, "level": "study"},
    )
    client.log_metric(parent, "best_val_accuracy", best.score)
    client.log_metric(parent, "trials", len(trials))
    runs.log_params(
        client, parent, values={f"best.{key}": value for key, value in best.hyperparameters.items()}
    )
    for row in trials.to_dict("records"):
        trial = row["trial"]
        child = runs.begin(
            client,
            experiment_id=where,
            name=f"{name} trial {trial}",
            tags={**tags, "level": "trial"},
            parent=parent,
        )
        hyperparameters = {key: row[key] for key in trials.columns if key not in ("trial", "status", "score")}
        runs.log_params(client, child, values=hyperparameters)
        if row["score"] == row["score"]:
            client.log_metric(child, "val_accuracy", row["score"])
        for path in sorted((folder / "executions").glob(f"{trial}-*.json")):
            outcome = json.loads(path.read_text(encoding="utf-8"))
            grandchild = runs.begin(
                client,
                experiment_id=where,
                name=f"{name} trial {trial} execution {outcome['execution']}",
                tags={**tags, "level": "execution"},
                parent=child,
                seconds=outcome["seconds"],
            )
            runs.log_params(client, grandchild, values={**hyperparameters, "seed": outcome["seed"]})
            runs.log_history(client, grandchild, history=pd.DataFrame(outcome["history"]))
            client.log_metric(grandchild, "seconds", outcome["seconds"])
            client.set_terminated(grandchild)
        client.set_terminated(child, status="FINISHED" if "COMPLETED" in row["status"] else "FAILED")
    client.log_artifact(parent, str(folder / "trials.csv"))
    return runs.finish(client, parent, identity=identity, experiment_id=where)
