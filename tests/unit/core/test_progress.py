"""How far long work is, for a flow, a terminal and a file of lines."""

from __future__ import annotations

import io
import json

import pytest

from components.core import progress


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (progress.MESSAGES, progress.VERBOSE):
        monkeypatch.delenv(name, raising=False)


def test_a_flow_is_sent_the_first_and_the_last_count_as_messages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(progress.MESSAGES, "1")
    assert list(progress.each("abc", "mlp", total=3, unit="epochs")) == ["a", "b", "c"]
    # str.splitlines would end a line at the mark.
    lines = capsys.readouterr().out.removesuffix("\n").split("\n")
    assert all(line.startswith(progress.MARK) for line in lines)
    counts = [json.loads(line.removeprefix(progress.MARK)) for line in lines]
    assert counts[0] == {"done": 0, "total": 3, "unit": "epochs"}
    assert counts[-1] == {"done": 3, "total": 3, "unit": "epochs"}


def test_short_work_writes_no_line_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    list(progress.each(range(100), "mlp", total=100, unit="epochs"))
    assert capsys.readouterr() == ("", "")


def test_long_work_writes_a_line_with_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY", 0.0)
    with progress.counted("mlp", total=4, unit="epochs", done=1) as advance:
        advance()
        advance(2)  # the end: what follows says so
    assert capsys.readouterr().err == "mlp: 2 of 4 epochs, about 0 s left\n"


@pytest.mark.parametrize(
    ("done", "total", "rest"),
    [
        (1, 120, None),  # its time is that of what is done once, such as loading a network
        (11, 120, None),
        (12, 120, 27.0),
        (1, 4, 9.0),
        (19, 100_000, None),
        (20, 100_000, 14_997.0),
        (0, 4, None),
    ],
)
def test_the_time_left_is_known_once_enough_is_done(done: int, total: int, rest: float | None) -> None:
    assert progress.left(done, total, seconds=3.0) == rest


def test_where_the_time_left_is_not_known_a_line_says_how_far_work_is() -> None:
    assert progress.state(1, 120, "tracks", left=None) == "1 of 120 tracks"
    assert progress.state(6, 120, "tracks", left=57.0) == "6 of 120 tracks, about 57 s left"


def test_lines_go_to_a_stream_or_a_callable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY", 0.0)
    file, lines = io.StringIO(), []
    for to in (file, lines.append):
        list(progress.each("ab", "mlp", total=2, unit="songs", to=to))
    assert [line.partition(",")[0] for line in lines] == ["mlp: 1 of 2 songs"]
    assert file.getvalue() == f"{lines[0]}\n"
    assert capsys.readouterr() == ("", "")


def test_in_a_terminal_there_is_a_bar_that_goes_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with progress.counted("mlp", total=2, unit="epochs") as advance:
        advance(2)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "\n\n" not in captured.err


def test_lines_for_every_epoch_are_written_only_where_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not progress.is_verbose()
    monkeypatch.setenv(progress.VERBOSE, "1")
    assert progress.is_verbose()
