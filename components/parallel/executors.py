"""Where work is spread: one executor for whatever is parallel, that of a cluster where one is named."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TypeVar

from components.parallel import cluster

#: Tasks submitted at once to an executor of this machine: enough to keep it busy, and little memory for a million.
WINDOW = 64

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def executor(local: Callable[[], Executor]) -> Iterator[Executor]:
    """Give the executor that work goes to, until the block ends; what is not done by then is cancelled.

    Parameters
    ----------
    local : callable
        Makes the executor of this machine; called where ``GENRE_CLUSTER`` names no cluster.

    Yields
    ------
    Executor
        A :class:`components.parallel.cluster.Cluster`, or the local one.

    Raises
    ------
    ParamsError
        If ``GENRE_CLUSTER`` is no address.
    ClusterError
        If the cluster cannot be reached, or a worker differs from this process in code or libraries.
    """
    address = cluster.address()
    pool = cluster.connect(address) if address else local()
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def completed(
    pool: Executor, function: Callable[..., Result], items: Iterable[Item], *beside: object
) -> Iterator[tuple[Item, Result]]:
    """Apply a function to items, and yield each with its result as it ends.

    Parameters
    ----------
    pool : Executor
        From :func:`executor`.
    function : callable
        Takes an item, and what stands beside.
    items : iterable
        As many as one likes: they are taken as they are needed.
    beside : object
        Given to each call, such as what :meth:`components.parallel.cluster.Cluster.share` returns.

    Yields
    ------
    item, result
        In any order.
    """
    left = iter(items)
    waiting: dict[Future[Result], Item] = {}
    ended: SimpleQueue[Future[Result]] = SimpleQueue()
    while True:
        for item in itertools.islice(left, max(0, window(pool) - len(waiting))):
            future = pool.submit(function, item, *beside)
            waiting[future] = item
            future.add_done_callback(ended.put)
        if not waiting:
            return
        future = ended.get()
        yield waiting.pop(future), future.result()


def ordered(pool: Executor, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Apply a function to items, and yield the results in the items' order; otherwise as :func:`completed`."""
    left = iter(items)
    waiting: deque[Future[Result]] = deque()
    while True:
        for item in itertools.islice(left, max(0, window(pool) - len(waiting))):
            waiting.append(pool.submit(function, item))
        if not waiting:
            return
        yield waiting.popleft().result()


def window(pool: Executor) -> int:
    """Return how many tasks an executor is given at once."""
    return pool.window if isinstance(pool, cluster.Cluster) else WINDOW


def is_remote(pool: Executor) -> bool:
    """Return whether tasks may run on another machine: they then find no relative path, and write nothing."""
    return isinstance(pool, cluster.Cluster)
