"""The moments at which the kill sweep kills: what they follow, however fast or slow a flow is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.faults import kill_sweep
from tests.faults.kill_sweep import LOGGING, STARTING, Moment

SEEN = {STARTING: 0.0, "split": 10.0, "compare": 20.0, LOGGING: 30.0}


class Process:
    """A flow that goes on for so many looks at it."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def poll(self) -> int | None:
        self.looks -= 1
        return None if self.looks >= 0 else 0


def comes(
    tmp_path: Path, moment: Moment, printed: str, *, past: set[str] | None = None, looks: int = 3
) -> bool:
    (tmp_path / "output.txt").write_text(printed)
    process: Any = Process(looks)
    return kill_sweep.wait_for(moment, process, tmp_path / "workspace", past=past or set())


@pytest.mark.parametrize(
    ("seconds", "moment"),
    [
        (4.0, Moment(STARTING, 4.0)),
        (10.0, Moment("split", 0.0)),
        (21.5, Moment("compare", 1.5)),
        (33.0, Moment(LOGGING, 3.0)),
    ],
)
def test_a_time_of_the_undisturbed_run_is_told_by_what_was_begun_last(seconds: float, moment: Moment) -> None:
    assert kill_sweep.moment_at(seconds, SEEN) == moment


def test_it_comes_once_its_stage_has_begun(tmp_path: Path) -> None:
    assert comes(tmp_path, Moment("split", 0.0), "[1/2] split\n")
    assert not comes(tmp_path, Moment("compare", 0.0), "[1/2] split\n")


def test_it_comes_at_once_where_its_stage_was_faster_than_undisturbed(tmp_path: Path) -> None:
    assert comes(tmp_path, Moment("split", 1000.0), "[1/2] split\n[1/2] split: ran in 3 s\n")
    assert not comes(tmp_path, Moment("split", 1000.0), "[1/2] split\n")


def test_after_a_stage_that_an_earlier_start_has_ended_it_follows_the_first_that_begins(
    tmp_path: Path,
) -> None:
    assert comes(tmp_path, Moment("split", 0.0), "[1/1] compare\n", past={"split"})


@pytest.mark.parametrize(
    "printed", ["[1/1] compare\n[1/1] compare: ran in 3 s\n", "All 5 stages are up to date.\n"]
)
def test_after_the_last_stage_it_comes_while_runs_are_logged(tmp_path: Path, printed: str) -> None:
    assert comes(tmp_path, Moment(LOGGING, 0.0), printed)
    assert not comes(tmp_path, Moment(LOGGING, 1000.0), printed)


def test_a_flow_that_ended_before_is_told(tmp_path: Path) -> None:
    assert not comes(tmp_path, Moment(STARTING, 0.0), "", looks=0)
