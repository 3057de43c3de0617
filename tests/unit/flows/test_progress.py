"""What a person sees: which stage, how far, and how it ended."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from components.core.progress import MARK
from flows import progress
from flows.progress import Board


def board(*, terminal: bool = False) -> tuple[Board, io.StringIO]:
    out = io.StringIO()
    return Board(Console(file=out, force_terminal=terminal, highlight=False, soft_wrap=True)), out


def message(done: int, total: int) -> str:
    return MARK + json.dumps({"done": done, "total": total, "unit": "tracks"})


def test_each_stage_keeps_its_place_from_start_to_end() -> None:
    shown, out = board()
    shown.plan(3)
    shown.start("tune@a")
    shown.start("tune@b")
    shown.line("tune@a", "trial 1 of 2")
    shown.end("tune@b", "ran in 3 s")
    shown.end("train@b", "skipped: tune@b failed")
    assert out.getvalue().splitlines() == [
        "[1/3] tune@a",
        "[2/3] tune@b",
        "  tune@a | trial 1 of 2",
        "[2/3] tune@b: ran in 3 s",
        "[3/3] train@b: skipped: tune@b failed",
    ]


def test_in_a_terminal_a_bar_shows_each_stage_that_runs_and_how_far_it_is() -> None:
    shown, out = board(terminal=True)
    with shown.shown():
        shown.plan(2)
        shown.start("corpus")
        shown.line("corpus", message(3, 40))
        shown.refresh()
    assert "corpus" in out.getvalue() and "3/40" in out.getvalue() and "tracks" in out.getvalue()
    assert "0/2" in out.getvalue()


def test_a_stage_that_takes_long_has_its_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LONG", 0.0)
    shown, out = board()
    shown.plan(1)
    shown.start("corpus")
    shown.line("corpus", message(0, 40))
    shown.line("corpus", message(20, 40))
    assert out.getvalue().splitlines() == ["[1/1] corpus", "  corpus: 20 of 40 tracks, about 0 s left"]


def test_a_stage_of_which_little_is_done_has_a_line_without_its_time_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "LONG", 0.0)
    shown, out = board()
    shown.plan(1)
    shown.start("corpus")
    shown.line("corpus", message(0, 400))
    shown.line("corpus", message(1, 400))
    assert out.getvalue().splitlines()[1:] == ["  corpus: 1 of 400 tracks"]


def test_progress_of_a_stage_that_has_ended_is_left_out() -> None:
    shown, out = board()
    shown.line("corpus", message(1, 2))
    assert out.getvalue() == ""


def test_square_brackets_of_a_stage_are_not_taken_for_markup() -> None:
    shown, out = board()
    shown.line("corpus", "left out [red]rock.00001[/red] [1, 2]")
    assert out.getvalue() == "  corpus | left out [red]rock.00001[/red] [1, 2]\n"


def test_without_a_terminal_no_line_is_redrawn() -> None:
    shown, out = board()
    with shown.shown():
        shown.message("hello")
    assert out.getvalue() == "hello\n"


def test_in_a_terminal_the_bars_go_away_at_the_end() -> None:
    shown, out = board(terminal=True)
    with shown.shown():
        shown.message("hello")
    assert "hello" in out.getvalue()
    assert out.getvalue().endswith("\x1b[2K")
