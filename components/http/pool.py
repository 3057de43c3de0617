"""Worker processes, one task each at a time; one that dies, or takes too long, is killed and started anew."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any, TypeVar

Result = TypeVar("Result")

#: Seconds between two tries to start a process that could not be prepared.
AGAIN = 2.0


class DiedError(Exception):
    """A worker process ended in the middle of its task."""


class TookTooLongError(Exception):
    """A task took longer than it may, and its process was killed."""


class StoppedError(Exception):
    """No process runs, and none can be prepared; the message says why."""


class Worker:
    """One process.

    Parameters
    ----------
    start : callable
        Called first in it; a function of a module.
    """

    def __init__(self, start: Callable[[], None]) -> None:
        # Spawned: a fork would take the server's sockets and threads with it.
        context = multiprocessing.get_context("spawn")
        self._executor = ProcessPoolExecutor(1, mp_context=context, initializer=start)
        self.pid = 0
        #: Whether it takes tasks.
        self.prepared = False

    async def call(self, function: Callable[..., Result], *args: Any, seconds: float | None = None) -> Result:
        """Run a function there.

        Parameters
        ----------
        function : callable
            A function of a module, perhaps bound by :func:`functools.partial`.
        args : object
            Its arguments.
        seconds : float, optional
            The time it may take.

        Raises
        ------
        DiedError
            If the process ended.
        TookTooLongError
            If it took longer; the process is killed.
        """
        try:
            if not self.pid:
                self.pid = await asyncio.wrap_future(self._executor.submit(os.getpid))
            future = asyncio.wrap_future(self._executor.submit(function, *args))
            try:
                done, _ = await asyncio.wait([future], timeout=seconds)
            finally:
                # Whatever becomes of one that is not done, nobody waits for it.
                future.cancel()
            if not done:
                self.kill()
                raise TookTooLongError
            return future.result()
        except BrokenProcessPool as error:
            raise DiedError("it ended: killed, or out of memory") from error

    def kill(self) -> None:
        """End the process now."""
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self._executor.shutdown(wait=False, cancel_futures=True)


class Pool:
    """Several processes.

    Parameters
    ----------
    size : int
        How many.
    start : callable
        Called first in each; a function of a module.
    report : callable
        Called with one line on what a person should know.

    Attributes
    ----------
    restarts : int
        Processes that were started in place of another.
    """

    def __init__(self, size: int, *, start: Callable[[], None], report: Callable[[str], None]) -> None:
        self.size, self.restarts = size, 0
        self._start, self._report = start, report
        self._workers: set[Worker] = set()
        self._idle: list[Worker] = []
        self._changed = asyncio.Event()
        self._renewing: set[asyncio.Task[None]] = set()
        self._prepare: Callable[[], Any] | None = None
        self._closed = False
        self._failure = ""

    @property
    def stopped(self) -> str:
        """Why no process takes tasks; '' where one does, or is about to."""
        return "" if any(worker.prepared for worker in self._workers) else self._failure

    @property
    def idle(self) -> int:
        """Processes that have no task."""
        return len(self._idle)

    @property
    def pids(self) -> list[int]:
        """Ids of the processes that run."""
        return sorted(worker.pid for worker in self._workers if worker.pid)

    async def open(self, prepare: Callable[[], Result]) -> Result:
        """Start all processes, and prepare each: a function of a module, called in it; return what it returns.

        Raises
        ------
        Exception
            What ``prepare`` raises.
        DiedError
            If a process ends.
        """
        self._prepare = prepare
        self._workers = {Worker(self._start) for _ in range(self.size)}
        first, *_ = await asyncio.gather(*(worker.call(prepare) for worker in self._workers))
        for worker in self._workers:
            self._prepared(worker)
        return first

    async def prepare(self, function: Callable[[], Result]) -> Result:
        """Call a function in each process between two tasks, and from then on in each new one; return what it returns.

        Raises
        ------
        Exception
            What it raises: then new processes are prepared as before.
        DiedError
            If every process ended.
        """
        before = self._prepare
        results: list[Result] = []
        for worker in list(self._workers):
            if not await self._take(worker):
                # It is gone; the one in its place is prepared by this function, or as before.
                continue
            try:
                results.append(await worker.call(function))
                # Not before one has come through it: new processes would wait for what may never go well.
                self._prepare = function
            except DiedError:
                self._renew(worker, "ended while it was prepared")
                continue
            except BaseException:
                self._prepare = before
                self._give(worker)
                raise
            self._give(worker)
        if not results:
            raise DiedError("every worker process ended while it was prepared")
        return results[0]

    async def run(
        self, choose: Callable[[], Callable[[], Result] | None], *, seconds: float
    ) -> Result | None:
        """Run a function in the first process that is free.

        Parameters
        ----------
        choose : callable
            Called once there is a process; returns the function, as of :meth:`Worker.call`, or None if by then there
            is nothing to do.
        seconds : float
            The time it may take, once it has a process.

        Raises
        ------
        DiedError, TookTooLongError
            As :meth:`Worker.call`; another process is started.
        StoppedError
            If no process is left, and the last one that was started could not be prepared.
        """
        worker = await self._take()
        assert worker is not None, "any worker is waited for"
        function = choose()
        if function is None:
            self._give(worker)
            return None
        try:
            result = await worker.call(function, seconds=seconds)
        except DiedError:
            self._renew(worker, "ended: killed, or out of memory")
            raise
        except TookTooLongError:
            self._renew(worker, f"was killed: its task took longer than {seconds:g} s")
            raise
        except asyncio.CancelledError:
            self._renew(worker, "was killed: nobody waits for its task any more")
            raise
        except BaseException:
            self._give(worker)
            raise
        self._give(worker)
        return result

    def close(self) -> None:
        """End all processes."""
        self._closed = True
        for task in self._renewing:
            task.cancel()
        for worker in self._workers:
            worker.kill()
        self._workers, self._idle = set(), []

    async def _take(self, wanted: Worker | None = None) -> Worker | None:
        """Wait for a process, or for a certain one; None where that one is gone."""
        while True:
            if wanted is None and self.stopped:
                raise StoppedError(self.stopped)
            if wanted is None and self._idle:
                return self._idle.pop(0)
            if wanted is not None and wanted in self._idle:
                self._idle.remove(wanted)
                return wanted
            if wanted is not None and wanted not in self._workers:
                return None
            await self._changed.wait()

    def _prepared(self, worker: Worker) -> None:
        worker.prepared, self._failure = True, ""
        self._give(worker)

    def _give(self, worker: Worker) -> None:
        if worker in self._workers:
            self._idle.append(worker)
        self._notify()

    def _notify(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _drop(self, worker: Worker) -> None:
        self._workers.discard(worker)
        worker.kill()
        self._notify()

    def _renew(self, worker: Worker, why: str) -> None:
        """Start another process in place of one."""
        self._drop(worker)
        if self._closed:
            return
        self._report(f"worker process {worker.pid} {why}; another one is started")
        self.restarts += 1
        task = asyncio.create_task(self._started_anew())
        self._renewing.add(task)
        task.add_done_callback(self._renewing.discard)

    async def _started_anew(self) -> None:
        while True:
            worker = Worker(self._start)
            self._workers.add(worker)
            try:
                prepared = None
                while prepared is not self._prepare:
                    prepared = self._prepare
                    assert prepared is not None, "a pool is opened first"
                    await worker.call(prepared)
            except asyncio.CancelledError:
                worker.kill()
                raise
            except Exception as error:  # noqa: BLE001 - it is said, and tried again
                failure = f"a worker process cannot be prepared: {str(error) or type(error).__name__}"
                if failure != self._failure:
                    self._report(failure)
                self._failure = failure
                self._drop(worker)
                await asyncio.sleep(AGAIN)
            else:
                self._prepared(worker)
                return
