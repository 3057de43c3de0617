"""A feature's failed validation, as an artifact of the flow run."""

from __future__ import annotations

from pathlib import Path

from components.validation.result import ValidationResult
from flows.orchestration import results


def markdown(root: Path, feature: str, *, served: str = "") -> str:
    """Write a feature's failed validation as Markdown, and where its Data Docs are; each where it is there.

    ``served`` is ``GENRE_PAGES``, see :func:`flows.orchestration.results.page`.
    """
    text = [f"# Validation of {feature} failed", ""]
    data = root / "data"
    if ValidationResult.path(feature, root=data).is_file():
        result = ValidationResult.read(feature, root=data)
        text += [f"{len(result.failed)} of {result.expectations} expectations failed:", ""]
        text += [
            f"- **{one.table}.{one.column}**: {one.observed}; expected {one.expected} ({one.reason})"
            for one in result.failed
        ]
    page = f"docs/{feature}/index.html"
    if (data / page).is_file():
        text += ["", f"Data Docs: {results.page(page, root=root, served=served)}"]
    return "\n".join(text) + "\n"
