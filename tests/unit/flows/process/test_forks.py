"""Commands of a preloaded process, as a flow starts and ends them."""

from __future__ import annotations

import os
import signal
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from flows.process import commands, forks, preloaded
from flows.process.forks import POSSIBLE, Preloaded, PreloadedError

pytestmark = pytest.mark.skipif(not POSSIBLE, reason="processes are not forked on this system")
#: Generous: only a process that never ends reaches it.
LIMIT = 60


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Preloaded]:
    made = Preloaded(["wave", "no_such_module"], root=tmp_path)
    try:
        yield made
    finally:
        made.close()


def test_a_command_runs_where_and_with_what_it_is_told(server: Preloaded, tmp_path: Path) -> None:
    (folder := tmp_path / "elsewhere").mkdir()
    running = server.start(["genre", "--version"], root=folder)
    assert b"".join(running.output).startswith(b"genre-workflow ")
    assert running.close() == 0


def test_the_exit_status_and_the_error_line_are_the_commands_own(server: Preloaded, tmp_path: Path) -> None:
    running = server.start(["genre", "stage", "split"], root=tmp_path)
    (line,) = commands.lines(running.output)
    assert line.startswith("genre: ") and "params.yaml" in line
    assert running.close() == 2


def test_two_commands_run_side_by_side(server: Preloaded, tmp_path: Path) -> None:
    both = [server.start(["genre", command, "--help"], root=tmp_path) for command in ("run", "predict")]
    assert [b"genre" in b"".join(running.output) for running in both] == [True, True]
    assert [running.close() for running in both] == [0, 0]


def test_a_project_may_lie_deeper_than_a_sockets_path_may_be_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (deep := tmp_path / ("deep" * 20) / ("deeper" * 20)).mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    server = Preloaded([], root=tmp_path)
    running = server.start(["genre", "--version"], root=tmp_path)
    assert b"".join(running.output).startswith(b"genre-workflow ")
    assert running.close() == 0
    server.close()


def test_no_other_user_can_send_commands(server: Preloaded) -> None:
    assert stat.S_IMODE(Path(server.address).parent.stat().st_mode) == 0o700


def test_it_ends_with_all_that_it_forked(tmp_path: Path) -> None:
    others = set(psutil.Process().children(recursive=True))
    server = Preloaded([], root=tmp_path)
    # Serves until it is stopped.
    running = server.start(["genre", "ui", "--port", "0"], root=tmp_path)
    below = set(psutil.Process().children(recursive=True)) - others
    assert len(below) >= 2
    server.close()
    assert psutil.wait_procs(below, timeout=LIMIT)[1] == []
    assert running.close() != 0
    assert not Path(server.address).parent.exists()


def test_a_server_that_was_killed_is_an_error(tmp_path: Path) -> None:
    others = set(psutil.Process().children(recursive=True))
    server = Preloaded([], root=tmp_path)
    below = set(psutil.Process().children(recursive=True)) - others
    for process in below:
        os.kill(process.pid, signal.SIGKILL)
    psutil.wait_procs(below, timeout=LIMIT)
    with pytest.raises(PreloadedError, match="has ended"):
        server.start(["genre", "--version"], root=tmp_path)
    server.close()


def test_a_server_that_does_not_start_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preloaded, "__name__", "flows.process.nothing")
    with pytest.raises(PreloadedError, match="nothing"):
        Preloaded([], root=tmp_path)


def test_the_module_is_the_one_that_forks() -> None:
    assert forks.preloaded is preloaded
