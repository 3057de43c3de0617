"""An external evaluation in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from components.core.formatting import interval, plural
from components.external_evaluation.recognition import TITLES
from components.external_evaluation.record import Evaluation

if TYPE_CHECKING:
    from rich.console import Console

#: Files left out that are listed; the page and the JSON have them all.
LISTED = 20


def show(found: Evaluation, *, folder: Path | None = None, console: Console | None = None) -> None:
    """Print the headline of each model, every group apart, each genre, and what was left out.

    Parameters
    ----------
    found : Evaluation
        The result.
    folder : Path, optional
        Where page and tables lie.
    console : Console, optional
        By default standard output.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = console or Console()
    # Text, never markup: names of models, genres and files come from outside.
    title = f"{plural(len(found.models), 'model')} on {plural(found.songs, 'song')} of {found.name} "
    title += f"({found.songs_with_artist} with a known artist, {plural(found.artists, 'artist')})"
    table = Table(
        title=Text(title), title_justify="left", padding=(0, 1), collapse_padding=True, box=box.SIMPLE
    )
    table.add_column("model", overflow="fold", min_width=6)
    table.add_column("songs", overflow="fold", min_width=14)
    # Eighty columns hold the table; the page has more figures.
    for heading in ("", "right, % (95 %)", "segm.", "F1", "top 2", "ECE"):
        table.add_column(heading, justify="right", no_wrap=True)
    for label, model in found.models.items():
        name = label
        for group, figures in model.groups.items():
            row = [
                str(figures.songs),
                f"{100 * figures.accuracy:.1f} ({interval(figures.model_dump(), 'accuracy')})",
                f"{100 * figures.segment_accuracy:.1f}",
                f"{figures.macro_f1:.2f}",
                f"{100 * figures.top2_accuracy:.1f}",
                f"{figures.ece:.2f}",
            ]
            style = "bold" if group == model.headline else "dim"
            table.add_row(Text(name), Text(TITLES[group]), *row, style=style)
            name = ""
    console.print(table)
    for label, model in found.models.items():
        marks = f" ({', '.join(model.marks)})" if model.marks else ""
        guessing = f"always naming the largest genre gives {100 * model.chance:.1f} %"
        console.print(Text(f"{label}{marks}: {model.sentence}; {guessing}"))
        if model.gap:
            console.print(Text(f"  {model.gap.sentence} {model.gap.about}"))
    for pair in found.pairs:
        console.print(Text(pair.sentence))
    recalls = Table(box=box.SIMPLE, padding=(0, 1))
    for heading in ("genre", "songs", *found.models):
        recalls.add_column(Text(heading), justify="left" if heading == "genre" else "right")
    for genre, songs in found.genres.items():
        cells = []
        for model in found.models.values():
            one = model.by_genre.get(genre)
            cells.append(f"{one.right} of {one.songs}, {100 * one.recall:.0f} %" if one else "–")
        recalls.add_row(Text(genre), str(songs), *cells)
    console.print(recalls)
    for note in found.notes:
        console.print(Text(f"Note: {note}", style="yellow"))
    if found.unknown_genres:
        others = ", ".join(f"{genre} ({songs})" for genre, songs in found.unknown_genres.items())
        console.print(Text(f"Left out, of genres that not every model knows: {others}", style="yellow"))
    if found.beyond_limit:
        console.print(Text(f"Left out by --limit: {plural(found.beyond_limit, 'song')}"))
    if found.left_out:
        console.print(Text(f"Left out: {plural(len(found.left_out), 'file')}", style="red"))
        for name, reason in list(found.left_out.items())[:LISTED]:
            console.print(Text(f"  {name}: {reason}"))
        if len(found.left_out) > LISTED:
            console.print(Text(f"  and {len(found.left_out) - LISTED} more"))
    if folder:
        console.print(Text(f"Page: {folder / 'index.html'}"))
