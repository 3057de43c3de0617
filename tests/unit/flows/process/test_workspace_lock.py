"""One flow at a time, and nothing of a killed one in the way."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from flows.process import workspace_lock
from flows.process.workspace_lock import BusyError


def test_a_flow_that_ended_leaves_no_note_even_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), workspace_lock.held(tmp_path, wait=0) as holder:
        holder.note(flow_run="abc")
        raise ZeroDivisionError
    with workspace_lock.held(tmp_path, wait=0) as holder:
        assert holder.previous == {}


def test_temporary_files_are_the_workspaces_and_what_was_killed_is_swept(tmp_path: Path) -> None:
    (tmp_path / "data/.tmp").mkdir(parents=True)
    (tmp_path / "data/.tmp/left").touch()
    (tmp_path / "data/models").mkdir()
    (tmp_path / "data/models/.partial-9999999-1-abcd-mlp").mkdir()
    before = tempfile.gettempdir()
    with workspace_lock.held(tmp_path, wait=0):
        assert tempfile.gettempdir() == os.environ["TMPDIR"] == str(tmp_path / "data/.tmp")
        assert list((tmp_path / "data/.tmp").iterdir()) == []
        assert list((tmp_path / "data/models").iterdir()) == []
    assert tempfile.gettempdir() == before
    assert not (tmp_path / "data/.tmp").exists()


def test_its_stamp_is_the_same_until_a_flow_has_worked(tmp_path: Path) -> None:
    before = workspace_lock.stamp(tmp_path)
    with workspace_lock.held(tmp_path, wait=0) as holder:
        assert holder.stamp == before
        assert workspace_lock.stamp(tmp_path) is None
    after = workspace_lock.stamp(tmp_path)
    assert after not in (None, before)
    with workspace_lock.held(tmp_path, wait=0) as holder:
        assert holder.stamp == after


def test_a_lock_that_was_waited_for_has_no_stamp(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with (tmp_path / workspace_lock.LOCK).open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with workspace_lock.held(tmp_path, wait=60, report=lambda _line: other.close()) as holder:
            assert holder.stamp is None


def test_the_same_process_may_hold_it_again_inside(tmp_path: Path) -> None:
    with workspace_lock.held(tmp_path, wait=0) as outer, workspace_lock.held(tmp_path, wait=0) as inner:
        assert inner is outer


def test_a_data_folder_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with (
        pytest.raises(BusyError, match=r"data/\.flow\.lock cannot be written"),
        workspace_lock.held(tmp_path, wait=0),
    ):
        pass


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / ".dvc" / "tmp").mkdir(parents=True)
    return tmp_path / ".dvc" / "tmp" / "rwlock"


def dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_a_table_cut_short_by_a_kill_is_removed(tmp_path: Path, table: Path) -> None:
    table.write_text('{"write": {"/data/x": {"pi')
    (line,) = workspace_lock.clear_dvc_locks(tmp_path)
    assert ".dvc/tmp/rwlock" in line
    assert not table.exists()


def test_entries_of_dead_and_of_foreign_processes_are_removed(tmp_path: Path, table: Path) -> None:
    # os.getpid() stands for an id in use again by a program that is not DVC.
    entries = {
        "write": {"/data/x": {"pid": dead_pid(), "cmd": "dvc repro"}},
        "read": {"/data/y": [{"pid": os.getpid(), "cmd": "dvc repro"}]},
    }
    table.write_text(json.dumps(entries))
    assert len(workspace_lock.clear_dvc_locks(tmp_path)) == 1
    assert not table.exists()


def test_an_empty_table_stays(tmp_path: Path, table: Path) -> None:
    table.write_text('{"write": {}, "read": {"/data/y": []}}')
    assert workspace_lock.clear_dvc_locks(tmp_path) == []
    assert table.exists()


def test_entries_of_a_living_dvc_command_stay(tmp_path: Path, table: Path) -> None:
    program = tmp_path / "dvc"
    program.write_text("import sys; print('up', flush=True); sys.stdin.read()")
    with subprocess.Popen([sys.executable, str(program)], stdin=-1, stdout=-1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        text = json.dumps({"write": {"/data/x": {"pid": process.pid, "cmd": "dvc repro"}}, "read": {}})
        table.write_text(text)
        assert workspace_lock.clear_dvc_locks(tmp_path) == []
        assert table.read_text() == text


def test_without_a_table_there_is_nothing_to_do(tmp_path: Path) -> None:
    assert workspace_lock.clear_dvc_locks(tmp_path) == []
