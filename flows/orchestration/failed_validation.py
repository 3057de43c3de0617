"""A feature's failed validation, as an artifact of the flow run."""

from __future__ import annotations

import json
from pathlib import Path

from flows.orchestration import results


def markdown(root: Path, feature: str, *, served: str = "") -> str:
    """Write a feature's failed validation as Markdown, and where its Data Docs are; each where it is there.

    ``served`` is ``GENRE_PAGES``, see :func:`flows.orchestration.results.page`.
    """
    text = [f"# Validation of {feature} failed", ""]
    result = root / "data" / "validation" / feature / "result.json"
    if result.is_file():
        found = json.loads(result.read_text(encoding="utf-8"))
        failed = found.get("failed", [])
        text += [f"{len(failed)} of {found.get('expectations', '?')} expectations failed:", ""]
        text += [
            f"- **{one['table']}.{one['column']}**: {one['observed']}; expected {one['expected']} ({one['reason']})"
            for one in failed
        ]
    page = f"docs/{feature}/index.html"
    if (root / "data" / page).is_file():
        text += ["", f"Data Docs: {results.page(page, root=root, served=served)}"]
    return "\n".join(text) + "\n"
