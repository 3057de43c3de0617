"""Signs of life in MLflow's store: by them another machine sees that the process that writes a run has ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from components.tracking import errors

#: Tag of a run: when its process last gave a sign of life, in seconds since 1970.
TAG = "genre.heartbeat"
#: Seconds between two of them.
INTERVAL = 60.0
#: Seconds without one after which a run of another machine is taken to be left: ten intervals, so that neither a store
#: that is away for some minutes nor clocks that are minutes apart end a run that goes on.
LOST = 600.0


@contextmanager
def beating(renew: Callable[[], object], *, every: float) -> Iterator[None]:
    """Call a function every so many seconds, in a thread of its own, until the block ends.

    Where the store is away, the next call is made all the same: whoever uses the store in the block meets that error.

    Parameters
    ----------
    renew : callable
        Writes the sign of life.
    every : float
        Seconds between two calls. The first is made after so many, so a short block has no cost.
    """
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(every):
            try:
                renew()
            except Exception as error:
                if not errors.of_the_store(error):
                    raise

    # Not waited for: a last call into a run that has ended is refused, or changes nothing.
    threading.Thread(target=beat, name="heartbeat", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def now() -> str:
    """Return the value of :data:`TAG` at this moment."""
    return f"{time.time():.0f}"


def lost(tags: Mapping[str, str]) -> bool:
    """Return whether the last sign of life among a run's tags is too old; False where it never gave one."""
    last = tags.get(TAG, "")
    return last.isdigit() and time.time() - int(last) > LOST
