"""The study's page: one file that opens with no network, in the look of the workflow's own report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.core import formatting
from components.evaluation import bootstrap
from components.reporting import figures as pictures
from components.reporting import html, svg
from components.study.results import PROTOCOLS
from components.training.record import LEAKY

TEMPLATES = (Path(__file__).parent, html.TEMPLATES)
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
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("percent", "count", "size", "duration", "plural", "breakable"):
        environment.filters[name] = getattr(formatting, name)
    environment.filters["interval"] = interval
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
        colours={model: f"var(--m{place % svg.MODEL_COLOURS + 1})" for place, model in enumerate(families)},
        protocols=PROTOCOLS,
        leaky=LEAKY,
        whole=WHOLE,
        pills=VERDICTS,
        costs=_costs(experiments, families=families),
        replicates=bootstrap.REPLICATES,
    )


def interval(figures: Mapping[str, float], metric: str) -> str:
    """Write an interval of shares in whole percent: ``62 to 94``."""
    return f"{100 * figures[f'{metric}_low']:.0f} to {100 * figures[f'{metric}_high']:.0f}"


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
    figures = {
        name: {
            "test_songs": row["figures"][protocol]["segments"],
            "test_songs_interval": [
                row["figures"][protocol]["segments_low"],
                row["figures"][protocol]["segments_high"],
            ],
        }
        for name, row in shown.items()
    }
    colours = [svg.model_colour(families.index(row["model"])) for row in shown.values()]
    axes = {
        "seconds a fit": {name: row["cost"]["seconds"] for name, row in shown.items()},
        "model and encoder, MiB": {name: row["cost"]["weights_bytes"] / 2**20 for name, row in shown.items()},
        "peak memory, MiB": {name: row["cost"]["peak_memory_mib"] for name, row in shown.items()},
    }
    return [
        pictures.cost(figures, values=values, colours=colours, title=title, name=f"study-cost-{number}")
        for number, (title, values) in enumerate(axes.items())
    ]
