"""The stage ``validate``: what it writes, how it fails, and that a new feature needs no suite of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from components.config.params import Params, ValidationParams
from components.core.errors import ValidationError
from components.stages import validate
from components.validation import tables
from components.validation.result import ValidationResult
from tests.support.planted.good_features import with_values
from tests.support.small_project import build_small_project
from tests.support.validation_results import FAILURE, validation_result


@pytest.fixture(scope="module")
def params(demo_params: Params) -> Params:
    block = demo_params.features["mfcc_summary"].model_copy(update={"options": {}, "extractor": "loudness"})
    return demo_params.model_copy(update={"features": {"loudness": block}})


@pytest.fixture(scope="module")
def validated(tmp_path_factory: pytest.TempPathFactory, params: Params) -> tuple[Path, ValidationResult]:
    """A data folder with a feature that no suite file knows, validated once."""
    root = tmp_path_factory.mktemp("validated") / "data"
    build_small_project(root, seed=0, feature="loudness")
    return root, validate.run("loudness", params=params, root=root)


def test_a_new_feature_needs_no_suite_file(validated: tuple[Path, ValidationResult]) -> None:
    root, result = validated
    assert result.success
    assert result.expectations > 50
    assert (root / "docs" / "loudness" / "index.html").is_file()
    assert not [path for path in root.rglob("*") if ".partial" in path.name]


def test_the_result_is_the_same_each_time_and_names_no_place(
    validated: tuple[Path, ValidationResult], params: Params
) -> None:
    root, result = validated
    written = root / "validation" / "loudness" / "result.json"
    assert ValidationResult.read("loudness", root=root) == result
    assert validate.evaluate(tables.read("loudness", params=params, root=root)) == result
    assert str(root) not in written.read_text(encoding="utf-8")
    assert [path.name for path in written.parent.iterdir()] == ["result.json"]


def test_a_failure_is_written_and_drawn_before_it_is_raised_in_words(tmp_path: Path, params: Params) -> None:
    root = tmp_path / "data"
    build_small_project(root, seed=0, feature="loudness")
    path = root / "features" / "loudness" / "values.npy"
    values = np.load(path)
    values[5, 3] = np.nan
    np.save(path, values)
    with pytest.raises(
        ValidationError, match=r"columns\.not_finite: observed 1 of 57: column_3 1; expected 0"
    ):
        validate.run("loudness", params=params, root=root)
    result = ValidationResult.read("loudness", root=root)
    assert not result.success
    assert (result.failed[0].table, result.failed[0].column) == ("columns", "not_finite")
    pages = (root / "docs" / "loudness" / "validations").rglob("*.html")
    assert any("no NaN" in page.read_text(encoding="utf-8") for page in pages)


def test_more_repeats_than_params_allow_fail(
    validated: tuple[Path, ValidationResult], params: Params
) -> None:
    read = tables.read("loudness", params=params, root=validated[0])
    values = np.array(read.values)
    values[4:8] = values[0:4]
    doubled = with_values(read, values)
    assert [entry.column for entry in validate.evaluate(doubled).failed] == ["duplicate_share"]
    allowed = params.model_copy(update={"validation": ValidationParams(max_duplicate_share=0.05)})
    assert validate.evaluate(replace(doubled, params=allowed)).success


def test_many_failures_are_counted_and_not_all_shown() -> None:
    text = validate.explain(validation_result("loudness", *[FAILURE] * 10))
    assert text.count(FAILURE.reason) == validate.SHOWN
    assert "fails 10 of 121" in text
    assert "and 2 more" in text
