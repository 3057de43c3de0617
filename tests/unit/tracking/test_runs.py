"""Runs: those of ended processes are deleted, those of living ones stay, equal files have one run."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pandas as pd
import pytest

from components.core import processes
from components.tracking import heartbeat, store
from components.tracking.runs import HOST, PROCESS, Runs

#: A process that has ended: no process is ever given this id (proc(5): the largest is 4194304).
ENDED = "9999999-1"


@pytest.fixture
def runs(workspace: Path) -> Runs:
    return Runs(store.TRAINING)


def another_living() -> str:
    """The mark of a process that is not this one and goes on."""
    return f"{os.getppid()}-{processes._start(os.getppid())}"


def begin(runs: Runs, name: str, *, process: str = "", host: str = "", **options: str) -> str:
    tags = ({PROCESS: process} if process else {}) | ({HOST: host} if host else {})
    return runs.begin(name, tags=tags, **options)


def statuses(runs: Runs) -> dict[str, str]:
    """Every run that is not deleted, and its status."""
    return {run.info.run_name: run.info.status for run in runs._search("")}


def test_runs_of_ended_processes_go_with_all_below_them_and_others_stay(runs: Runs) -> None:
    killed = begin(runs, "killed", process=ENDED)
    child = begin(runs, "child", process=ENDED, parent=killed)
    begin(runs, "below the child", process=ENDED, parent=child)
    runs.client.set_terminated(begin(runs, "that had ended", process=ENDED, parent=child))
    begin(runs, "another living process", process=another_living())
    begin(runs, "another machine", process=ENDED, host="elsewhere")
    begin(runs, "the same id, another process", process=f"{os.getpid()}-1")
    assert runs.find("a") is None
    assert statuses(runs) == {"another living process": "RUNNING", "another machine": "RUNNING"}


def test_a_run_of_another_machine_is_taken_away_once_it_gives_no_sign_of_life(runs: Runs) -> None:
    old = {heartbeat.TAG: f"{time.time() - heartbeat.LOST - 60:.0f}"}
    left = runs.begin("killed there", tags={HOST: "elsewhere", **old}, identity="a")
    runs.begin("below it", tags={HOST: "elsewhere", **old}, parent=left)
    begin(runs, "goes on there", host="elsewhere", identity="a")
    assert runs.find("a") is None
    assert statuses(runs) == {"goes on there": "RUNNING"}


def test_a_run_gives_signs_of_life_as_long_as_it_is_written(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "now", lambda: "7")
    monkeypatch.setattr(heartbeat, "INTERVAL", 0.01)
    with runs.open("a", tags={heartbeat.TAG: "0"}, identity="a") as run_id:
        until = time.monotonic() + 60
        while runs.client.get_run(run_id).data.tags[heartbeat.TAG] == "0":
            assert time.monotonic() < until
        assert runs.finish(run_id, identity="a") == run_id
    assert statuses(runs) == {"a": "FINISHED"}


def test_files_of_a_killed_run_go_with_it(runs: Runs, workspace: Path) -> None:
    run = begin(runs, "killed", process=ENDED)
    (workspace / "note.txt").write_text("half a run")
    runs.client.log_artifact(run, str(workspace / "note.txt"))
    assert list((workspace / "mlruns").rglob("note.txt"))
    runs.find("a")
    assert not list((workspace / "mlruns").rglob("note.txt"))


def test_of_two_workspaces_that_log_equal_files_the_first_to_end_stays(runs: Runs) -> None:
    ours = begin(runs, "ours", identity="a", process=another_living())
    theirs = begin(runs, "theirs", identity="a")
    assert runs.finish(theirs, identity="a") == theirs
    assert runs.finish(ours, identity="a") == theirs
    assert statuses(runs) == {"theirs": "FINISHED"}


def test_a_run_that_another_workspace_is_writing_is_not_taken_away(runs: Runs) -> None:
    begin(runs, "theirs", identity="a", process=another_living())
    begin(runs, "far away", identity="a", host="elsewhere")
    assert runs.find("a") is None
    assert statuses(runs) == {"theirs": "RUNNING", "far away": "RUNNING"}


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_was_set_changes_nothing(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    first = begin(runs, "first", identity="a")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3600 * hours)
    assert runs.find("a") is None
    assert processes.alive(processes.own())
    second = begin(runs, "second", identity="a")
    assert runs.finish(second, identity="a") == runs.find("a") == second
    assert runs.client.get_run(first).info.lifecycle_stage == "deleted", "the same process began anew"


def test_params_figures_and_curves_are_logged(runs: Runs) -> None:
    history = pd.DataFrame({"epoch": range(1, 1202), "loss": 0.5, "accuracy": 0.25})
    figures = {"metrics": {"seconds": 2}, "history": history}
    run = runs.begin("a", tags={}, params={"units": 32, "on": True}, **figures)
    data = runs.client.get_run(run).data
    assert data.params == {"units": "32", "on": "True"}
    assert data.metrics == {"time/seconds": 2, "epoch/loss": 0.5, "epoch/accuracy": 0.25}
    assert len(runs.client.get_metric_history(run, "epoch/loss")) == 1201


def test_a_run_for_an_experiment_of_dvc_s_bears_its_name(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_EXP_NAME", "patient")
    run = begin(runs, "a")
    assert runs.client.get_run(run).data.tags["dvc.experiment"] == "patient"
