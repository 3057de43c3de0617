"""A Dask cluster as an executor: ``GENRE_CLUSTER`` names its scheduler, and every worker is checked before it works.

Dask may run a task twice, and moves the tasks of a worker that died to others; so a task's function returns its result
and writes nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import re
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from components.core.errors import ClusterError, GenreError, ParamsError
from components.parallel import fingerprint, worker
from components.parallel.child import Held

if TYPE_CHECKING:
    import distributed

#: Environment variable with the scheduler's address.
VARIABLE = "GENRE_CLUSTER"
#: Seconds until a scheduler counts as unreachable.
CONNECT = 10.0
#: Seconds without one worker that takes work, until waiting for one ends; as long may a worker take to be checked.
WORKERLESS = 60.0
#: Seconds between two looks at the workers.
LOOK_EVERY = 2.0
#: Times that a task whose own process ended is begun: as often as Dask itself begins one whose worker died.
TRIES = 4
#: Where Dask finds its certificates.
TLS_SETTINGS = (
    "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT and "
    "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY name its certificates"
)


def address() -> str | None:
    """Return the scheduler's address from :data:`VARIABLE`; None where work stays on this machine.

    Commands call it first, also where they may have nothing to spread: a wrong value ends them before any work.

    Raises
    ------
    ParamsError
        See :func:`check`.
    """
    return check(os.environ.get(VARIABLE, "")) or None


def check(value: str) -> str:
    """Check an address, and return it; '' for none.

    Raises
    ------
    ParamsError
        If it is not ``tcp://HOST:PORT`` or ``tls://HOST:PORT``.
    """
    if not value:
        return value
    try:
        parts = urlsplit(value)
        right = parts.scheme in ("tcp", "tls") and parts.hostname and parts.port
        more = parts.path or parts.query or parts.fragment or parts.username is not None
    except ValueError:  # of a port
        right = more = None
    if not right or more:
        # What stands before an @ may be a password.
        shown = re.sub(r"//[^/]*@", "//…@", value)
        raise ParamsError(
            f"{VARIABLE} is {shown!r}; valid: tcp://HOST:PORT or tls://HOST:PORT of a Dask scheduler"
        )
    return value


def connect(scheduler: str) -> Cluster:
    """Connect to a scheduler, and check its workers.

    Parameters
    ----------
    scheduler : str
        From :func:`address`.

    Raises
    ------
    ClusterError
        If it cannot be reached, has no worker, or a worker has other code or libraries than this process.
    """
    import distributed

    # What goes wrong is one line of ours; Dask's log would put tracebacks beside it. Its client has a level of its own.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        asyncio.run(_identify(scheduler))
        client = distributed.Client(
            scheduler, timeout=CONNECT, name="genre", set_as_default=False, heartbeat_interval="1s"
        )
    except Exception as error:
        # Of any kind: Dask reads another service's bytes as its own, and TLS settings as they are.
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        remedy = f"; {TLS_SETTINGS}" if scheduler.startswith("tls:") else ""
        raise ClusterError(
            f"{VARIABLE} is {scheduler!r}, where no scheduler can be reached ({reason}); start one: "
            f"`dask scheduler`{remedy}"
        ) from error
    try:
        return Cluster(client, scheduler=scheduler)
    except BaseException:
        client.close()
        raise


async def _identify(scheduler: str) -> None:
    """See whether a Dask scheduler responds: Dask's client limits the connection, not the handshake that follows."""
    import distributed

    arguments = distributed.Security().get_connection_args("client")
    try:
        # A port that is closed has Dask's own limit, and its reason.
        async with asyncio.timeout(CONNECT + 1):
            async with distributed.rpc(scheduler, timeout=CONNECT, connection_args=arguments) as remote:
                found = (await remote.identity())["type"]
    except TimeoutError:
        raise TimeoutError(f"what is there does not respond as one within {CONNECT:.0f} s") from None
    if found != "Scheduler":
        raise TypeError(f"it is a Dask {found.lower()}")


