"""What a person sees: which stage, how far, and how it ended."""

import io

from rich.console import Console

from flows.progress import Board


def board(*, terminal: bool = False) -> tuple[Board, io.StringIO]:
    out = io.StringIO()
    return Board(Console(file=out, force_terminal=terminal, highlight=False, soft_wrap=True)), out


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


def test_the_last_line_counts_what_is_done_and_names_what_runs() -> None:
    shown, _ = board()
    shown.plan(2)
    shown.start("corpus")
    assert shown.__rich__().plain.startswith("0 of 2 stages done, 0 s; running: corpus 0 s")
    shown.end("corpus", "ran in 0 s")
    assert shown.__rich__().plain == "1 of 2 stages done, 0 s"


def test_square_brackets_of_a_stage_are_not_taken_for_markup() -> None:
    shown, out = board()
    shown.line("corpus", "left out [red]rock.00001[/red] [1, 2]")
    assert out.getvalue() == "  corpus | left out [red]rock.00001[/red] [1, 2]\n"


def test_without_a_terminal_no_line_is_redrawn() -> None:
    shown, out = board()
    with shown.shown():
        shown.message("hello")
    assert out.getvalue() == "hello\n"


def test_in_a_terminal_the_last_line_goes_away_at_the_end() -> None:
    shown, out = board(terminal=True)
    with shown.shown():
        shown.message("hello")
    assert "hello" in out.getvalue()
    assert out.getvalue().endswith("\x1b[2K")
