"""What ``genre tag`` shows: a table in the terminal, JSON, or CSV."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from components.core.formatting import plural, printable
from components.serving.load import LoadedModel
from components.serving.output import line_of_model, of_model
from components.tagging.propose import Choice, Outcome, Song

if TYPE_CHECKING:
    from rich.console import Console

#: How each outcome is shown.
STYLES = {
    "proposed": "bold", "written": "bold green", "kept": "dim", "same": "dim", "unsure": "yellow", "failed": "red",
}  # fmt: skip


def write_json(songs: Sequence[Song], *, choice: Choice, model: LoadedModel | None, to: TextIO) -> None:
    """Write one JSON object: the model (null where none was needed), the field, and a list of songs."""
    rows = [
        {
            "file": str(song.file),
            "existing": list(song.before),
            "proposed": [
                {"genre": genre, "confidence": share} for genre, share in (song.proposed or {}).items()
            ],
            "outcome": song.outcome,
            "reason": song.reason,
        }
        for song in songs
    ]
    about = {"model": of_model(model) if model else None, "field": choice.field, "songs": rows}
    json.dump(about, to, indent=2, ensure_ascii=False)
    to.write("\n")


def write_csv(songs: Sequence[Song], *, to: TextIO) -> None:
    """Write a CSV table, a row a song; several genres are separated by ``; ``, confidence is the first's."""
    table = csv.writer(to, lineterminator="\n")
    table.writerow(["file", "existing", "proposed", "confidence", "outcome", "reason"])
    for song in songs:
        confidence = next(iter((song.proposed or {}).values()), "")
        genres = "; ".join(song.proposed or ())
        table.writerow([song.file, "; ".join(song.before), genres, confidence, song.outcome, song.reason])


def show(
    songs: Sequence[Song],
    *,
    choice: Choice,
    model: LoadedModel | None,
    write: bool,
    playlists: Sequence[Path] = (),
    console: Console | None = None,
) -> None:
    """Print a table, and below it how many files have each outcome."""
    from rich import box
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    console = console or Console()
    right = Column("confidence", justify="right", no_wrap=True)
    table = Table("song", f"{choice.field} now", "proposed", right, "", box=box.SIMPLE)
    for song in songs:
        # Text, never markup: names of files and genres come from outside.
        shares = ", ".join(f"{share:.0%}" for share in (song.proposed or {}).values())
        remark = song.outcome if song.outcome in ("proposed", "written") else song.reason
        changes = song.outcome in ("proposed", "written")
        table.add_row(
            Text(printable(song.file.name), overflow="fold"),
            Text(printable(", ".join(song.before)) or "—", style="" if song.before else "dim"),
            Text(", ".join(song.proposed or ()), style="bold" if changes else "dim"),
            Text(shares),
            Text(printable(remark), style=STYLES[song.outcome]),
        )
    console.print(table)
    if model is not None:
        console.print(Text(line_of_model(model), style="dim"))
    counts = Counter(song.outcome for song in songs)
    words: dict[Outcome, str] = {
        "proposed": "proposed", "written": "written", "kept": "kept as they are", "same": "alike already",
        "unsure": "unsure", "failed": "failed",
    }  # fmt: skip
    console.print(Text(", ".join(f"{counts[key]} {word}" for key, word in words.items() if counts[key])))
    if counts["proposed"] and not write:
        console.print(Text("nothing was written; --write does", style="yellow"))
    if counts["written"]:
        console.print(Text("`genre tag --undo` takes it back", style="dim"))
    if playlists:
        console.print(Text(f"{len(playlists)} playlists in {playlists[0].parent}"))


def show_undone(
    restored: int, *, left: Mapping[str, str], journal: Path, console: Console | None = None
) -> None:
    """Print how many files have their old value again, and which were left alone."""
    from rich.console import Console
    from rich.text import Text

    console = console or Console()
    for file, reason in left.items():
        console.print(Text(printable(f"{file}: {reason}"), style="red"), soft_wrap=True)
    have = "has its" if restored == 1 else "have their"
    console.print(
        Text(f"{plural(restored, 'file')} {have} earlier value again (journal {journal.name})"),
        soft_wrap=True,
    )
