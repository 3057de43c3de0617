"""What a failed validation leaves to read."""

from __future__ import annotations

import re
from pathlib import Path

from components.validation.result import ValidationResult
from flows.orchestration import failed_validation
from tests.support.validation_results import FAILURE, validation_result


def test_a_failed_validation_names_what_failed_and_links_pages_that_are_there(tmp_path: Path) -> None:
    assert "](" not in failed_validation.markdown(tmp_path, "f")
    validation_result("f", FAILURE).write(ValidationResult.path("f", root=tmp_path / "data"))
    page = tmp_path / "data" / "docs" / "f" / "index.html"
    page.parent.mkdir(parents=True)
    page.touch()
    text = failed_validation.markdown(tmp_path, "f")
    assert "1 of 121 expectations failed" in text
    failure = "- **values.coefficient_1**: -1131.4 in 3 rows; expected -1000 to 1000"
    assert f"{failure} ({FAILURE.reason})" in text
    assert str(page) in text and "](" not in text
    text = failed_validation.markdown(tmp_path, "f", served="http://127.0.0.1:8001")
    expected = [("data/docs/f/index.html", "http://127.0.0.1:8001/docs/f/index.html")]
    assert re.findall(r"\[(.*?)\]\((.*?)\)", text) == expected
