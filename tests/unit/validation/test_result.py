"""A feature's validation on disk: it is read as it was written, and so are results of earlier versions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from components.core import atomic
from components.core.errors import ValidationError
from components.validation.result import ValidationResult
from tests.support.validation_results import FAILURE, validation_result


@pytest.mark.parametrize("failed", [[], [FAILURE]])
def test_it_is_read_as_it_was_written(tmp_path: Path, failed: list) -> None:
    result = validation_result("loudness", *failed)
    result.write(ValidationResult.path("loudness", root=tmp_path))
    assert ValidationResult.read("loudness", root=tmp_path) == result


def test_the_file_lists_failures_without_saying_of_each_that_it_is_one(tmp_path: Path) -> None:
    path = ValidationResult.path("loudness", root=tmp_path)
    validation_result("loudness", FAILURE).write(path)
    written = json.loads(path.read_text(encoding="utf-8"))
    assert set(written) == {"feature", "success", "expectations", "tables", "summary", "failed"}
    assert set(written["failed"][0]) == {
        "table",
        "column",
        "observed",
        "expected",
        "reason",
        "expectation",
    }


def test_a_result_with_tables_of_rows_alone_is_still_read(tmp_path: Path) -> None:
    document = validation_result("loudness").model_dump(mode="json") | {"tables": {"values": 2}}
    atomic.write_json(ValidationResult.path("loudness", root=tmp_path), document)
    assert ValidationResult.read("loudness", root=tmp_path).tables == {"values": 2}


@pytest.mark.parametrize(
    ("text", "reason"), [(None, "is missing"), ("{}", "is damaged"), ("[", "is damaged")]
)
def test_one_that_cannot_be_read_names_its_stage(tmp_path: Path, text: str | None, reason: str) -> None:
    path = ValidationResult.path("loudness", root=tmp_path)
    if text is not None:
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ValidationError, match=rf"{reason}.*dvc repro validate@loudness"):
        ValidationResult.read("loudness", root=tmp_path)
