"""What a flow leaves to read in Prefect: the stages, the five models side by side, the decision."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.errors import GenreError

#: Where the comparison stage writes its numbers, below the project's root.
COMPARISON = Path("data") / "report" / "comparison.json"
#: Where the validation stages write their pages and results, below the project's root.
VALIDATION = Path("data") / "validation"


def comparison(root: Path) -> list[dict[str, Any]]:
    """Read the comparison as rows for a table.

    Parameters
    ----------
    root : Path
        The project's root.

    Returns
    -------
    list of dict
        One row a model, the model's name first; only plain values (numbers that are not finite as text).

    Raises
    ------
    GenreError
        If the file is missing or is not what the comparison writes.
    """
    path = root / COMPARISON
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        models = report["models"]
        found = models.items() if isinstance(models, dict) else ((row["model"], row) for row in models)
        return [{"model": name, **_plain(row)} for name, row in found]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise GenreError(f"{COMPARISON} cannot be read ({error}); run `genre compare` again") from error


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


def decision(answer: Any) -> str:
    """Write the promotion decision as Markdown.

    Parameters
    ----------
    answer : Decision
        What :func:`components.registry.promote` returned.

    Returns
    -------
    str
        Whether a model was promoted, which, why, and the table behind it where there is one.
    """
    word = "Promoted" if answer.promoted else "Not promoted"
    version = getattr(answer, "version", None)
    text = [f"# {word}", "", answer.reason, "", f"- model: {getattr(answer, 'model', None) or 'none'}"]
    text += [f"- version: {version if version is not None else 'none'}"]
    if rows := list(getattr(answer, "rows", None) or getattr(answer, "table", None) or []):
        text += ["", *_table([_plain(row) for row in rows])]
    return "\n".join(text) + "\n"


def _table(rows: list[dict[str, Any]]) -> list[str]:
    head = list(dict.fromkeys(key for row in rows for key in row))
    body = [" | ".join(str(row.get(key, "")).replace("|", "\\|") for key in head) for row in rows]
    return [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *[f"| {line} |" for line in body]]


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
