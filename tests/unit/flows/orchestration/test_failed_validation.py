"""What a failed validation leaves to read."""

from __future__ import annotations

import json
import re
from pathlib import Path

from flows.orchestration import failed_validation

FAILURE = {
    "table": "rows",
    "column": "centroid",
    "observed": "1 of 9",
    "expected": "at most 11025",
    "reason": "the half of the rate",
}


def test_a_failed_validation_names_what_failed_and_links_pages_that_are_there(tmp_path: Path) -> None:
    result = tmp_path / "data" / "validation" / "f" / "result.json"
    assert "](" not in failed_validation.markdown(tmp_path, "f")
    result.parent.mkdir(parents=True)
    result.write_text(json.dumps({"expectations": 9, "failed": [FAILURE]}))
    page = tmp_path / "data" / "docs" / "f" / "index.html"
    page.parent.mkdir(parents=True)
    page.touch()
    text = failed_validation.markdown(tmp_path, "f")
    assert "1 of 9 expectations failed" in text
    assert "- **rows.centroid**: 1 of 9; expected at most 11025 (the half of the rate)" in text
    assert str(page) in text and "](" not in text
    text = failed_validation.markdown(tmp_path, "f", served="http://127.0.0.1:8001")
    expected = [("data/docs/f/index.html", "http://127.0.0.1:8001/docs/f/index.html")]
    assert re.findall(r"\[(.*?)\]\((.*?)\)", text) == expected
