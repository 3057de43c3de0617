"""Progress of a flow in the terminal: which stage runs, how far stage and flow are, how long they take."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from components.core import progress
from components.core.formatting import rough_duration
from components.core.progress import MARK

#: Seconds that a stage takes before its time left is shown, and between two lines where there is no terminal.
LONG = 10.0


@dataclass
class _Running:
    """A stage that runs: its bar, and what it has counted of its work since when."""

    bar: TaskID
    began: float = field(default_factory=time.monotonic)
    written: float = field(default_factory=time.monotonic)
    first: tuple[float, int] | None = None
    done: int = 0
    total: int = 0

    def count(self, done: int, total: int) -> None:
        # A stage may count one thing after another: executions, then epochs.
        if self.first is None or total != self.total or done < self.done:
            self.first = (time.monotonic(), done)
        self.done, self.total = done, total

    @property
    def is_long(self) -> bool:
        """Whether it counts its work, is in the middle of it, and has run for long."""
        between = self.first is not None and self.first[1] < self.done < self.total
        return between and time.monotonic() - self.began >= LONG

    def left(self) -> float | None:
        """Return the seconds left at the pace until now; None where that is not known, or the stage is short."""
        if self.first is None or not self.is_long:
            return None
        since, before = self.first
        return progress.left(self.done - before, self.total - before, seconds=time.monotonic() - since)


class _Counted(MofNCompleteColumn):
    """How many of how many, where a stage counts its work."""

    def render(self, task: Task) -> Text:
        return Text("") if task.total is None else super().render(task)


class _Left(ProgressColumn):
    """Seconds left, where they are known."""

    def render(self, task: Task) -> Text:
        left = task.fields.get("left")
        return Text("" if left is None else f"about {rough_duration(left)} left", style="progress.remaining")


class Board:
    """A line a stage that ended; in a terminal, a bar for each that runs and one for the flow.

    Where there is no terminal, a stage that begins has a line, and one that counts its work a line now and then.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to write; standard output by default, ``Console(quiet=True)`` for a flow without a terminal.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            _Counted(),
            TextColumn("{task.fields[unit]}"),
            TimeElapsedColumn(),
            _Left(),
            console=self.console,
            transient=True,
            refresh_per_second=2,
            disable=not self.console.is_terminal,
        )
        self._all = self._bars.add_task("all", unit="stages", total=0)
        self._running: dict[str, _Running] = {}
        self._place: dict[str, int] = {}
        self._total = 0
        self._lock = threading.Lock()

    @contextmanager
    def shown(self) -> Iterator[Board]:
        """Keep the bars up to date until the block ends (only where the console is a terminal)."""
        with self._bars:
            yield self

    def refresh(self) -> None:
        """Draw the bars now, which else happens twice a second."""
        self._bars.refresh()

    def message(self, line: str) -> None:
        """Write one line."""
        self.console.print(escape(line))

    def plan(self, total: int) -> None:
        """Set the number of stages that are going to run."""
        with self._lock:
            self._total = total
        self._bars.update(self._all, total=total)

    def start(self, stage: str) -> None:
        """Report that a stage begins; nothing for one that is tried again."""
        with self._lock:
            if stage in self._running:
                return
            self._running[stage] = _Running(self._bars.add_task(escape(stage), unit="", total=None))
        numbered = self._numbered(stage)
        if not self.console.is_terminal:
            self.message(numbered)

    def line(self, stage: str, text: str) -> None:
        """Show a line that a stage wrote, or how far it is (see :mod:`components.core.progress`)."""
        if text.startswith(MARK):
            self._count(stage, **json.loads(text.removeprefix(MARK)))
        else:
            self.message(f"  {stage} | {text}")

    def _count(self, stage: str, *, done: int, total: int, unit: str) -> None:
        with self._lock:
            running = self._running.get(stage)
            if running is None:
                return
            running.count(done, total)
            left = running.left()
            due = running.is_long and time.monotonic() - running.written >= LONG
            if due:
                running.written = time.monotonic()
        self._bars.update(running.bar, completed=done, total=total, unit=unit, left=left)
        if due and not self.console.is_terminal:
            self.message(f"  {stage}: {progress.state(done, total, unit, left=left)}")

    def end(self, stage: str, outcome: str) -> None:
        """Report how a stage ended, or why it will not run at all."""
        with self._lock:
            running = self._running.pop(stage, None)
        if running is not None:
            self._bars.remove_task(running.bar)
        self._bars.advance(self._all)
        self.message(f"{self._numbered(stage)}: {outcome}")

    def _numbered(self, stage: str) -> str:
        with self._lock:
            place = self._place.setdefault(stage, len(self._place) + 1)
            return f"[{place}/{self._total}] {stage}"
