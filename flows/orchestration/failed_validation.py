"""A feature's failed validation, as an artifact of the flow run."""

from __future__ import annotations

import json
from pathlib import Path


def markdown(root: Path, feature: str) -> str:
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
