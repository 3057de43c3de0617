"""A process of its own for a task on a worker: a fit seeds its whole process, and TensorFlow chooses its threads once.

A worker runs tasks in threads of one process. Here each such thread has one process more, which is kept for the next
task, since it has imported what takes seconds, and ends with its worker.

    python -m components.parallel.child

reads tasks from standard input and writes outcomes to standard output, both pickled; what libraries print goes to
standard error.
"""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.core.errors import ClusterError
from components.parallel import fingerprint


@dataclass(frozen=True)
class Alone:
    """A function whose tasks have a process each, on a cluster; elsewhere it is called as it is."""

    function: Callable[..., Any]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it."""
        return self.function(*args, **kwargs)


@dataclass(frozen=True)
class Held:
    """A value that tasks share, and its name."""

    name: str
    value: Any


class EndedError(Exception):
    """The process of a task ended before the task did."""


class Child:
    """A process that runs one task after another."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._has: set[str] = set()

    def run(
        self, expected: Mapping[str, str], function: bytes, arguments: bytes, shared: Sequence[Held]
    ) -> tuple[Any, BaseException | None]:
        """Run a task there, and return its value or its error; see :func:`components.parallel.worker.run`."""
        names = [one.name for one in shared]
        new = [one for one in shared if one.name not in self._has]
        try:
            pickle.dump((expected, function, arguments, names, new), self._process.stdin)  # type: ignore[arg-type]
            self._process.stdin.flush()  # type: ignore[union-attr]
            outcome = pickle.load(self._process.stdout)  # type: ignore[arg-type]  # noqa: S301 - our own process
        except (OSError, EOFError, pickle.UnpicklingError):
            status = self._process.wait()
            ended = f"signal {-status}" if status < 0 else f"exit status {status}"
            raise EndedError(f"the process of a task ended with {ended}: killed, or out of memory") from None
        self._has = set(names)
        return outcome


#: Those that wait for a task, the last used first: it has most of what the next needs.
_idle: queue.LifoQueue[Child] = queue.LifoQueue()


def run(
    expected: Mapping[str, str], function: bytes, arguments: bytes, shared: Sequence[Held]
) -> tuple[Any, BaseException | None]:
    """Run a task in a process that waits, or in a new one.

    Raises
    ------
    EndedError
        If the process ended.
    """
    try:
        child = _idle.get_nowait()
    except queue.Empty:
        child = Child()
    outcome = child.run(expected, function, arguments, shared)
    _idle.put(child)
    return outcome


def portable(error: BaseException) -> BaseException:
    """Return an error with a note of where it was raised; where it cannot travel, another one with its text."""
    error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - whatever an exception's own code raises
        return RuntimeError("".join(traceback.format_exception(error)))
    return error


def main() -> None:
    """Run tasks until whoever sends them has ended."""
    outcomes = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def read() -> None:
        while True:
            try:
                tasks.put(pickle.load(sys.stdin.buffer))  # noqa: S301 - of the worker that started this process
            except EOFError:
                # The worker has ended, perhaps in the middle of a task that nobody waits for any more.
                os._exit(1)

    threading.Thread(target=read, daemon=True).start()
    held: dict[str, Any] = {}
    while True:
        expected, function, arguments, names, new = tasks.get()
        held = {name: held[name] for name in names if name in held} | {one.name: one.value for one in new}
        value = error = None
        try:
            if differing := fingerprint.differences(fingerprint.own(), expected=expected):
                raise ClusterError(f"its code has changed: {', '.join(differing)}; start it anew")
            positional, named = pickle.loads(arguments)  # noqa: S301 - as above
            value = pickle.loads(function)(*positional, *(held[name] for name in names), **named)  # noqa: S301
        except Exception as caught:  # noqa: BLE001 - it is raised where the task was sent from
            error = portable(caught)
        pickle.dump((value, error), outcomes)
        outcomes.flush()


if __name__ == "__main__":
    main()
