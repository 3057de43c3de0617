"""What a flow has left in its workspace: what two flows of the same params share, and what none may leave."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class State:
    """What a finished flow has left: equal for two flows of the same params, however they got there."""

    features: dict[str, str]
    metrics: dict[str, object]
    runs: dict[str, int]
    champion: str
    versions: int


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


def rows(database: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def state(folder: Path) -> State:
    """Read what a finished flow has left."""
    store = folder / "mlruns/mlflow.db"
    runs = Counter(
        f"{experiment} {status}"
        for experiment, status in rows(
            store,
            "select e.name, r.status from runs r join experiments e using (experiment_id) "
            "where r.lifecycle_stage = 'active'",
        )
    )
    champion = rows(
        store,
        "select t.value from registered_model_aliases a join model_version_tags t "
        "on t.name = a.name and t.version = a.version where a.alias = 'champion' and t.key = 'weights_sha256'",
    )
    return State(
        features=hashes(folder / "data/features"),
        metrics={
            path.parent.name: json.loads(path.read_text())
            for path in sorted((folder / "data/models").glob("*/metrics.json"))
        },
        runs=dict(runs),
        champion=str(champion[0][0]) if champion else "none",
        versions=len(
            rows(store, "select version from model_versions where current_stage != 'Deleted_Internal'")
        ),
    )


def left_over(folder: Path) -> list[str]:
    """Whatever a finished flow should not leave."""
    found = [f"temporary file {path}" for path in folder.rglob(".partial-*")]
    found += [f"temporary file {path}" for path in (folder / "data/.tmp").rglob("*")]
    found += [f"temporary file {path}" for path in (folder.parent / "tmp").iterdir()]
    store = folder / "mlruns/mlflow.db"
    for status, count in rows(store, "select status, count(*) from runs group by status"):
        if status not in ("FINISHED", "KILLED", "FAILED"):
            found.append(f"{count} MLflow runs {status}")
    # LoggedModelStatus.READY is 2 (mlflow/entities/logged_model_status.py).
    pending = rows(
        store, "select model_id from logged_models where lifecycle_stage = 'active' and status != 2"
    )
    found += [f"MLflow model {model} not ready" for (model,) in pending]
    prefect = folder / ".prefect/prefect.db"
    for table in ("flow_run", "task_run"):
        query = f"select state_type, state_name, count(*) from {table} group by state_type, state_name"
        for kind, name, count in rows(prefect, query):
            # NotReady is how Prefect leaves a task whose upstream did not end well: it never begins.
            if kind not in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED") and name != "NotReady":
                found.append(f"{count} Prefect {table}s {kind}")
    lock = folder / "data/.flow.lock"
    if lock.read_text():
        found.append(f"a note in {lock}: {lock.read_text()}")
    return found


def executions(folder: Path) -> dict[str, tuple[int, int]]:
    """Identity of each finished execution's file: another one means that it was run again."""
    found = {}
    for path in (folder / "data/tuning").glob("*/executions/*.json"):
        if not path.name.startswith("."):
            stat = path.stat()
            found[f"{path.parents[1].name} {path.stem}"] = (stat.st_ino, stat.st_mtime_ns)
    return found
