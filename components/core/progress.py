"""How far long work is: a bar in a terminal, messages to the flow that runs a stage, elsewhere now and then a line."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Protocol, TextIO, TypeAlias, TypeVar

from components.core.formatting import rough_duration

#: Environment variable that a flow sets: progress goes to standard output as messages, which it shows.
MESSAGES = "GENRE_PROGRESS_MESSAGES"
#: Environment variable that asks for a line for each epoch and each execution too; ``genre run --verbose`` sets it.
VERBOSE = "GENRE_VERBOSE"
#: A message is a line: this character, which no other line begins with, and JSON (RFC 7464).
MARK = "\x1e"
#: Seconds between two messages, and between two lines.
MESSAGE_EVERY, LINE_EVERY = 0.5, 10.0
#: Share of the work, or units of it, that have to be done for an estimate: the first ones hold what is done once.
ENOUGH, ENOUGH_UNITS = 0.1, 20


T = TypeVar("T")
#: Where progress is shown: a stream (None for standard error), or what takes a line, such as a logger's method.
Place: TypeAlias = TextIO | Callable[[str], object] | None


class Advance(Protocol):
    """Reports work that was just done."""

    def __call__(self, count: int = 1, /) -> None:
        """Add ``count`` units, 0 or more."""


def is_verbose() -> bool:
    """Return whether a line was asked for each epoch and each execution."""
    return bool(os.environ.get(VERBOSE))


@contextmanager
def counted(name: str, *, total: int, unit: str, done: int = 0, to: Place = None) -> Iterator[Advance]:
    """Show how far a piece of work is, until the block ends.

    Parameters
    ----------
    name : str
        What is worked on, such as a model.
    total : int
        Units in all, 0 or more; the block may end before.
    unit : str
        What is counted, in the plural: ``tracks``, ``epochs``.
    done : int
        Units that were done before.
    to : TextIO or callable, optional
        A stream, where a terminal shows a bar and a file takes lines; or what takes a line. Standard error by default.

    Yields
    ------
    callable
        Call it with the number of units just done, 1 by default.

    Examples
    --------
    >>> with counted("mlp", total=3, unit="epochs") as advance:
    ...     for epoch in range(3):
    ...         advance()
    """
    if os.environ.get(MESSAGES):
        yield _Messages(total, unit, done)
    elif callable(to):
        yield _Lines(name, total, unit, done, to)
    elif (stream := to or sys.stderr).isatty():
        with _bar(name, total=total, unit=unit, done=done, to=stream) as advance:
            yield advance
    else:
        yield _Lines(name, total, unit, done, partial(print, file=stream, flush=True))


def each(values: Iterable[T], name: str, *, total: int, unit: str, to: Place = None) -> Iterator[T]:
    """Yield values, and show how many of ``total`` have been worked on; see :func:`counted`."""
    with counted(name, total=total, unit=unit, to=to) as advance:
        for value in values:
            yield value
            advance()


def line(text: str, *, to: Place = None) -> None:
    """Write a line where progress is shown."""
    if callable(to):
        to(text)
    else:
        print(text, file=to or sys.stderr, flush=True)


def left(done: int, total: int, *, seconds: float) -> float | None:
    """Return the seconds left of ``total`` units at the pace of those done; None where that is not known yet."""
    if not done or done < min(ENOUGH * total, ENOUGH_UNITS):
        return None
    return seconds / done * (total - done)


def state(done: int, total: int, unit: str, *, left: float | None) -> str:
    """Write how far work is: ``3 of 40 tracks, about 12 s left``; without the time where that is not known."""
    return f"{done} of {total} {unit}" + ("" if left is None else f", about {rough_duration(left)} left")


class _Messages:
    def __init__(self, total: int, unit: str, done: int) -> None:
        self._done, self._total, self._unit = done, total, unit
        self._next = 0.0
        self(0)

    def __call__(self, count: int = 1, /) -> None:
        self._done += count
        now = time.monotonic()
        if now >= self._next or self._done >= self._total:
            self._next = now + MESSAGE_EVERY
            message = {"done": self._done, "total": self._total, "unit": self._unit}
            print(f"{MARK}{json.dumps(message)}", flush=True)


class _Lines:
    def __init__(self, name: str, total: int, unit: str, done: int, write: Callable[[str], object]) -> None:
        self._name, self._unit, self._write = name, unit, write
        self._first, self._done, self._total = done, done, total
        self._began = self._last = time.monotonic()

    def __call__(self, count: int = 1, /) -> None:
        self._done += count
        now = time.monotonic()
        if now - self._last >= LINE_EVERY and self._first < self._done < self._total:
            self._last = now
            rest = left(self._done - self._first, self._total - self._first, seconds=now - self._began)
            self._write(f"{self._name}: {state(self._done, self._total, self._unit, left=rest)}")


@contextmanager
def _bar(name: str, *, total: int, unit: str, done: int, to: TextIO) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TextColumn

    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TextColumn(unit))
    with Progress(*columns, console=Console(file=to), transient=True) as bar:
        task = bar.add_task(name, total=total, completed=done)

        def advance(count: int = 1, /) -> None:
            bar.advance(task, count)

        yield advance
