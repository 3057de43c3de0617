"""Processes that take one task each: another one stands in for one that dies or takes too long."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from components.http import pool as pools
from components.http.pool import DiedError, Pool, StoppedError, TookTooLongError, Worker

#: Seconds in which a process starts on a busy machine.
LONG = 120.0


def using(what: Callable[[Pool], Awaitable[Any]], *, size: int = 1) -> list[str]:
    """Do something with an open pool, and return what it reported; all its processes end."""
    lines: list[str] = []

    async def run() -> None:
        pool = Pool(size, start=int, report=lines.append)
        await pool.open(int)
        processes = [psutil.Process(pid) for pid in pool.pids]
        try:
            async with asyncio.timeout(LONG):
                await what(pool)
        finally:
            processes += [psutil.Process(pid) for pid in pool.pids if psutil.pid_exists(pid)]
            pool.close()
        assert not psutil.wait_procs(processes, timeout=LONG)[1]

    asyncio.run(run())
    return lines


def test_tasks_run_in_other_processes_and_errors_come_back():
    async def what(pool: Pool) -> None:
        found = await asyncio.gather(*(pool.run(lambda: os.getpid, seconds=LONG) for _ in range(6)))
        assert set(found) <= set(pool.pids)
        assert os.getpid() not in found
        with pytest.raises(ValueError, match="invalid literal"):
            await pool.run(lambda: partial(int, "x"), seconds=LONG)
        assert await pool.run(lambda: partial(int, "3"), seconds=LONG) == 3
        # By the time that there is a process there may be nothing to do.
        assert await pool.run(lambda: None, seconds=LONG) is None
        assert pool.idle == 2

    assert using(what, size=2) == []


def test_one_that_dies_is_replaced_and_the_others_go_on():
    async def what(pool: Pool) -> None:
        with pytest.raises(DiedError):
            await pool.run(lambda: partial(signal.raise_signal, signal.SIGKILL), seconds=LONG)
        assert await pool.run(lambda: partial(int, "3"), seconds=LONG) == 3
        assert pool.restarts == 1

    assert len(using(what)) == 1


def test_one_that_takes_too_long_is_killed():
    async def what(pool: Pool) -> None:
        (pid,) = pool.pids
        with pytest.raises(TookTooLongError):
            await pool.run(lambda: signal.pause, seconds=0.2)
        assert await pool.run(lambda: os.getpid, seconds=LONG) != pid

    assert len(using(what)) == 1


def test_one_that_ends_while_its_task_is_cancelled_ends_without_a_word(monkeypatch: pytest.MonkeyPatch):
    async def run() -> None:
        said: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, about: said.append(about))
        worker = Worker(int)
        worker.pid = os.getpid()
        task: Future[int] = Future()
        monkeypatch.setattr(worker._executor, "submit", lambda _: task)
        call = asyncio.create_task(worker.call(int))
        await asyncio.sleep(0)
        # As where a server stops.
        task.set_exception(BrokenProcessPool())
        call.cancel()
        await asyncio.wait([call])
        del call
        task = Future()
        gc.collect()
        assert said == []

    asyncio.run(run())


def test_all_are_prepared_between_two_tasks_and_so_are_new_ones():
    async def what(pool: Pool) -> None:
        mask = await pool.prepare(partial(os.umask, 0o27))
        assert mask != 0o27
        assert await pool.run(lambda: partial(os.umask, 0o27), seconds=LONG) == 0o27
        with pytest.raises(ValueError, match="invalid literal"):
            await pool.prepare(partial(int, "x"))
        assert await pool.run(lambda: partial(int, "3"), seconds=LONG) == 3
        with pytest.raises(DiedError):
            await pool.run(lambda: partial(os._exit, 3), seconds=LONG)
        # What failed is no longer what new ones are prepared by.
        assert await pool.run(lambda: partial(os.umask, 0o27), seconds=LONG) == 0o27

    assert len(using(what, size=1)) == 1


def prepared_while_there(path: Path) -> None:
    path.read_bytes()


def test_where_no_process_can_be_prepared_any_more_nothing_waits_for_one(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(pools, "AGAIN", 0.01)
    (tmp_path / "model").touch()

    async def what(pool: Pool) -> None:
        await pool.prepare(partial(prepared_while_there, tmp_path / "model"))
        (tmp_path / "model").unlink()
        waiting = asyncio.create_task(
            pool.run(lambda: partial(signal.raise_signal, signal.SIGKILL), seconds=LONG)
        )
        behind = asyncio.create_task(pool.run(lambda: os.getpid, seconds=LONG))
        with pytest.raises(DiedError):
            await waiting
        with pytest.raises(StoppedError, match="No such file"):
            await behind
        assert "No such file" in pool.stopped
        # It goes on once there is what it needs.
        (tmp_path / "model").touch()
        while pool.stopped:
            await asyncio.sleep(0.01)
        assert await pool.run(lambda: partial(int, "3"), seconds=LONG) == 3

    lines = using(what)
    assert sum("cannot be prepared" in line for line in lines) == 1
