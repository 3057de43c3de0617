"""A bar that says how far extraction is, how fast it goes and how long it will take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f} tracks/s" if task.speed else "- tracks/s")


@contextmanager
def progress(name: str, *, total: int, kept: int, console: Console) -> Iterator[Callable[[int], None]]:
    """Show a bar while the body runs; nothing where the terminal is no terminal.

    Parameters
    ----------
    name : str
        The feature.
    total, kept : int
        Tracks in all, and those that need no work.
    console : Console
        Where to draw.

    Yields
    ------
    callable
        Takes the number of tracks just done.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Speed(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(name, total=total, completed=kept)
        yield lambda tracks: bar.advance(task, tracks)
