"""A stage's task: what is tried again, how the stages ended, and what a failed validation leaves to read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flows.orchestration import stage_task
from flows.orchestration.session import SESSION
from flows.orchestration.stage_task import Outcome
from flows.pipeline.stage import Result, StageError, StoppedError


@pytest.mark.parametrize(
    ("error", "stopping", "again"),
    [
        (StageError("killed", status=-9), False, True),
        (StageError("killed", status=-9), True, False),
        (StageError("models.a has no units", status=2), False, False),
        (StoppedError("stopped"), False, False),
    ],
)
def test_a_stage_is_tried_again_where_that_may_help(error: Exception, stopping: bool, again: bool) -> None:
    board = SimpleNamespace(message=lambda _line: None)
    token = SESSION.set(SimpleNamespace(processes=SimpleNamespace(stopping=stopping), board=board))  # type: ignore[arg-type]
    state: Any = SimpleNamespace(result=lambda **_: error)
    try:
        assert stage_task.worth_retrying(None, None, state) is again  # type: ignore[arg-type]
    finally:
        SESSION.reset(token)


def test_each_stage_is_a_row_and_each_that_did_not_end_well_a_problem() -> None:
    outcome = Outcome(
        ["a"], {"b": Result("b", "ran", 1.26)}, {"c": "c: no (exit status 1)"}, {"d": "c failed"}
    )
    assert [(row["stage"], row["outcome"], row["seconds"], row["why"]) for row in outcome.rows()] == [
        ("b", "ran", 1.3, ""),
        ("c", "failed", 0.0, "c: no (exit status 1)"),
        ("d", "skipped", 0.0, "c failed"),
        ("a", "fresh", 0.0, ""),
    ]
    assert outcome.problems() == ["c: no (exit status 1)", "d skipped: c failed"]


def test_a_failed_validation_names_what_failed_and_links_pages_that_are_there(tmp_path: Path) -> None:
    result = tmp_path / "data" / "validation" / "f" / "result.json"
    assert "](" not in stage_task.failed_validation(tmp_path, "f")
    result.parent.mkdir(parents=True)
    result.write_text(json.dumps({"expectations": 9, "failed": ["centroid at most 11025"]}))
    page = tmp_path / "data" / "docs" / "f" / "index.html"
    page.parent.mkdir(parents=True)
    page.touch()
    text = stage_task.failed_validation(tmp_path, "f")
    assert "1 of 9 expectations failed" in text
    assert "- centroid at most 11025" in text
    assert re.findall(r"\[(.*?)\]\((.*?)\)", text) == [("data/docs/f/index.html", page.as_uri())]