@dataclass(frozen=True)
class Shared:
    """A value that several tasks share and that is sent once; see :meth:`Cluster.share`."""

    held: distributed.Future


class Cluster(Executor):
    """Workers as a :class:`concurrent.futures.Executor`.

    A result stays on its worker until :meth:`concurrent.futures.Future.result` fetches it, so that what is done
    and not yet used takes no memory here.

    Parameters
    ----------
    client : distributed.Client
        Connected.
    scheduler : str
        Its address, for messages.

    Raises
    ------
    ClusterError
        As :func:`connect`.
    """

    def __init__(self, client: distributed.Client, *, scheduler: str) -> None:
        self._client, self._scheduler = client, scheduler
        self._expected = fingerprint.own()
        self._pending: set[_Remote] = set()
        self._closed = threading.Event()
        self._seen = time.monotonic()
        self._heartbeats: dict[str, float] = {}
        self._lost: ClusterError | None = None
        self._threads = 1
        self._check_workers()
        threading.Thread(target=self._look, name="genre-cluster", daemon=True).start()

    @property
    def window(self) -> int:
        """Tasks to have submitted at once: as many again as the workers' threads, so that none waits for the next."""
        return 2 * self._threads + 8

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Send a task.

        Parameters
        ----------
        function : callable
            Of a module of this project, or a :func:`functools.partial` of one.
        args, kwargs
            Pickled; values from :meth:`share` come after all others.

        Returns
        -------
        Future
            Its result raises what the function raised, a :class:`GenreError` with the worker's name before its
            message; or :class:`ClusterError`.
        """
        shared = [one.held for one in args if isinstance(one, Shared)]
        own = tuple(one for one in args if not isinstance(one, Shared))
        try:
            sent = self._client.submit(
                worker.run,
                self._expected,
                _pickled(function),
                pickle.dumps((own, kwargs)),
                *shared,
                pure=False,
                retries=TRIES - 1,
            )
        except Exception as error:
            raise self._error(error) from error
        remote = _Remote(self, sent)
        self._pending.add(remote)
        sent.add_done_callback(remote.end)
        return remote

    def share(self, value: Any) -> Shared:
        """Send a value once, for many tasks; it is kept until the executor ends."""
        with warnings.catch_warnings():
            # Dask warns of a large value within a task, which is why it is one of its own.
            warnings.filterwarnings("ignore", message="Sending large graph")
            held = Held(uuid4().hex, value)
            return Shared(self._client.submit(worker.hold, held, pure=False))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Disconnect; what was not fetched is cancelled."""
        self._closed.set()
        self._pending.clear()
        self._client.close()

    def _fetch(self, sent: distributed.Future) -> Any:
        try:
            outcome = self._outcome(sent)
        except ClusterError:
            raise
        except Exception as error:
            raise self._error(error) from error
        if isinstance(outcome.error, GenreError) and not isinstance(outcome.error, ClusterError):
            raise type(outcome.error)(f"worker {outcome.worker}: {outcome.error}") from outcome.error
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    def _outcome(self, sent: distributed.Future) -> worker.Outcome:
        """Fetch what a task left on its worker, which may stand still."""
        while True:
            try:
                return sent.result(timeout=WORKERLESS)
            except TimeoutError:
                if self._lost is not None:
                    raise self._lost from None
                if sent.status == "error":
                    raise

    def _error(self, error: Exception) -> ClusterError:
        """Say in one line what went wrong in the cluster, not in the function."""
        from distributed.scheduler import KilledWorker

        if isinstance(error, KilledWorker):
            return ClusterError(
                f"{error.allowed_failures + 1} workers died of one piece of work, the last "
                f"{error.last_worker.address}: killed, or out of memory; the worker's log says which. A worker needs "
                "the memory of one piece for each of its threads (`dask worker --nthreads 1 --memory-limit 4GB`)"
            )
        if self._client.status != "running" or getattr(error, "reason", "") == "scheduler-connection-lost":
            return ClusterError(
                f"the scheduler {self._scheduler} went away; what is finished is kept, and the same command goes on "
                "from there"
            )
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        return ClusterError(f"the cluster of {self._scheduler} failed: {type(error).__name__}: {first}")

    def _check_workers(self) -> None:
        """Compare each worker's code and libraries with ours, before work begins."""
        try:
            self._client.wait_for_workers(1, timeout=CONNECT)
        except TimeoutError as error:
            raise ClusterError(
                f"the scheduler {self._scheduler} has no worker that takes work; start one: "
                f"`dask worker {self._scheduler}`"
            ) from error
        faults = []
        for name, other in sorted(self._client.sync(self._fingerprints).items()):
            if isinstance(other, TimeoutError):
                faults.append(
                    f"worker {name} has not responded for {WORKERLESS:.0f} s: it, or its machine, stands still; end it"
                )
            elif isinstance(other, BaseException):
                faults.append(f"worker {name} cannot run this project ({type(other).__name__}: {other})")
            elif differing := fingerprint.differences(other, expected=self._expected):
                faults.append(worker.different(name, differing))
        if faults:
            raise ClusterError("; ".join(faults))
        self._count()

    async def _fingerprints(self) -> dict[str, dict[str, str] | BaseException]:
        """Fetch each worker's code and libraries, or why it has none; each has a time of its own."""

        async def of(name: str) -> dict[str, str] | BaseException:
            try:
                async with asyncio.timeout(WORKERLESS):
                    return (await self._client.run(fingerprint.own, workers=[name], on_error="return"))[name]
            except TimeoutError as error:
                return error

        names = list(await self._workers())
        return dict(zip(names, await asyncio.gather(*map(of, names)), strict=True))

    async def _workers(self) -> dict[str, Any]:
        found = await self._client.scheduler.identity(n_workers=-1)  # type: ignore[union-attr]
        return dict(found["workers"])

    def _count(self) -> None:
        """Count the threads of workers that take work, and note whether one of them has shown that it lives."""
        found = self._client.sync(self._workers, callback_timeout=CONNECT)
        # One that is paused has too little memory left to take work.
        workers = {name: one for name, one in found.items() if one["status"] == "running"}
        # One that stands still keeps its status for minutes.
        heartbeats = {name: one["last_seen"] for name, one in workers.items()}
        if heartbeats.items() - self._heartbeats.items():
            self._threads = sum(one["nthreads"] for one in workers.values())
            self._seen = time.monotonic()
        self._heartbeats = heartbeats

    def _look(self) -> None:
        """See to it that nobody waits for ever: Dask waits for workers without end."""
        while not self._closed.wait(LOOK_EVERY):
            try:
                self._count()
                reason = "none is there, or they have no memory left"
                if silent := sorted(self._heartbeats):
                    reason = f"{', '.join(silent)} sent no sign of life"
            except TimeoutError:
                reason = "it does not respond itself"
            except Exception:  # noqa: BLE001 - a lost connection ends each task by itself
                continue
            if time.monotonic() - self._seen > WORKERLESS:
                self._lost = ClusterError(
                    f"the scheduler {self._scheduler} has had no worker that takes work for {WORKERLESS:.0f} s: "
                    f"{reason}"
                )
                for remote in list(self._pending):
                    remote.fail(self._lost)


class _Remote(Future):
    """A task on a worker."""

    def __init__(self, cluster: Cluster, sent: distributed.Future) -> None:
        super().__init__()
        self._cluster, self._sent = cluster, sent
        self._once = threading.Lock()

    def end(self, _: distributed.Future) -> None:
        """Note that it is done, whatever became of it."""
        with self._once:
            if not self.done():
                self.set_result(None)

    def fail(self, error: ClusterError) -> None:
        """Note that nobody does it."""
        with self._once:
            if not self.done():
                self.set_exception(error)

    def result(self, timeout: float | None = None) -> Any:
        """Wait for it, and fetch its result."""
        try:
            super().result(timeout)
            return self._cluster._fetch(self._sent)
        finally:
            if self.done():
                self._cluster._pending.discard(self)


@lru_cache(maxsize=8)
def _pickled(function: Callable[..., Any]) -> bytes:
    return pickle.dumps(function)
