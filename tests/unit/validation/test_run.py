"""The stage: what it writes, how it fails, and that a new feature needs no suite of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from components.config.params import Params
from components.core.errors import FeatureError, ParamsError, ValidationError
from components.stages import validate
from components.validation import base
from components.validation.limits import ValidationParams, parse
from tests.support.small_project import build_small_project


@pytest.fixture
def loudness(tmp_path: Path, demo_params: Params) -> tuple[Params, Path]:
    """A feature nobody has written a suite for, with the params that name it."""
    build_small_project(tmp_path / "data", seed=0, feature="loudness")
    block = demo_params.features["mfcc_summary"].model_copy(update={"options": {}})
    return demo_params.model_copy(update={"features": {"loudness": block}}), tmp_path / "data"


def plant(root: Path) -> None:
    path = root / "features" / "loudness" / "values.npy"
    values = np.load(path)
    values[5, 3] = np.nan
    np.save(path, values)


def test_a_new_feature_needs_no_suite_file(loudness: tuple[Params, Path]) -> None:
    params, root = loudness
    assert base.module("loudness") is None
    result = validate.run("loudness", params=params, root=root)
    assert result["success"]
    assert result["expectations"] > 50


def test_the_result_is_the_same_byte_for_byte_and_names_no_place(loudness: tuple[Params, Path]) -> None:
    params, root = loudness
    written = root / "validation" / "loudness" / "result.json"
    validate.run("loudness", params=params, root=root)
    first = written.read_bytes()
    validate.run("loudness", params=params, root=root)
    assert written.read_bytes() == first
    assert str(root).encode() not in first
    assert [path.name for path in written.parent.iterdir()] == ["result.json"]


def test_a_failure_is_written_and_drawn_before_it_is_raised_in_words(loudness: tuple[Params, Path]) -> None:
    params, root = loudness
    plant(root)
    with pytest.raises(ValidationError) as raised:
        validate.run("loudness", params=params, root=root)
    assert "columns.not_finite: observed 1 of 57: column_3 1; expected 0 (no NaN" in str(raised.value)
    result = json.loads((root / "validation" / "loudness" / "result.json").read_text())
    assert not result["success"]
    assert {"table": "columns", "column": "not_finite"}.items() <= result["failed"][0].items()
    pages = list((root / "docs" / "loudness" / "validations").rglob("*.html"))
    assert any("no NaN" in page.read_text(encoding="utf-8") for page in pages)
    assert (root / "docs" / "loudness" / "index.html").is_file()


def test_nothing_is_left_beside_the_outputs(loudness: tuple[Params, Path]) -> None:
    params, root = loudness
    validate.run("loudness", params=params, root=root)
    assert not [path for path in root.rglob("*") if ".partial" in path.name]


@pytest.mark.parametrize("name", ["index.parquet", "values.npy", "meta.json"])
@pytest.mark.parametrize("damage", ["gone", "empty", "cut"])
def test_a_file_that_cannot_be_read_is_named(loudness: tuple[Params, Path], name: str, damage: str) -> None:
    params, root = loudness
    path = root / "features" / "loudness" / name
    content = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(b"" if damage == "empty" else content[: len(content) // 2])
    with pytest.raises(FeatureError, match="genre features loudness"):
        validate.run("loudness", params=params, root=root)


def test_an_unknown_feature_is_refused(loudness: tuple[Params, Path]) -> None:
    params, root = loudness
    with pytest.raises(ParamsError, match="'pitch'"):
        validate.run("pitch", params=params, root=root)


def test_unknown_and_impossible_limits_are_refused() -> None:
    assert parse({}) == ValidationParams()
    with pytest.raises(ParamsError, match=r"validation\.max_duplicates"):
        parse({"max_duplicates": 3})
    with pytest.raises(ParamsError, match=r"validation\.max_duplicate_share is 1\.5"):
        parse({"max_duplicate_share": 1.5})


def test_more_repeats_than_params_allow_fail(loudness: tuple[Params, Path]) -> None:
    from components.validation import tables
    from tests.unit.validation.good_features import with_values

    params, root = loudness
    read = tables.read("loudness", params=params, root=root)
    values = np.array(read.values)
    values[4:8] = values[0:4]
    doubled = with_values(read, values)
    failed = [entry["column"] for entry in validate.evaluate(doubled)["failed"]]
    assert failed == ["duplicate_share"]
    assert validate.evaluate(replace(doubled, limits=ValidationParams(max_duplicate_share=0.05)))["success"]
