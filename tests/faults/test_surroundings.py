"""Who else is here, and what is not: another flow, a full or read-only disk, no home, no network, another clock."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from flows.process import workspace_lock as flow_workspace
from tests.conftest import PROJECT
from tests.faults import kill_sweep
from tests.faults.kill_sweep import environment, orphans, printed
from tests.faults.left_behind import left_over, state
from tests.integration.test_workflow import BIN, workspace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = workspace(tmp_path / "workspace")
    # Each test has a data folder of its own.
    shutil.rmtree(made / "data")
    return made


def genre(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / "genre"), *words],
        cwd=folder,
        env=environment(folder) | more,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


# --- another flow


def test_a_second_flow_in_the_workspace_says_who_is_in_the_way(folder: Path) -> None:
    with flow_workspace.held(folder, wait=0):
        second = genre(folder, "run", GENRE_WAIT="0")
    assert second.returncode == 1
    assert f"another flow (process {os.getpid()}) works in this workspace" in second.stderr
    assert "GENRE_WAIT" in second.stderr
    assert "Traceback" not in second.stderr


@pytest.mark.slow
def test_two_flows_started_together_end_as_one(folder: Path) -> None:
    variables = environment(folder) | {"GENRE_WAIT": "900"}
    both = [
        subprocess.Popen(
            [str(BIN / "genre"), "run"],
            cwd=folder,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for _ in range(2)
    ]
    printed = [process.communicate()[0].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    assert sum("works in this workspace; waiting" in text for text in printed) == 1
    assert sum("stages are up to date" in text for text in printed) == 1
    after = state(folder)
    assert after.runs == {"genre FINISHED": 2, "genre-tuning FINISHED": 8}
    assert after.versions == 1


@pytest.mark.slow
def test_two_workspaces_on_one_store_have_one_run_a_model_and_one_champion(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    flows = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        folder = workspace(tmp_path / name / "workspace")
        (folder / "mlruns").symlink_to(tmp_path / "shared")
        flows.append((folder, kill_sweep.start(folder)))
    for folder, process in flows:
        assert process.wait(timeout=1200) == 0, printed(folder)[-3000:]
    states = [state(folder) for folder, _ in flows]
    assert states[0] == states[1]
    assert states[0].runs == {"genre FINISHED": 2, "genre-tuning FINISHED": 8}
    assert states[0].versions == 1


# --- where it runs


@pytest.mark.slow
def test_from_another_folder_it_says_what_is_missing_and_writes_nothing(folder: Path) -> None:
    place = folder / "docs"
    place.mkdir()
    done = genre(place, "run")
    assert done.returncode == 2
    assert "params.yaml" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(place.iterdir()) == []


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A file system that not even root can write to."""
    place = tmp_path / "read-only"
    place.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", place]).returncode:
        pytest.skip("a read-only file system can be mounted by root only")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_read_only_data_folder_is_named(folder: Path, read_only: Path) -> None:
    (folder / "data").symlink_to(read_only)
    done = genre(folder, "run")
    assert done.returncode == 1
    assert "data cannot be written; valid: a writable folder" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_read_only_store_is_named(folder: Path, read_only: Path) -> None:
    (folder / "mlruns").symlink_to(read_only)
    done = genre(folder, "rollback", "1")
    assert done.returncode == 1
    assert "mlruns cannot be written; valid: a writable folder, or MLFLOW_TRACKING_URI" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """The workspace's data on a file system of two megabytes: full before the corpus is composed."""
    place = folder / "data"
    place.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place]).returncode
    ):
        pytest.skip("a small file system can be mounted by root only")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.slow
def test_a_disk_that_fills_is_named_leaves_nothing_half_written_and_goes_on_once_there_is_room(
    folder: Path, small_disk: Path
) -> None:
    done = genre(folder, "run")
    assert done.returncode == 1, done.stdout
    printed = done.stdout + done.stderr
    assert "No space left" in printed or "System error" in printed or "Disk quota" in printed, printed
    assert "Traceback" not in printed
    assert not list(small_disk.rglob(".partial-*"))
    subprocess.run(["mount", "-o", "remount,size=500m", small_disk], check=True)
    kill_sweep.finish(folder)
    assert left_over(folder) == []


