"""One stage as a process: its lines, its end, its reason when it fails, and nothing left when it is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from flows.pipeline import stage as stages
from flows.pipeline.preloading import PreloadedStages, preloading
from flows.pipeline.stage import StageError, StageProcesses, StoppedError
from flows.process.commands import Supervised
from flows.process.forks import POSSIBLE
from tests.conftest import PROJECT

#: Generous: only a process that never ends reaches it.
LIMIT = 60


@pytest.fixture(params=["started anew", "forked"])
def preloaded(request: pytest.FixtureRequest, toy: Path) -> Iterator[PreloadedStages | None]:
    if request.param == "started anew":
        yield None
    elif not POSSIBLE:
        pytest.skip("processes are not forked on this system")
    else:
        with preloading(["corpus"], root=toy) as made:
            yield made


Run = Callable[..., tuple[stages.Result, list[str]]]


@pytest.fixture
def run(toy: Path, preloaded: PreloadedStages | None) -> Run:
    def run(stage: str, *, force: bool = False) -> tuple[stages.Result, list[str]]:
        lines: list[str] = []
        return StageProcesses(toy, preloaded=preloaded).run(stage, force=force, line=lines.append), lines

    return run


def test_a_stage_runs_with_its_own_lines_only_and_is_recorded(toy: Path, run: Run) -> None:
    result, lines = run("corpus")
    assert (result.stage, result.how) == ("corpus", "ran")
    assert lines == ["working on corpus"]
    assert "corpus:" in (toy / "dvc.lock").read_text()
    assert run("corpus")[0].how == "unchanged"


def test_only_the_named_stage_is_started(toy: Path, run: Run) -> None:
    run("corpus")
    run("features@f")
    assert (toy / "started.log").read_text().split() == ["corpus", "features@f"]


def test_outputs_that_dvc_has_kept_are_restored_unless_forced(toy: Path, run: Run) -> None:
    run("corpus")
    (toy / "corpus.txt").unlink()
    assert run("corpus")[0].how == "restored"
    assert run("corpus", force=True)[0].how == "ran"


@pytest.mark.parametrize(
    ("planted", "status", "lines"),
    [
        (
            "echo 'genre: models.a has no units' >&2; exit 2",
            2,
            "genre: models.a has no units (exit status 2)",
        ),
        ("echo 'Traceback'; echo 'ValueError: nine'; exit 1", 1, "ValueError: nine (exit status 1)"),
        ("echo loading; kill -9 $$", -9, "loading (killed by signal 9)"),
        ("echo loading; echo Killed; exit 137", -9, "loading (killed by signal 9)"),
        ("exit 7", 7, "exited with 7 (exit status 7)"),
    ],
)
def test_a_failure_gives_the_stages_last_line_and_exit_status(
    toy: Path, run: Run, planted: str, status: int, lines: str
) -> None:
    (toy / "fails-corpus").write_text(planted)
    with pytest.raises(StageError) as caught:
        run("corpus")
    assert caught.value.status == status
    assert str(caught.value).startswith("corpus: ")
    assert str(caught.value).endswith(lines)
    assert "\n" not in str(caught.value)


def test_a_stage_that_does_not_write_its_output_fails(toy: Path, run: Run) -> None:
    (toy / "fails-corpus").write_text("exit 0")
    with pytest.raises(StageError, match=r"corpus\.txt"):
        run("corpus")


def test_stop_ends_a_running_stage_and_all_below_it(toy: Path, preloaded: PreloadedStages | None) -> None:
    os.mkfifo(toy / "blocks-corpus")
    running = StageProcesses(toy, preloaded=preloaded)
    below: set[psutil.Process] = set()
    # Other tests' helpers (a Prefect server, a resource tracker) live on beside this one.
    others = set(psutil.Process().children(recursive=True))

    def line(text: str) -> None:
        below.update(set(psutil.Process().children(recursive=True)) - others)
        running.stop()

    with pytest.raises(StoppedError):
        running.run("corpus", force=False, line=line)
    assert len(below) >= 3  # supervisor, DVC, the stage's shell
    assert psutil.wait_procs(below, timeout=LIMIT)[1] == []
    with pytest.raises(StoppedError):
        running.run("corpus", force=False, line=line)


#: A flow of one supervised command; prints the process ids below it once the innermost is up.
FLOW = """
import sys
from pathlib import Path
import psutil
from flows.process.commands import Supervised
process = Supervised([sys.executable, "-c", {command!r}], root=Path("."))
print(process.output.readline().decode().strip(), flush=True)
print(*[child.pid for child in psutil.Process().children(recursive=True)], flush=True)
process.output.read()
"""
#: Starts a process in a session of its own that ignores every gentle signal, as a badly behaved stage might.
STUBBORN = """
import signal, subprocess, sys
code = "import signal; signal.signal(15, 1); signal.signal(2, 1); print('up', flush=True); signal.pause()"
subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
signal.signal(15, 1); signal.signal(2, 1)
signal.pause()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_outlives_a_flow_that_was_killed(tmp_path: Path, number: int) -> None:
    flow = subprocess.Popen(
        [sys.executable, "-c", FLOW.format(command=STUBBORN)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        cwd=tmp_path,
    )
    assert flow.stdout is not None
    assert flow.stdout.readline() == "up\n"
    below = [psutil.Process(int(pid)) for pid in flow.stdout.readline().split()]
    assert len(below) == 3
    flow.send_signal(number)
    flow.wait()
    flow.stdout.close()
    assert psutil.wait_procs(below, timeout=LIMIT)[1] == []


def test_a_stray_left_by_a_command_that_ended_well_is_ended(tmp_path: Path) -> None:
    code = f"{STUBBORN.rsplit('signal.signal(15', 1)[0]}"
    running = Supervised([sys.executable, "-c", code], root=tmp_path)
    running.output.read()  # ends once nobody holds the pipe any more
    assert running.close() == 0
