"""Answers of a model as a table in the terminal, as JSON, or as CSV."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from components.core.console import quiet
from components.serving.load import Voice
from components.serving.predict import Answer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

#: Characters of a full bar.
BAR = 20
#: One colour a genre, told apart on light and dark terminals; a hundred genres go round.
COLOURS = (
    "blue", "bright_magenta", "yellow", "cyan", "bright_red", "green", "magenta", "bright_blue", "bright_green",
    "red",
)  # fmt: skip


def run(songs: Sequence[Path], *, model: str | None, form: str, timeline: bool) -> int:
    """Answer for files and folders, on standard output; progress goes to standard error.

    Parameters
    ----------
    songs : sequence of Path
        Files and folders.
    model : str or None
        See :func:`components.serving.load.address`.
    form : str
        ``table``, ``json`` or ``csv``.
    timeline : bool
        Whether to show each segment.

    Returns
    -------
    int
        Exit status: 1 if any file has no answer.

    Raises
    ------
    RegistryError, AudioError, ParamsError
        If there is no such model, or a folder holds no audio.
    """
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    from components.serving import predict

    files = predict.listed(songs)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn())
    with quiet() as stderr:
        aside = Console(file=stderr)
        progress = Progress(*columns, console=aside, transient=True, disable=not aside.is_terminal)
        with progress:
            voice, said = _ask(files, model=model, progress=progress)
    match form:
        case "json":
            write_json(said, voice=voice, timeline=timeline, to=sys.stdout)
        case "csv":
            write_csv(said, genres=voice.model.record.genres, timeline=timeline, to=sys.stdout)
        case _:
            show(said, voice=voice, timeline=timeline)
    return 1 if any(answer.reason for answer in said) else 0


def _ask(files: Sequence[Path], *, model: str | None, progress: Progress) -> tuple[Voice, list[Answer]]:
    from components.config import params
    from components.serving import load, predict

    client = load.store()
    task = progress.add_task("loading the model", total=len(files))
    voice = load.load(client, load.address(client, model, params=params.load()))
    progress.update(task, description=f"{voice.name} is listening")
    said = []
    for answer in predict.answers(files, voice=voice):
        said.append(answer)
        progress.advance(task)
    return voice, said


def write_json(answers: Iterable[Answer], *, voice: Voice, timeline: bool, to: TextIO) -> None:
    """Write one JSON object: the model, and a list of songs.

    Parameters
    ----------
    answers : iterable of Answer
        In order.
    voice : Voice
        Who answered.
    timeline : bool
        Whether to include each segment.
    to : TextIO
        Where.
    """
    songs: list[dict[str, Any]] = []
    for answer in answers:
        song: dict[str, Any] = {"file": str(answer.file)}
        if answer.reason:
            song["reason"] = answer.reason
        else:
            song |= {"genre": answer.genre, "probabilities": answer.probabilities}
            song |= {"timeline": answer.timeline} if timeline else {}
        songs.append(song)
    who = {"name": voice.name, "uri": voice.uri, "run_id": voice.run_id, "marks": list(voice.marks)}
    json.dump({"model": who, "songs": songs}, to, indent=2, ensure_ascii=False)
    to.write("\n")


def write_csv(answers: Iterable[Answer], *, genres: Sequence[str], timeline: bool, to: TextIO) -> None:
    """Write a CSV table, one row a song, or one row a segment.

    Parameters
    ----------
    answers : iterable of Answer
        In order.
    genres : sequence of str
        Label order.
    timeline : bool
        Rows are segments with ``start`` and ``probability``; otherwise songs with every probability.
    to : TextIO
        Where.
    """
    named = ["start", "probability"] if timeline else [f"probability.{genre}" for genre in genres]
    table = csv.DictWriter(to, ["file", "genre", *named, "reason"], lineterminator="\n")
    table.writeheader()
    for answer in answers:
        song = {"file": str(answer.file), "genre": answer.genre, "reason": answer.reason}
        if timeline and not answer.reason:
            table.writerows({**song, **moment} for moment in answer.timeline)
        else:
            chances = {} if timeline else answer.probabilities
            table.writerow(song | {f"probability.{genre}": share for genre, share in chances.items()})


def show(answers: Sequence[Answer], *, voice: Voice, timeline: bool, console: Console | None = None) -> None:
    """Print a table with a bar for each song.

    Parameters
    ----------
    answers : sequence of Answer
        In order.
    voice : Voice
        Who answered.
    timeline : bool
        Whether to print each segment's genre under its song.
    console : Console, optional
        Where to; by default standard output.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = console or Console()
    styles = {genre: COLOURS[at % len(COLOURS)] for at, genre in enumerate(voice.model.record.genres)}
    table = Table(box=box.SIMPLE, padding=(0, 1))
    # Text, never markup: names of files and genres come from outside.
    table.add_column("song", overflow="fold")
    table.add_column("genre", no_wrap=True)
    table.add_column("probability", no_wrap=True)
    table.add_column("then", overflow="fold")
    for answer in answers:
        if answer.reason:
            table.add_row(
                Text(answer.file.name), Text("—", style="red"), "", Text(answer.reason, style="red")
            )
            continue
        ranked = sorted(answer.probabilities.items(), key=lambda item: -item[1])
        (genre, share), rest = ranked[0], ranked[1:3]
        bar = Text(bar_of(share), style=styles[genre]) + Text(f" {share:4.0%}", style="default")
        others = Text(
            ", ".join(f"{other} {chance:.0%}" for other, chance in rest if chance >= 0.005), style="dim"
        )
        table.add_row(Text(answer.file.name), Text(genre, style=f"bold {styles[genre]}"), bar, others)
    console.print(table)
    if timeline:
        for answer in answers:
            if not answer.reason:
                console.print(Text(answer.file.name, style="bold"))
                for moment in answer.timeline:
                    minutes, seconds = divmod(moment["start"], 60)
                    line = Text(f"  {minutes:3.0f}:{seconds:04.1f}  ", style="dim")
                    drawn = f"{bar_of(moment['probability'])} {moment['probability']:4.0%} "
                    line += Text(drawn, style=styles[moment["genre"]])
                    console.print(line + Text(moment["genre"]))
    failed = sum(bool(answer.reason) for answer in answers)
    marks = f" ({', '.join(voice.marks)})" if voice.marks else ""
    console.print(Text(f"{voice.name}{marks}, {voice.uri}; run {voice.run_id}", style="dim"))
    if failed:
        console.print(Text(f"{failed} of {len(answers)} files could not be heard", style="red"))


def bar_of(share: float) -> str:
    """Draw a share as a bar in eighths of a character.

    Parameters
    ----------
    share : float
        Within 0 and 1.

    Returns
    -------
    str
        At most :data:`BAR` characters, padded with spaces to that length.
    """
    whole, part = divmod(round(share * BAR * 8), 8)
    return ("█" * whole + ("" if part == 0 else "▏▎▍▌▋▊▉"[part - 1])).ljust(BAR)
