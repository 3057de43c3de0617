"""What a flow leaves to read in Prefect: the models side by side, and what a failed validation found."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from components.reporting.comparison import Comparison

#: Where the validation stages write their pages and results, below the project's root.
VALIDATION = Path("data") / "validation"


def comparison(report: Comparison) -> list[dict[str, Any]]:
    """Lay the comparison out as rows for a table.

    Parameters
    ----------
    report : Comparison
        From :func:`components.reporting.comparison.read`.

    Returns
    -------
    list of dict
        One row a model, best on validation songs first; only plain values (numbers that are not finite as
        text, an interval as "low to high").
    """
    return [{"model": name, **_plain(report.models[name].model_dump(mode="json"))} for name in report.ranking]


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, float):
            plain[key] = round(value, 4) if math.isfinite(value) else str(value)
        elif isinstance(value, str | int | bool) or value is None:
            plain[key] = value
        elif isinstance(value, list) and all(isinstance(part, int | float) for part in value):
            plain[key] = " to ".join(f"{part:.4g}" for part in value)
    return plain


def validation(root: Path, feature: str) -> str:
    """Write a failed validation as Markdown, with the path of its Data Docs.

    Parameters
    ----------
    root : Path
        The project's root.
    feature : str
        The feature.

    Returns
    -------
    str
        What failed, where it is known, and where the pages are.
    """
    result = root / VALIDATION / feature / "result.json"
    text = [f"# Validation of {feature} failed", ""]
    if result.exists():
        facts = json.loads(result.read_text(encoding="utf-8"))
        failed = facts.get("failed", [])
        text += [f"{len(failed)} of {facts.get('expectations', '?')} expectations failed:", ""]
        text += [f"- {one if isinstance(one, str) else json.dumps(one)}" for one in failed]
    text += [
        "",
        f"Data Docs: [{VALIDATION}/docs/index.html]({(root / VALIDATION).resolve().as_uri()}/docs/index.html)",
    ]
    return "\n".join(text) + "\n"
