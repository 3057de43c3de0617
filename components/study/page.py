"""The study's page: one file that opens with no network, in the look of the workflow's own report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.core import palette
from components.reporting import figures as pictures
from components.reporting import html
from components.reporting.svg import inline
from components.study.results import PROTOCOLS
from components.training.record import LEAKY

#: Reasons for a mark that goes wherever such a figure goes.
WHOLE = "one row a song: repeats and artists on both sides"
VERDICTS = {"holds": "best", "does not hold": "warn", "cannot be tested here": ""}


def render(collected: Mapping[str, Any]) -> str:
    """Write the page.

    Parameters
    ----------
    collected : mapping
        From :func:`components.study.report.collect`.

    Returns
    -------
    str
        HTML. Every name in it is escaped: paths and genres come from people's files.
    """
    environment = html.environment(Path(__file__).parent)
    environment.filters["kept"] = kept
    experiments = collected["experiments"]
    families = list(dict.fromkeys(row["model"] for row in experiments.values()))
    return environment.get_template("page.html").render(
        result=collected,
        experiments=experiments,
        models=_models(experiments),
        ablations={name: row for name, row in experiments.items() if row["group"] == "ablation"},
        gains=collected["gains"],
        sides={name: row for name, row in experiments.items() if row["group"] == "side"},
        colours={model: f"var(--m{place % 8 + 1})" for place, model in enumerate(families)},
        protocols=PROTOCOLS,
        leaky=LEAKY,
        whole=WHOLE,
        pills=VERDICTS,
        costs=_costs(experiments, families=families),
    )


def kept(text: str) -> str:
    """Keep numbers and their units on one line."""
    return re.sub(r"(?<=\d) (?=%|s\b)", "\N{NO-BREAK SPACE}", text)


def _models(experiments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Put the study's set and the best one of each model and material side by side."""
    rows: dict[str, dict[str, Any]] = {}
    for name, row in experiments.items():
        if row["group"] == "model":
            key = name.removesuffix("_best")
            rows.setdefault(key, {"name": key, "title": row["title"], "variants": {}})
            rows[key]["variants"][row["variant"]] = {"name": name, **row}
    return list(rows.values())


def _costs(experiments: Mapping[str, Any], *, families: list[str]) -> list[Any]:
    """Draw accuracy against costs, for models of the main table that hear the same audio."""
    protocol = "segment"
    shown = {
        name: row
        for name, row in experiments.items()
        if row["group"] == "model"
        and row["source"] == "audio"
        and row["variant"] == "study"
        and protocol in row["figures"]
        and row["cost"]
    }
    if len(shown) < 2:
        return []
    accuracies = {
        name: tuple(row["figures"][protocol][key] for key in ("segments", "segments_low", "segments_high"))
        for name, row in shown.items()
    }
    colours = {name: palette.model(families.index(row["model"])) for name, row in shown.items()}
    axes = {
        "seconds a fit": {name: row["cost"]["seconds"] for name, row in shown.items()},
        "model and encoder, MiB": {name: row["cost"]["weights_bytes"] / 2**20 for name, row in shown.items()},
        "peak memory, MiB": {name: row["cost"]["peak_memory_mib"] for name, row in shown.items()},
    }
    return [
        inline(
            pictures.cost(accuracies, values=values, colours=colours, title=title),
            label=f"Accuracy against {title}",
        )
        for title, values in axes.items()
    ]
