"""Great Expectations' results in plain values and words."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

from components.validation import checkpoint
from components.validation.checkpoint import Checked, agree, between, equal, expect, ordered
from components.validation.result import Outcome

TABLE = pd.DataFrame(
    {
        "track": ["a", "b", "c", "d"],
        "segment": [0, 1, 2, -1],
        "left": [1.0, 2.0, 3.0, 4.0],
        "right": [1.0, 2.5, 3.0, 4.0],
        "kind": ["x", "y", "x", "x"],
    }
)


@pytest.fixture(scope="module")
def failed() -> dict[str, Outcome]:
    """What one checkpoint over two tables finds, by reason."""
    rows = Checked(
        TABLE,
        [
            between("left", 0.0, 3.0, "bounds"),
            between("left", 1.0, None, "strict", strict_min=True),
            between("left", None, 1.0, "mostly", mostly=0.5),
            equal("kind", "x", "value"),
            equal("kind", ["x", "y"], "holds"),
            agree("left", "right", "pair"),
            ordered("left", "right", "order"),
            between("nowhere", 0.0, 1.0, "absent"),
        ],
    )
    whole = Checked(pd.DataFrame({"share": [0.123456789]}), [between("share", 0.5, None, "one row")])
    whole.add(
        [expect("ColumnMedianToBeBetween", "median", column="more", min_value=3.0, max_value=None)], more=2.0
    )
    checks = {"rows": rows, "whole": whole}
    listed = checkpoint.outcomes(checkpoint.run("loudness", checks=checks), checks=checks)
    found = [entry for entry in listed if not entry.success]
    assert len(listed) == 10
    assert [entry.table for entry in found] == ["rows"] * 7 + ["whole"] * 2
    return {entry.reason: entry for entry in found}


@pytest.mark.parametrize(
    ("reason", "column", "observed", "expected"),
    [
        ("bounds", "left", "1 of 4: d 4", "at least 0 and at most 3"),
        ("strict", "left", "1 of 4: a segment 0 1", "above 1"),
        ("mostly", "left", "3 of 4: b segment 1 2, c segment 2 3, d 4", "at most 1 in 50% or more"),
        ("value", "kind", "1 of 4: b segment 1 y", "x"),
        ("pair", "left, right", "1 of 4: b segment 1 (2, 2.5)", "equal"),
        ("order", "left, right", "1 of 4: b segment 1 (2, 2.5)", "the first not below the second"),
        ("one row", "share", "0.123457", "at least 0.5"),
        ("median", "more", "2", "at least 3"),
    ],
)
def test_a_failure_names_place_value_and_bound(
    failed: dict[str, Outcome], reason: str, column: str, observed: str, expected: str
) -> None:
    entry = failed[reason]
    assert (entry.column, entry.observed, entry.expected) == (column, observed, expected)


def test_what_holds_is_no_failure(failed: dict[str, Outcome]) -> None:
    assert "holds" not in failed


def test_a_missing_column_is_an_error_in_words(failed: dict[str, Outcome]) -> None:
    assert "nowhere" in failed["absent"].observed


def test_what_the_import_leaves_out_can_be_imported_later() -> None:
    checkpoint.engine()
    assert [name for name in checkpoint.OPTIONAL if sys.modules.get(name, ...) is None] == []


def test_packages_of_single_expectations_are_imported_where_they_are_used() -> None:
    program = """
import sys
from components.validation import checkpoint

before = list(sys.meta_path)
checkpoint.engine()
assert sys.meta_path == before
assert not [name for name in sys.modules if name.startswith(("altair.", "jsonschema.", "scipy.stats."))]
from scipy import stats
assert stats.rankdata([2.0, 1.0]).tolist() == [2.0, 1.0]
import altair
assert altair.Chart
"""
    subprocess.run([sys.executable, "-c", program], check=True)
