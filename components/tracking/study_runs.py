"""The runs of the study: one an experiment, and one for the page; logged from their files, each once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from components.core import hashing
from components.tracking import runs, store

#: Below ``root``, the data folder.
FOLDER = Path("study")


def ensure_study_logged(*, root: Path = Path("data")) -> list[str]:
    """Make sure that every experiment that has a result, and the page, have their run.

    Parameters
    ----------
    root : Path
        The data folder.

    Returns
    -------
    list of str
        Run ids: the experiments' by name, then the page's.
    """
    client = store.connect()
    where = store.experiment(client, store.STUDY)
    results = root / FOLDER / "results.json"
    rows = json.loads(results.read_text(encoding="utf-8"))["experiments"]
    logged = []
    for name, row in sorted(rows.items()):
        folder = root / FOLDER / "experiments" / name
        if row["figures"] and (folder / "result.json").is_file():
            logged.append(_experiment(client, name, row=row, folder=folder, experiment_id=where))
    return [*logged, _page(client, root=root, experiment_id=where)]


def _experiment(client: Any, name: str, *, row: dict[str, Any], folder: Path, experiment_id: str) -> str:
    identity = hashing.files([folder / "result.json", folder / "costs.json"])
    if known := runs.find(client, identity, experiment_id=experiment_id):
        return str(known.info.run_id)
    leaky = "leaky: songs on both sides" if "segment" in row["figures"] else "no"
    tags = {
        runs.IDENTITY: identity,
        "model": row["model"],
        "variant": row["variant"],
        "group": row["group"],
        "source": row["source"],
        "segment.leaky": leaky,
        "findings": ", ".join(map(str, row["findings"])) or "none",
        "encoder_untrained": str(row["untrained"]).lower(),
        "mlflow.note.content": " ".join(part for part in (row["title"] + ".", row["note"]) if part),
    }
    run_id = runs.begin(client, experiment_id=experiment_id, name=name, tags=tags)
    runs.log_params(client, run_id, values={"feature": row["feature"], "budget": row["budget"], **row["set"]})
    for protocol, figures in row["figures"].items():
        for metric, value in figures.items():
            client.log_metric(run_id, f"{protocol}.{metric}", value)
    for metric, value in row["cost"].items():
        client.log_metric(run_id, metric, value)
    for file in ("result.json", "costs.json"):
        client.log_artifact(run_id, str(folder / file))
    client.set_terminated(run_id)
    return run_id


def _page(client: Any, *, root: Path, experiment_id: str) -> str:
    folder = root / FOLDER
    identity = hashing.files([folder / "results.json", folder / "index.html"])
    if known := runs.find(client, identity, experiment_id=experiment_id):
        return str(known.info.run_id)
    counts = json.loads((folder / "results.json").read_text(encoding="utf-8"))["counts"]
    run_id = runs.begin(
        client, experiment_id=experiment_id, name="report", tags={runs.IDENTITY: identity, "group": "report"}
    )
    for verdict, count in counts.items():
        client.log_metric(run_id, f"findings {verdict}", count)
    for file in ("index.html", "results.json", "results.csv"):
        client.log_artifact(run_id, str(folder / file))
    client.set_terminated(run_id)
    return run_id
