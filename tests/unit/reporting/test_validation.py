"""The page of all features, and that of one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from components.reporting import validation
from components.validation.result import Outcome, ValidationResult
from tests.support import validation_results
from tests.support.validation_results import validation_result

FAILURE = validation_results.FAILURE.model_copy(
    update={"observed": "1 of 2: a 9", "expected": "at most 3", "reason": "no <jump>"}
)


def write(root: Path, feature: str, *failed: Outcome, drawn: bool = True) -> None:
    found = validation_result(feature, *failed)
    found.write(ValidationResult.path(feature, root=root))
    if drawn:
        found.write(root / "docs" / feature / ValidationResult.FILE)
        (root / "docs" / feature / "index.html").write_text("", encoding="utf-8")


def index(root: Path, *features: str) -> str:
    return validation.refresh_index(features, root=root).read_text(encoding="utf-8")


def test_each_feature_has_its_result_and_what_failed_has_its_reason(tmp_path: Path) -> None:
    write(tmp_path, "good")
    write(tmp_path, "bad", FAILURE)
    page = index(tmp_path, "good", "bad", "later")
    assert "1 of 3 features failed validation" in page
    assert "121 of 121" in page and "120 of 121" in page and "not checked yet" in page
    assert "1 of 2: a 9; expected at most 3 (no &lt;jump&gt;)" in page


def test_a_feature_s_pages_are_linked_only_where_they_are_of_its_result(tmp_path: Path) -> None:
    write(tmp_path, "drawn")
    write(tmp_path, "restored", drawn=False)
    write(tmp_path, "other", FAILURE)
    validation_result("other").write(ValidationResult.path("other", root=tmp_path))
    page = index(tmp_path, "drawn", "restored", "other")
    assert 'href="drawn/index.html"' in page
    assert 'href="restored' not in page and 'href="other' not in page


def test_it_is_written_only_where_results_have_changed(tmp_path: Path) -> None:
    write(tmp_path, "one")
    page = validation.refresh_index(["one"], root=tmp_path)
    os.utime(page, (0, 0))
    validation.refresh_index(["one"], root=tmp_path)
    assert page.stat().st_mtime == 0
    write(tmp_path, "one", FAILURE)
    validation.refresh_index(["one"], root=tmp_path)
    assert page.stat().st_mtime > 0
    assert "failed" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("failed", [(), (FAILURE,)])
def test_the_page_of_a_feature_lists_every_expectation(failed: tuple[Outcome, ...]) -> None:
    passed = FAILURE.model_copy(
        update={"reason": "finite", "column": "mean", "observed": "", "success": True}
    )
    page = validation.feature_page(
        validation_result("loudness", *failed),
        outcomes=[passed, *failed],
        links={"values": "validations/values page.html"},
    )
    assert "finite" in page and 'href="validations/values%20page.html"' in page
    assert ("What failed, and why" in page) is bool(failed)
    assert ("failed 1 of 121" in page) is bool(failed)
