"""Artifacts of a flow for Prefect's pages: the models side by side, and what a failed validation found."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from components.reporting.comparison import Comparison


def comparison(report: Comparison) -> list[dict[str, Any]]:
    """Lay out the comparison as one row a model, best on validation first.

    Only plain values: numbers that are not finite as text, an interval as "low to high".
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
    """Write a feature's failed validation as Markdown, with the path of its Data Docs; each where it is there."""
    text = [f"# Validation of {feature} failed", ""]
    result = root / "data" / "validation" / feature / "result.json"
    if result.is_file():
        found = json.loads(result.read_text(encoding="utf-8"))
        failed = found.get("failed", [])
        text += [f"{len(failed)} of {found.get('expectations', '?')} expectations failed:", ""]
        text += [f"- {one if isinstance(one, str) else json.dumps(one)}" for one in failed]
    page = root / "data" / "docs" / feature / "index.html"
    if page.is_file():
        text += ["", f"Data Docs: [{page.relative_to(root)}]({page.resolve().as_uri()})"]
    return "\n".join(text) + "\n"
