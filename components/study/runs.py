"""The runs of the study: one an experiment, and one for the page; logged from their files, each once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from components.core import hashing
from components.results.record import LEAKY
from components.tracking import store
from components.tracking.errors import reached
from components.tracking.runs import NOTE, Runs

#: Below ``root``, the data folder.
FOLDER = Path("study")


@reached()
def ensure_study_logged(*, root: Path = Path("data")) -> list[str]:
    """Make sure that every experiment that has a result, and the page, have their run.

    Returns
    -------
    list of str
        Run ids: the experiments' by name, then the page's.
    """
    runs, folder = Runs(store.STUDY), root / FOLDER
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    logged = []
    for name, row in sorted(results["experiments"].items()):
        files = [folder / "experiments" / name / file for file in ("result.json", "costs.json")]
        if row["figures"] and files[0].is_file():
            logged.append(_ensure(runs, name, files=files, identity=hashing.files(files), **_content(row)))
    files = [folder / file for file in ("index.html", "results.json", "results.csv")]
    identity = hashing.files([folder / "results.json", folder / "index.html"])
    metrics = {f"findings.{verdict}": count for verdict, count in results["counts"].items()}
    metrics |= {f"findings.apart {verdict}": count for verdict, count in results["counts_apart"].items()}
    tags = {"group": "report", NOTE: results["changes_sentence"]}
    return [*logged, _ensure(runs, "report", files=files, identity=identity, tags=tags, metrics=metrics)]


def _content(row: dict[str, Any]) -> dict[str, Any]:
    apart = row["figures"].get("artist", {})
    tags = {
        **{key: row[key] for key in ("model", "variant", "group", "source")},
        "segment.leaky": LEAKY if "segment" in row["figures"] else "no",
        **{f"artist.{key}": ", ".join(apart[key]) or "none" for key in ("genres", "confounded") if apart},
        "findings": ", ".join(map(str, row["findings"])) or "none",
        "encoder_untrained": str(row["untrained"]).lower(),
        NOTE: " ".join(part for part in (row["title"] + ".", row["note"]) if part),
    }
    metrics = {
        f"{protocol}.{metric}": value
        for protocol, figures in row["figures"].items()
        for metric, value in figures.items()
        if isinstance(value, int | float)
    }
    params = {"feature": row["feature"], "budget": row["budget"], **row["set"]}
    return {"tags": tags, "params": params, "metrics": metrics | row["cost"]}


def _ensure(
    runs: Runs,
    name: str,
    *,
    files: list[Path],
    identity: str,
    tags: dict[str, str],
    metrics: dict[str, float],
    params: dict[str, Any] | None = None,
) -> str:
    if known := runs.find(identity):
        return known
    with runs.open(name, tags=tags, identity=identity, params=params, metrics=metrics) as run_id:
        for file in files:
            runs.client.log_artifact(run_id, str(file))
        return runs.finish(run_id, identity=identity)
