"""What a failed validation leaves to read."""

from __future__ import annotations

import json
import re
from pathlib import Path

from flows.orchestration import failed_validation


def test_a_failed_validation_names_what_failed_and_links_pages_that_are_there(tmp_path: Path) -> None:
    result = tmp_path / "data" / "validation" / "f" / "result.json"
    assert "](" not in failed_validation.markdown(tmp_path, "f")
    result.parent.mkdir(parents=True)
    result.write_text(json.dumps({"expectations": 9, "failed": ["centroid at most 11025"]}))
    page = tmp_path / "data" / "docs" / "f" / "index.html"
    page.parent.mkdir(parents=True)
    page.touch()
    text = failed_validation.markdown(tmp_path, "f")
    assert "1 of 9 expectations failed" in text
    assert "- centroid at most 11025" in text
    assert re.findall(r"\[(.*?)\]\((.*?)\)", text) == [("data/docs/f/index.html", page.as_uri())]
