"""What runs on a worker of a cluster: one task, in an environment that is checked first."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from components.core.errors import ClusterError
from components.parallel import child, fingerprint
from components.parallel.child import Alone, Held


class Outcome(NamedTuple):
    """What became of a task: its value, or the error that its function raised."""

    worker: str
    value: Any = None
    error: BaseException | None = None


def run(expected: Mapping[str, str], function: bytes, arguments: bytes, *shared: Held) -> Outcome:
    """Run one task.

    Function and arguments are read only after the check, since other code may not even read them.

    Parameters
    ----------
    expected : mapping of str to str
        The :func:`components.parallel.fingerprint.own` of whoever sent it.
    function, arguments : bytes
        Pickled; the arguments as a tuple and a dict.
    shared : Held
        Values that several tasks share, given after the arguments.

    Raises
    ------
    ClusterError
        If the task's own process ended: for Dask the task then failed, and is begun again, here or elsewhere.
    """
    from distributed import get_worker

    address = get_worker().address
    if differing := fingerprint.differences(fingerprint.own(), expected=expected):
        return Outcome(address, error=ClusterError(different(address, differing)))
    try:
        called = _function(function)
        if isinstance(called, Alone):
            value, error = child.run(expected, function, arguments, shared)
            if isinstance(error, ClusterError):
                error = ClusterError(f"worker {address}: {error}")
            return Outcome(address, value, error)
        _prepare()
        positional, named = pickle.loads(arguments)  # noqa: S301 - whoever reaches a worker may run anything there
        return Outcome(address, value=called(*positional, *(one.value for one in shared), **named))
    except child.EndedError as ended:
        raise ClusterError(f"worker {address}: {ended}") from None
    except Exception as error:  # noqa: BLE001 - it is raised where the task was sent from
        return Outcome(address, error=child.portable(error))


def different(address: str, differing: list[str]) -> str:
    """Say that a worker's values could be others."""
    return (
        f"worker {address} differs: {', '.join(differing)}; valid: workers with the same code and libraries, "
        "started anew after a change"
    )


def hold(value: Any) -> Any:
    """Return a value that tasks share: a task of its own, which the scheduler repeats where its worker is lost."""
    return value


@lru_cache(maxsize=8)
def _function(pickled: bytes) -> Any:
    # Bound to all that its tasks have in common; read once.
    return pickle.loads(pickled)  # noqa: S301 - as above


@lru_cache(maxsize=1)
def _prepare() -> None:
    """Have matrix products run on one thread: they are then rounded alike on any number of processors.

    For good, and before the first task: tasks that set and reset the limit side by side would undo each other's.
    """
    import numpy  # noqa: F401 - brings the library whose threads are limited; so does the next
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="blas")
