"""The page of all features, and that of one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from components.core import atomic
from components.reporting import validation

FAILURE = {
    "table": "rows",
    "column": "range",
    "observed": "1 of 2: a 9",
    "expected": "at most 3",
    "reason": "no <jump>",
    "expectation": "x",
}


def result(feature: str, *failed: dict[str, str]) -> dict[str, Any]:
    return {
        "feature": feature,
        "success": not failed,
        "expectations": 5,
        "tables": {"rows": {"rows": 2, "expectations": 5, "failed": len(failed)}},
        "summary": {"tracks": 12.0},
        "failed": list(failed),
    }


def write(root: Path, feature: str, *failed: dict[str, str], drawn: bool = True) -> None:
    found = result(feature, *failed)
    atomic.write_json(root / "validation" / feature / "result.json", found)
    if drawn:
        atomic.write_json(root / "docs" / feature / "result.json", found)
        (root / "docs" / feature / "index.html").write_text("", encoding="utf-8")


def index(root: Path, *features: str) -> str:
    return validation.refresh_index(features, root=root).read_text(encoding="utf-8")


def test_each_feature_has_its_result_and_what_failed_has_its_reason(tmp_path: Path) -> None:
    write(tmp_path, "good")
    write(tmp_path, "bad", FAILURE)
    page = index(tmp_path, "good", "bad", "later")
    assert "1 of 3 features failed validation" in page
    assert "5 of 5" in page and "4 of 5" in page and "not checked yet" in page
    assert "1 of 2: a 9; expected at most 3 (no &lt;jump&gt;)" in page


def test_a_feature_s_pages_are_linked_only_where_they_are_of_its_result(tmp_path: Path) -> None:
    write(tmp_path, "drawn")
    write(tmp_path, "restored", drawn=False)
    write(tmp_path, "other", FAILURE)
    atomic.write_json(tmp_path / "validation" / "other" / "result.json", result("other"))
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
def test_the_page_of_a_feature_lists_every_expectation(failed: tuple[dict[str, str], ...]) -> None:
    passed = {**FAILURE, "reason": "finite", "column": "mean", "observed": "", "success": True}
    outcomes = [passed, *({**one, "success": False} for one in failed)]
    page = validation.feature_page(
        result("loudness", *failed), outcomes=outcomes, links={"rows": "validations/rows page.html"}
    )
    assert "finite" in page and 'href="validations/rows%20page.html"' in page
    assert ("What failed, and why" in page) is bool(failed)
    assert ("failed 1 of 5" in page) is bool(failed)