#: Brings loopback up in a network of its own that has nothing else, then becomes the command.
ALONE = """
import fcntl, os, socket, struct, sys
with socket.socket() as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"lo", 1 | 64))
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.slow
def test_without_home_and_network_under_another_umask_clock_and_language_it_ends_the_same(
    tmp_path: Path,
) -> None:
    (tmp_path / "usual").mkdir()
    usual = workspace(tmp_path / "usual" / "workspace")
    kill_sweep.finish(usual)
    (tmp_path / "odd").mkdir()
    odd = workspace(tmp_path / "odd" / "workspace")
    checked_out = set(odd.rglob("*"))
    variables = environment(odd) | {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "C"}
    for name in ("HOME", "USER", "LOGNAME", "XDG_CACHE_HOME"):
        variables.pop(name, None)
    command = [str(BIN / "genre"), "run"]
    if os.geteuid() == 0 and shutil.which("unshare"):
        command = ["unshare", "-n", sys.executable, "-c", ALONE, sys.executable, *command]
    with (odd.parent / "output.txt").open("wb") as output:
        done = subprocess.run(
            command,
            cwd=odd,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            umask=0o077,
            check=False,
        )
    assert done.returncode == 0, printed(odd)[-3000:]
    assert orphans(odd) == []
    assert left_over(odd) == []
    assert state(odd) == state(usual)
    cache = odd / ".dvc" / "cache"
    made = {cache, *cache.rglob("*"), *(odd / "data").rglob("*")} - checked_out
    open_to_others = [path for path in made if not path.is_symlink() and path.stat().st_mode & 0o077]
    # DVC makes what it keeps 0444, whatever the umask; the folders that it lies in are closed.
    assert [path for path in open_to_others if stat.S_IMODE(path.stat().st_mode) != 0o444] == []


# --- the clock and the schedule


ZONES = ("UTC", "America/New_York", "Pacific/Kiritimati", "Asia/Kathmandu")
PLANNED = """
import asyncio, json, os, sys, time, yaml
from datetime import datetime, timezone
from prefect.server.schemas.schedules import CronSchedule
declared = yaml.safe_load(open(sys.argv[1]))["deployments"][0]["schedules"][0]
found = {}
for zone in sys.argv[2:]:
    os.environ["TZ"] = zone
    time.tzset()
    plan = CronSchedule(cron=declared["cron"], timezone=declared["timezone"])
    dates = asyncio.run(plan.get_dates(4, start=datetime(2026, 10, 31, tzinfo=timezone.utc)))
    found[zone] = [date.timestamp() for date in dates]
print(json.dumps(found))
"""


def test_a_schedule_means_the_same_moment_in_every_time_zone_and_across_a_change_of_clocks() -> None:
    # New York puts its clocks back in the night of 1 November 2026.
    days = [datetime(2026, month, day, tzinfo=UTC) for month, day in ((10, 31), (11, 1), (11, 2), (11, 3))]
    declared = yaml.safe_load((PROJECT / "prefect.yaml").read_text())["deployments"][0]["schedules"][0]
    minute, hour = (int(part) for part in declared["cron"].split()[:2])
    done = subprocess.run(
        [sys.executable, "-c", PLANNED, str(PROJECT / "prefect.yaml"), *ZONES],
        env={**os.environ, "PREFECT_SERVER_ANALYTICS_ENABLED": "false"},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = [day.replace(hour=hour, minute=minute).timestamp() for day in days]
    assert json.loads(done.stdout) == dict.fromkeys(ZONES, expected)


def test_waiting_is_never_by_the_clock_on_the_wall() -> None:
    """A clock that is set back would make such a wait an hour longer."""
    for path in (PROJECT / "flows").rglob("*.py"):
        assert "time.time()" not in path.read_text(encoding="utf-8"), path
