"""Progress of a flow in the terminal: which stage runs, how far the flow is, how long it takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.text import Text


class Board:
    """Lines as things happen, and in a terminal a last line that counts the seconds.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to write; standard output by default, ``Console(quiet=True)`` for a flow without a terminal.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._began = time.monotonic()
        self._running: dict[str, float] = {}
        self._place: dict[str, int] = {}
        self._ended = 0
        self._total = 0
        self._lock = threading.Lock()

    @contextmanager
    def shown(self) -> Iterator[Board]:
        """Keep the last line up to date until the block ends (only where the console is a terminal)."""
        if not self.console.is_terminal:
            yield self
            return
        with Live(self, console=self.console, refresh_per_second=1, transient=True):
            yield self

    def __rich__(self) -> Text:
        with self._lock:
            now = time.monotonic()
            running = ", ".join(f"{stage} {now - began:.0f} s" for stage, began in self._running.items())
            text = f"{self._ended} of {self._total} stages done, {now - self._began:.0f} s"
        return Text(f"{text}; running: {running}" if running else text, no_wrap=True, overflow="ellipsis")

    def message(self, line: str) -> None:
        """Write one line."""
        self.console.print(escape(line))

    def plan(self, total: int) -> None:
        """Set the number of stages that are going to run."""
        with self._lock:
            self._total = total

    def start(self, stage: str) -> None:
        """Report that a stage begins; nothing for one that is tried again."""
        with self._lock:
            if stage in self._running:
                return
            self._running[stage] = time.monotonic()
        self.message(self._numbered(stage))

    def line(self, stage: str, text: str) -> None:
        """Show a line that a stage wrote."""
        self.message(f"  {stage} | {text}")

    def end(self, stage: str, outcome: str) -> None:
        """Report how a stage ended, or why it will not run at all."""
        with self._lock:
            self._ended += 1
            self._running.pop(stage, None)
        self.message(f"{self._numbered(stage)}: {outcome}")

    def _numbered(self, stage: str) -> str:
        with self._lock:
            place = self._place.setdefault(stage, len(self._place) + 1)
            return f"[{place}/{self._total}] {stage}"
