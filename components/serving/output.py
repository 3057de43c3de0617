"""Predictions as a table in the terminal, as JSON, or as CSV."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from components.core.console import quiet
from components.core.formatting import plural, printable
from components.evaluation.aggregation import PREFIX
from components.serving import prediction
from components.serving.load import LoadedModel
from components.serving.predict import FilePrediction
from components.serving.prediction import Segment

if TYPE_CHECKING:
    from rich.console import Console

#: Characters of a full bar; half of them where lines have fewer characters than that.
BAR, WIDE = 20, 100
#: Columns of the CSV table before those of probabilities or segments.
COLUMNS = ("file", *(name for name in prediction.COLUMNS if name != "timeline"))
#: One colour a genre, distinct on light and dark terminals; a hundred genres go round.
COLOURS = (
    "blue", "bright_magenta", "yellow", "cyan", "bright_red", "green", "magenta", "bright_blue", "bright_green",
    "red",
)  # fmt: skip


def run(songs: Sequence[Path], *, model: str | None, form: str, timeline: bool) -> int:
    """Predict files and folders, on standard output; progress goes to standard error.

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
        Exit status: 1 if any file has no genre.

    Raises
    ------
    RegistryError, AudioError, ParamsError
        If there is no such model, or a folder holds no audio.
    """
    from components.config import params
    from components.core import progress
    from components.serving import load, predict

    own = params.load()
    files = predict.audio_files(songs, follow_links=own.corpus.follow_links)
    with quiet() as stderr, progress.counted("predict", total=len(files), unit="songs", to=stderr) as advance:
        client = load.store()
        loaded = load.load(client, load.address(client, model, params=own), unsure=own.unsure)
        predictions = []
        for one in predict.predict(files, model=loaded):
            predictions.append(one)
            advance()
    match form:
        case "json":
            write_json(predictions, model=loaded, timeline=timeline, to=sys.stdout)
        case "csv":
            write_csv(predictions, genres=loaded.genres, timeline=timeline, to=sys.stdout)
        case _:
            show(predictions, model=loaded, timeline=timeline)
    return int(any(one.prediction is None for one in predictions))


def write_json(
    predictions: Iterable[FilePrediction], *, model: LoadedModel, timeline: bool, to: TextIO
) -> None:
    """Write one JSON object: the model, and a list of songs."""
    songs = [of_song(one, timeline=timeline) for one in predictions]
    json.dump({"model": of_model(model), "songs": songs}, to, indent=2, ensure_ascii=False)
    to.write("\n")


def of_model(model: LoadedModel) -> dict[str, Any]:
    """Return what JSON says of a model."""
    return {"name": model.name, "uri": model.uri, "run_id": model.run_id, "marks": model.marks}


def line_of_model(model: LoadedModel) -> str:
    """Return what stands of a model below a table: ``mlp, models:/genre/3; run 3f0c…``."""
    marks = f" ({', '.join(model.marks)})" if model.marks else ""
    return f"{model.name}{marks}, {model.uri}; run {model.run_id}"


def of_song(one: FilePrediction, *, timeline: bool) -> dict[str, Any]:
    """Return what JSON says of a song: its prediction, or the reason why there is none."""
    if one.prediction is None:
        return {"file": str(one.file), "reason": one.reason}
    shown = {"file": str(one.file), **one.prediction.as_dict()}
    return {key: value for key, value in shown.items() if timeline or key != "timeline"}


def write_csv(
    predictions: Iterable[FilePrediction], *, genres: Sequence[str], timeline: bool, to: TextIO
) -> None:
    """Write a CSV table: a row a song with every probability, or a row a segment with its start."""
    of_segment = [field.name for field in fields(Segment) if field.name not in COLUMNS]
    columns = of_segment if timeline else [PREFIX + genre for genre in genres]
    table = csv.DictWriter(to, [*COLUMNS, *columns, "reason"], extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    for one in predictions:
        song: dict[str, Any] = {"file": str(one.file), "reason": one.reason}
        song |= one.prediction.as_row() if one.prediction else {}
        # A segment's genre takes the place of the song's.
        table.writerows(song | part for part in (song["timeline"] if timeline and one.prediction else [{}]))


def show(
    predictions: Sequence[FilePrediction],
    *,
    model: LoadedModel,
    timeline: bool,
    console: Console | None = None,
) -> None:
    """Print a table with a bar for each song, and below it each segment if so chosen."""
    from rich import box
    from rich.bar import Bar
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    console = console or Console()
    width = BAR if console.width >= WIDE else BAR // 2
    styles = {genre: COLOURS[at % len(COLOURS)] for at, genre in enumerate(model.genres)}
    # Text, never markup: names of files and genres come from outside.
    length = Column("seconds", justify="right", no_wrap=True)
    songs = Table(
        "song",
        length,
        "genre",
        Column("probability", no_wrap=True),
        "",
        "then",
        box=box.SIMPLE,
        padding=(0, 1, 0, 0),
    )
    for one in predictions:
        name = Text(printable(one.file.name), overflow="fold")
        if (song := one.prediction) is None:
            songs.add_row(name, "", Text("—", style="red"), "", "", "")
            continue
        (genre, share), *rest = sorted(song.probabilities.items(), key=lambda item: -item[1])
        others = ", ".join(f"{other} {chance:.0%}" for other, chance in rest[:2] if chance >= 0.005)
        bar = Bar(1, 0, share, width=width, color=styles[genre])
        label = Text(genre, style=f"{'dim' if song.unsure else 'bold'} {styles[genre]}", no_wrap=True)
        seconds = Text(f"{song.seconds:.1f}", style="yellow" if song.coverage < 1 else "dim")
        notes = [f"unsure: {song.unsure}"] if song.unsure else []
        notes += [f"{song.lost:.2f} s lost: {song.damage}"] if song.lost else []
        then = Text("; ".join(notes), style="yellow").append("; " if notes and others else "", "dim")
        then.append(others, "dim")
        songs.add_row(name, seconds, label, bar, f"{share:4.0%}", then)
    console.print(songs)
    for one in predictions if timeline else ():
        if one.prediction:
            console.print(Text(printable(one.file.name), style="bold"))
            segments = Table.grid(padding=(0, 1, 0, 2))
            for segment in one.prediction.timeline:
                minutes, second = divmod(segment.start, 60)
                bar = Bar(1, 0, segment.probability, width=width, color=styles[segment.genre])
                start = Text(f"{minutes:3.0f}:{second:04.1f}", style="dim")
                segments.add_row(start, bar, f"{segment.probability:4.0%}", Text(segment.genre))
            console.print(segments)
    console.print(Text(line_of_model(model), style="dim"))
    predicted = [one.prediction for one in predictions if one.prediction]
    all_songs, all_files = (plural(len(predictions), noun) for noun in ("song", "file"))
    if short := sum(song.coverage < 1 for song in predicted):
        note = "shorter than a segment, and repeated until they fill it"
        console.print(Text(f"{note}: {short} of {all_songs}", style="yellow"))
    if unsure := sum(bool(song.unsure) for song in predicted):
        console.print(Text(f"unsure: {unsure} of {all_songs}", style="yellow"))
    if damaged := sum(song.lost > 0 for song in predicted):
        note = "damaged, and used as far as they decode"
        console.print(Text(f"{note}: {damaged} of {all_files}", style="yellow"))
    if failed := len(predictions) - len(predicted):
        console.print(Text(f"without a genre: {failed} of {all_files}", style="red"))
        # On lines of their own: a reason may be long, and a column is narrow.
        for one in predictions:
            if one.prediction is None:
                line = Text(f"  {printable(one.file.name)}: {one.reason}", style="red")
                console.print(line, soft_wrap=True)
