"""The comparison as a table in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.core import formatting
from components.reporting import sentences

if TYPE_CHECKING:
    from rich.console import Console


def show(result: Mapping[str, Any], *, report: Path, console: Console | None = None) -> None:
    """Print the models side by side, which cannot be told apart, and what to know before reading.

    Parameters
    ----------
    result : mapping
        What :func:`components.stages.compare.run` returns.
    report : Path
        The page to point to.
    console : Console, optional
        Where to; by default standard output.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = console or Console()
    title = (
        f"{formatting.plural(len(result['ranking']), 'model')} on {formatting.plural(result['songs'], 'test song')}, "
        f"{formatting.plural(len(result['genres']), 'genre')}"
    )
    table = Table(
        title=Text(f"{title}, protocol {result['protocol']}"),
        title_justify="left",
        padding=(0, 1),
        box=box.SIMPLE,
    )
    table.add_column("model", overflow="fold", min_width=13)
    # Percent, but for F1 and seconds; eighty columns hold the table.
    for heading in ("valid.", "test (95 %)", "segm.", "F1", "train"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("marks", overflow="fold", min_width=9)
    for name in result["ranking"]:
        row, best = result["models"][name], name == result["best"]
        test = row["test"]
        marks = [mark.split(":")[0] for mark in row["marks"]] + ["at chance"] * row["at_chance"]
        # Text, never markup: names of models and genres come from files.
        table.add_row(
            Text(f"{name} ★" if best else name),
            f"{100 * row['validation']['song_accuracy']:.1f}",
            f"{100 * test['song_accuracy']:.1f} ({formatting.interval(test, metric='song_accuracy')})",
            f"{100 * test['segment_accuracy']:.1f}",
            f"{test['macro_f1']:.2f}",
            f"{row['seconds']:.0f} s",
            Text(", ".join(marks)),
            style="bold" if best else "",
        )
    console.print(table)
    console.print(
        Text(
            f"★ best on validation songs. Songs by vote of their segments, in percent; guessing gives "
            f"{100 * result['chance']:.1f}."
        )
    )
    for sentence in sentences.verdicts(result):
        console.print(Text(sentence))
    for note in result["notes"]:
        console.print(Text(f"Note: {note}", style="yellow"))
    console.print(Text(f"Report: {report}"))
