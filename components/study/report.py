"""The stage ``report``: every claim of the study beside what came out here, as a page, JSON and CSV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from components.core import atomic
from components.study import plan, results, rules
from components.study.materials import DATA
from components.study.results import Outcome


def run(*, root: Path = Path()) -> dict[str, Any]:
    """Write ``data/study/index.html``, ``results.json`` and ``results.csv``.

    Parameters
    ----------
    root : Path
        The project's root.

    Returns
    -------
    dict
        What ``results.json`` holds; see :func:`collect`.
    """
    from components.study import page

    document = plan.read(root)
    outcomes = results.read(document, root=root)
    collected = collect(outcomes, document=document)
    html = page.render(collected)
    folder = root / DATA
    atomic.write_json(folder / "results.json", collected)
    with atomic.replacing(folder / "results.csv") as path:
        table(collected).to_csv(path, index=False)
    with atomic.replacing(folder / "index.html") as path:
        path.write_text(html, encoding="utf-8")
    return collected


def collect(outcomes: Mapping[str, Outcome], *, document: Mapping[str, Any]) -> dict[str, Any]:
    """Measure all experiments and judge the findings.

    Parameters
    ----------
    outcomes : mapping of str to Outcome
        From :func:`components.study.results.read`.
    document : mapping
        The plan.

    Returns
    -------
    dict
        JSON: ``budget``, ``found`` (lines), ``synthetic``, ``experiments`` (by name: ``title``, ``group``,
        ``model``, ``variant``, ``published``, ``source``, ``reason``, ``note``, ``figures`` by protocol,
        ``cost``, ``failures``, ``untrained``, ``unit``, ``songs``, ``genres``), ``gains`` of ablations by
        protocol, ``pairs`` by source, ``findings``, ``counts`` of their verdicts.
    """
    gpu = any(cost.get("gpu", False) for outcome in outcomes.values() for cost in outcome.costs)
    judged = rules.judge(outcomes, gpu=gpu)
    verdicts = [finding.verdict for finding in judged]
    return {
        "budget": document["budget"],
        "found": list(document["found"]),
        "synthetic": bool(document["synthetic"]),
        "gpu": gpu,
        "experiments": {name: row(outcome) for name, outcome in outcomes.items()},
        "gains": {
            name: results.gains(outcome, whole=outcomes[name[: name.index("_best") + len("_best")]])
            for name, outcome in outcomes.items()
            if outcome.declared["group"] == "ablation"
        },
        "pairs": results.compared(outcomes, seed=document["seed"]),
        "findings": [asdict(finding) for finding in judged],
        "counts": {
            verdict: verdicts.count(verdict)
            for verdict in ("holds", "does not hold", "cannot be tested here")
        },
    }


def row(outcome: Outcome) -> dict[str, Any]:
    """Lay one experiment out.

    Parameters
    ----------
    outcome : Outcome
        The experiment.

    Returns
    -------
    dict
        JSON; see :func:`collect`.
    """
    declared = outcome.declared
    done = next((fit for fit in outcome.fits if "failed" not in fit), None)
    kept = ("title", "group", "model", "variant", "published", "material", "set", "findings", "note")
    return {
        **{key: declared[key] for key in kept},
        "source": declared.get("source", ""),
        "budget": outcome.budget,
        "reason": outcome.reason,
        "failures": outcome.failures,
        "untrained": outcome.untrained,
        "unit": done["unit"] if done else "",
        "genres": len(done["genres"]) if done else 0,
        "tracks": outcome.tracks,
        "figures": {protocol: asdict(figures) for protocol, figures in outcome.figures.items()},
        "cost": outcome.cost(),
        "warnings": sorted({line for fit in outcome.fits for line in fit.get("warnings", [])}),
    }


def table(collected: Mapping[str, Any]) -> pd.DataFrame:
    """Lay the figures out as one row an experiment and protocol.

    Parameters
    ----------
    collected : mapping
        From :func:`collect`.

    Returns
    -------
    DataFrame
        Accuracies within 0 and 1; an experiment that was not run has one row with its reason.
    """
    rows = []
    for name, found in collected["experiments"].items():
        about = {"experiment": name, "variant": found["variant"], "published": found["published"]}
        for protocol, figures in found["figures"].items():
            rows.append({**about, "protocol": protocol, **figures, **found["cost"]})
        if not found["figures"]:
            rows.append({**about, "reason": found["reason"] or "; ".join(found["failures"])})
    return pd.DataFrame(rows)
