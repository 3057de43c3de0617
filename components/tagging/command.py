"""``genre tag``: a table of what would be written; with ``--write`` it is, and ``--undo`` takes it back."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from components.config.params import Params
from components.core import atomic, progress
from components.core.console import quiet
from components.core.errors import ParamsError, TaggingError
from components.core.formatting import printable
from components.serving.load import LoadedModel
from components.serving.predict import FilePrediction
from components.tagging import fields, journal, output, playlists, propose, tags
from components.tagging import write as writing
from components.tagging.journal import Change, Journal
from components.tagging.propose import Choice, Song


def check(choice: Choice) -> Choice:
    """Check what was chosen, and return it with the field's own name.

    Raises
    ------
    ParamsError
        If a value is out of range.
    """
    if not 0 <= choice.min_confidence <= 1:
        raise ParamsError(f"--min-confidence is {choice.min_confidence:g}; valid: 0 to 1")
    if choice.several < 1:
        raise ParamsError(f"--several is {choice.several}; valid: 1 or more")
    return replace(choice, field=fields.check(choice.field))


def run(
    places: Sequence[Path],
    *,
    choice: Choice,
    write: bool = False,
    model: str | None = None,
    form: str = "table",
    lists: Path | None = None,
    root: Path = Path("data"),
) -> int:
    """Propose genres for files, and write them if so chosen.

    Each file is written as soon as its genre is known, so that a run that is killed has lost nothing and is gone on
    with by the same command.

    Parameters
    ----------
    places : sequence of Path
        Files and folders.
    choice : Choice
        Which genres are proposed.
    write : bool
        Whether they are written.
    model : str, optional
        See :func:`components.serving.load.address`; the champion by default.
    form : str
        ``table``, ``json`` or ``csv``.
    lists : Path, optional
        Folder for a playlist a genre.
    root : Path
        The data folder; the journal lies in ``ROOT/tagging``.

    Returns
    -------
    int
        Exit status: 1 if a file could not be decoded or written.

    Raises
    ------
    ParamsError, AudioError, RegistryError
        If an option is out of range, a folder holds no audio, or there is no such model.
    TaggingError
        If another run writes tags.
    """
    from components.config import params
    from components.serving import predict

    choice = check(choice)
    if lists:
        atomic.check_place(lists, option="--playlists", folder=True)
    own = params.load()
    files = predict.audio_files(places, follow_links=own.corpus.follow_links)
    with quiet() as stderr:
        folders = {place.resolve() for place in places if place.is_dir()}
        _clear(folders | {file.resolve().parent for file in files}, write=write, to=stderr)
        found = _Predictions(model, params=own, to=stderr)
        proposals = propose.songs(
            files, choice=choice, all_of_them=not write, listed=lists is not None, predict=found
        )
        songs = list(_written(proposals, field=choice.field, root=root) if write else proposals)
    paths = playlists.write(lists, _by_genre(songs)) if lists else []
    match form:
        case "json":
            output.write_json(songs, choice=choice, model=found.loaded, to=sys.stdout)
        case "csv":
            output.write_csv(songs, to=sys.stdout)
        case _:
            output.show(songs, choice=choice, model=found.loaded, write=write, playlists=paths)
    return int(any(song.outcome == "failed" for song in songs))


class _Predictions:
    """Loads the model with the first file, so that a collection with all of its genres costs no model."""

    def __init__(self, model: str | None, *, params: Params, to: TextIO) -> None:
        self._model, self._params, self._stderr = model, params, to
        self.loaded: LoadedModel | None = None

    def __call__(self, files: list[Path]) -> Iterator[FilePrediction]:
        if not files:
            return
        from components.serving import load, predict

        with progress.counted("predict", total=len(files), unit="songs", to=self._stderr) as advance:
            client = load.store()
            address = load.address(client, self._model, params=self._params)
            self.loaded = load.load(client, address, unsure=self._params.unsure)
            for prediction in predict.predict(files, model=self.loaded):
                yield prediction
                advance()


def _written(songs: Iterator[Song], *, field: str, root: Path) -> Iterator[Song]:
    with journal.locked(root) as folder:
        kept = Journal(folder)
        written: dict[str, Song] = {}
        try:
            for song in songs:
                if song.outcome != "proposed":
                    yield song
                elif (first := written.get(place := os.path.realpath(song.file))) is not None:
                    yield replace(
                        song, outcome=first.outcome, reason=first.reason or f"the same file as {first.file}"
                    )
                else:
                    written[place] = _write(song, field=field, kept=kept)
                    yield written[place]
        finally:
            kept.close()


def _write(song: Song, *, field: str, kept: Journal) -> Song:
    change = Change(str(song.file.resolve()), field, song.own, song.after, song.tagged)
    assert song.state is not None  # it was read
    try:
        writing.write(song.file, song.after, field=field, expected=song.state, note=lambda: kept.add(change))
    except TaggingError as error:
        return replace(song, outcome="failed", reason=str(error))
    return replace(song, outcome="written")


def _clear(folders: Collection[Path], *, write: bool, to: TextIO) -> None:
    """Remove the copies of songs that killed runs have left, or name them where nothing is to be written."""
    for folder in sorted(folders):
        if write:
            atomic.sweep(folder)
            continue
        for path in atomic.abandoned(folder):
            print(
                f"{printable(str(path))} is of a run that was killed; --write removes it", file=to, flush=True
            )


def _by_genre(songs: Sequence[Song]) -> dict[str, list[tuple[Path, float]]]:
    genres: dict[str, list[tuple[Path, float]]] = defaultdict(list)
    for song in songs:
        for genre in song.genres:
            genres[genre].append((song.file, song.seconds))
    return genres


def undo(*, root: Path = Path("data")) -> int:
    """Take back what the last run wrote; called again, what the one before wrote.

    A file whose field holds something else by now, or that is gone, is left alone and named.

    Parameters
    ----------
    root : Path
        The data folder.

    Returns
    -------
    int
        Exit status: 1 if a file could not be written.

    Raises
    ------
    TaggingError
        If there is nothing to undo, or another run writes tags.
    """
    journal.newest(root / journal.FOLDER)  # where there is none, nothing is made either
    with journal.locked(root) as folder:
        path = journal.newest(folder)
        changes = journal.read(path)
        _clear({Path(change.file).parent for change in changes}, write=True, to=sys.stderr)
        restored, left, again = 0, dict[str, str](), False
        for change in reversed(changes):
            try:
                restored += _undo(change)
            except TaggingError as error:
                left[change.file] = str(error)
                again |= not isinstance(error, _OvertakenError)
        # What could not be written is tried again by the next undo; what was overtaken would bar all earlier ones.
        if not again:
            journal.undone(path)
    output.show_undone(restored, left=left, journal=path)
    return int(bool(left))


class _OvertakenError(TaggingError):
    """Somebody has changed or removed the file since: there is nothing to take back, now or later."""


def _undo(change: Change) -> bool:
    path = Path(change.file)
    try:
        state = writing.state(path)
    except TaggingError as error:
        # Without its folder it may lie on a disk that is not mounted.
        if isinstance(error.__cause__, FileNotFoundError) and path.parent.exists():
            raise _OvertakenError("it is gone") from error
        raise
    held = tags.read(path, field=change.field)
    if held.own == change.before:
        # Killed between the journal and the file, or undone by hand.
        return False
    if held.own != change.after:
        shown = ", ".join(held.own) or "nothing"
        raise _OvertakenError(f"{change.field} is {shown} by now; it was left alone")
    writing.write(path, change.before, field=change.field, expected=state, tagged=change.tagged)
    return True
