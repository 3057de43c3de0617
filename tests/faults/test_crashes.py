"""A flow that is killed or stopped, at any moment, and the same command again: as if nothing had happened."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.faults import kill_sweep
from tests.faults.kill_sweep import orphans, printed, start
from tests.faults.left_behind import State, left_over, state
from tests.integration.test_workflow import workspace

pytestmark = pytest.mark.slow
#: Seconds in which a stage must come up on a busy machine.
LIMIT = 1800


@pytest.fixture(autouse=True)
def as_in_a_terminal(tmp_path: Path) -> Iterator[None]:
    """Signals that nohup or a shell's background job has switched off arrive; nothing outlives a failed test."""
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    hangup = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for process in kill_sweep.of_workspace(tmp_path):
        process.kill()
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGHUP, hangup)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, State]:
    """A workspace after an undisturbed flow, and what that left."""
    folder = workspace(tmp_path_factory.mktemp("crashes") / "workspace")
    kill_sweep.finish(folder)
    assert left_over(folder) == []
    return folder, state(folder)


def test_killed_at_random_moments(tmp_path: Path) -> None:
    # Forty: python -m tests.faults.kill_sweep --kills 40
    result = kill_sweep.sweep(tmp_path, kills=5, seed=0)
    assert result.faults == []
    assert len(result.met) == 5


#: Where the process is killed: a function, and whether before or after it has done its work.
POINTS = {
    "a search is half logged": ("components.tracking.runs.Runs", "begin", "after", 3),
    "a run is begun": ("components.tracking.runs.Runs", "begin", "before", 2),
    "a model is logged": ("mlflow.pyfunc", "log_model", "before", 1),
    "a model was logged and its run not ended": ("mlflow.pyfunc", "log_model", "after", 1),
    "a model's files were not summed up": ("components.tracking.integrity", "of_run", "before", 1),
    "between register and smoke test": ("components.registry.promote", "smoke_test", "before", 1),
    "between smoke test and alias": ("mlflow.MlflowClient", "set_registered_model_alias", "before", 1),
    "after the alias": ("mlflow.MlflowClient", "set_registered_model_alias", "after", 1),
}
KILLED = """
import importlib, os, signal, sys
from functools import wraps
place, name, when, number = {place!r}, {name!r}, {when!r}, {number}
try:
    owner = importlib.import_module(place)
except ImportError:
    module, _, attribute = place.rpartition(".")
    owner = getattr(importlib.import_module(module), attribute)
real, calls = getattr(owner, name), []

@wraps(real)
def killed(*given, **options):
    calls.append(1)
    if len(calls) == number and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = real(*given, **options)
    if len(calls) == number:
        os.kill(os.getpid(), signal.SIGKILL)
    return result

setattr(owner, name, killed)
from flows.cli import main
sys.argv = ["genre", "run"]
main()
"""


@pytest.mark.parametrize("point", POINTS)
def test_killed_while_mlflow_is_told(finished: tuple[Path, State], point: str) -> None:
    folder, whole = finished
    shutil.rmtree(folder / "mlruns")
    place, name, when, number = POINTS[point]
    code = KILLED.format(place=place, name=name, when=when, number=number)
    with (folder.parent / "output.txt").open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env=kill_sweep.environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        )
    assert done.returncode == -signal.SIGKILL, printed(folder)
    assert orphans(folder) == []
    kill_sweep.finish(folder)
    assert left_over(folder) == []
    assert state(folder) == whole


#: What is changed in the params, so that only this and what follows is due, and what the flow prints when the
#: moment has come.
MOMENTS = {
    "while a search runs": ("tuning", r"execution 1 of"),
    "while a model is trained": ("training", r"epoch 2 of"),
}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("moment", MOMENTS)
def test_stopped_it_ends_with_a_word_on_how_to_go_on(
    finished: tuple[Path, State], tmp_path: Path, moment: str, number: signal.Signals
) -> None:
    block, pattern = MOMENTS[moment]
    folder = copied(finished[0], tmp_path / "workspace")
    document = yaml.safe_load((folder / "params.yaml").read_text())
    document[block]["epochs"] += 1
    (folder / "params.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    process = start(folder, GENRE_VERBOSE="1")
    until(process, folder, lambda: re.search(pattern, printed(folder), re.MULTILINE) is not None)
    stop(process, folder, number=number)
    if number == signal.SIGTERM and moment == "while a search runs":
        kill_sweep.finish(folder)
        assert left_over(folder) == []


def test_stopped_while_the_temporary_server_comes_up(finished: tuple[Path, State], tmp_path: Path) -> None:
    folder = copied(finished[0], tmp_path / "workspace")
    shutil.rmtree(folder / "data/report")
    process = start(folder)
    until(process, folder, lambda: "starting" in (folder / "data/.flow.lock").read_text())
    stop(process, folder)


def test_stopped_while_the_gate_asks_a_new_process(finished: tuple[Path, State]) -> None:
    folder, whole = finished
    shutil.rmtree(folder / "mlruns")
    process = start(folder)
    until(
        process,
        folder,
        lambda: any("components.registry.smoke_test" in one for one in kill_sweep.commands(folder)),
    )
    stop(process, folder)
    kill_sweep.finish(folder)
    assert left_over(folder) == []
    assert state(folder) == whole


def copied(finished: Path, place: Path) -> Path:
    """A workspace with everything done but a store: MLflow's knows its files by their old place."""
    shutil.copytree(finished, place, symlinks=True, ignore=shutil.ignore_patterns("mlruns", ".prefect"))
    return place


def until(process: subprocess.Popen[bytes], folder: Path, there: Callable[[], bool]) -> None:
    """Wait for a moment of a running flow."""
    limit = time.monotonic() + LIMIT
    while not there():
        assert process.poll() is None, printed(folder)[-2000:]
        assert time.monotonic() < limit
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes], folder: Path, *, number: signal.Signals = signal.SIGTERM) -> None:
    """Stop a flow, and see that it ends with everything it started, and prints how to go on."""
    # As a terminal does: Ctrl-C reaches the whole process group.
    os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
    process.wait(timeout=kill_sweep.LIMIT)
    assert orphans(folder, seconds=0) == []
    assert process.returncode == 128 + number
    assert "Finished stages are kept; the same command goes on from there." in printed(folder)
    assert "Traceback" not in printed(folder)
