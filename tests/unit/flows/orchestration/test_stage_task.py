"""A stage's task: what is tried again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from flows.orchestration import stage_task
from flows.orchestration.session import SESSION
from flows.pipeline.stage import StageError, StoppedError


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
