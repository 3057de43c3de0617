"""Discovery of a collection's files: each one's track, and what must not be opened."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from components.config.params import Params
from components.core import hashing
from components.core.errors import CorpusError
from components.core.formatting import plural, printable, some
from components.corpus import known_files, links, store
from components.corpus.links import Reach
from components.corpus.store import Row, Rows

if TYPE_CHECKING:
    import pandas as pd

#: More classes than this is a folder of artists or albums, not of genres.
MAX_GENRES = 100
#: What to do where folders are no genres.
ELSEWHERE = (
    "where genres are in tags or in a table, such as FMA's tracks.csv, "
    "`genre config use … --labels` reads them there"
)


Measure = Callable[..., Row]


def track_id(genre: str, name: str) -> str:
    """Name a track so that its audio, its picture and its row of a table share the name.

    Parameters
    ----------
    genre : str
        The class: the folder's name, or a table's label.
    name : str
        The file's path below the genre's folder, without suffix.

    Returns
    -------
    str
        ``genre.NNNNN`` where the file is named for its genre and a number (``blues.00000``,
        ``blues00000``, ``blues-00000``, the three ways of the public collection), else ``genre/name``.
        Control characters are written as escapes, since the id goes into tables, logs and reports.
    """
    if name.startswith(genre):
        number = re.fullmatch(r"[._-]?(\d+)", name.removeprefix(genre))
        if number:
            return f"{printable(genre)}.{number[1]}"
    return printable(f"{genre}/{name}")


@dataclass(frozen=True)
class Found:
    """A collection's files, none of them opened.

    Attributes
    ----------
    rows : Rows
        One row a track, as found, and its ``stamp``, by which a file is known that was read before
        (:mod:`components.corpus.known_files`). A fault is already named for what must not be opened.
    ignored : int
        How many other files there are.
    without : list of str
        Folders beside the genres in which there is no track.
    beside : list of str
        Tracks that lie in no genre's folder.
    """

    rows: Rows
    ignored: int = 0
    without: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)


def _entries(folder: Path, *, key: str) -> list[os.DirEntry[str]]:
    """Return what is in a collection's folder but for what is hidden (``.git``), sorted by name."""
    valid = f"valid: a folder with one subfolder a genre, 2 to {MAX_GENRES} of them"
    try:
        with os.scandir(folder) as entries:
            return sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name)
    except OSError as error:
        reasons = {errno.ENOENT: f"does not exist; {valid}", errno.ENOTDIR: f"is not a folder; {valid}"}
        reason = reasons.get(error.errno or 0, f"cannot be read: {error.strerror}")
        raise CorpusError(f"{key} is {str(folder)!r}, which {reason}") from error


def check_genres(
    names: Sequence[str],
    *,
    place: str,
    key: str,
    fewest: int = 2,
    paths: Iterable[str] = (),
    beside: Sequence[str] = (),
    suffixes: Collection[str] = (),
) -> None:
    """Check that folders of a collection can be its classes.

    Parameters
    ----------
    names : sequence of str
        The folders with tracks in them.
    place : str
        The collection, for messages.
    key : str
        The key of ``params.yaml`` that names it, for messages.
    fewest : int
        Least number of classes: 1 where other sources bring more.
    paths : iterable of str
        Those of all tracks, by which folders further down are found that may be the genres. Read only for a message.
    beside : sequence of str
        Tracks that lie in none of the folders.
    suffixes : collection of str
        What tracks are named, for messages.

    Raises
    ------
    CorpusError
        If there are fewer than ``fewest`` or more than 100 classes, or one whose name cannot be a label.
    """
    valid = f"valid: a folder with one subfolder a genre, {fewest} to {MAX_GENRES} of them"
    if not names:
        tracks = f" (files ending in {some(suffixes)})" if suffixes else ""
        loose = f", but {plural(len(beside), 'track')} in no folder" if beside else ""
        valid += f"; {ELSEWHERE}" if beside else ""
        raise CorpusError(
            f"{key} is {place!r}, which holds no genre folders with tracks{tracks}{loose}; {valid}"
        )
    if len(names) < fewest:
        above, below = deeper(paths)
        shown = f"{', '.join(map(repr, below[:3]))}{' …' if len(below) > 3 else ''}"
        folder = f"{place.rstrip('/')}/{above}"
        lie = (
            f": the {len(below)} folders {shown} lie in {folder!r}; if those are the genres, name it as {key}"
        )
        raise CorpusError(
            f"{key} is {place!r}, which holds one genre only, {names[0]!r}{lie if below else ''}; {valid}"
        )
    if len(names) > MAX_GENRES:
        raise CorpusError(f"{key} is {place!r}, which holds {len(names)} folders; {valid}; {ELSEWHERE}")
    for name in names:
        if printable(name) != name or name != name.strip():
            raise CorpusError(
                f"{key}: genre folder {printable(name)!r} has a name that cannot be a label; "
                "valid: printable UTF-8 without spaces at the ends"
            )


def deeper(paths: Iterable[str]) -> tuple[str, list[str]]:
    """Find the folder in which the tracks' ways part.

    Parameters
    ----------
    paths : iterable of str
        Those of the tracks, one or more.

    Returns
    -------
    above : str
        That folder.
    below : list of str
        The folders in it, sorted; none where a track lies beside them.

    Examples
    --------
    >>> deeper(["Data/audio/jazz/1.wav", "Data/audio/rock/1.wav"]), deeper(["jazz/1.wav", "jazz/live/2.wav"])
    (('Data/audio', ['jazz', 'rock']), ('jazz', []))
    """
    folders = {PurePosixPath(path).parent for path in paths}
    common = PurePosixPath(os.path.commonpath(folders))
    below = {folder.relative_to(common).parts[:1] for folder in folders}
    return str(common), [] if () in below else sorted(printable(name) for (name,) in below)


def _is_folder_or_link_to_one(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link that leads round in a circle is no folder


def walk(
    folder: Path, *, key: str, suffixes: Collection[str], fewest: int = 2, follow_links: bool = False
) -> Found:
    """List a collection's files without opening one.

    Parameters
    ----------
    folder : Path
        One subfolder a genre; each may hold subfolders. Those without a track are no genres.
    key : str
        The key of ``params.yaml`` that names it, for messages.
    suffixes : collection of str
        Lower-case endings with the dot; other files are not tracks.
    fewest : int
        As of :func:`check_genres`.
    follow_links : bool
        Whether links may lead out of the collection, and links to folders are entered.

    Returns
    -------
    Found
        A fault is named for what must not be opened: not a regular file, a link that leads out of the collection or in
        a circle, a name that is not UTF-8.

    Raises
    ------
    CorpusError
        See :func:`check_genres`; or the folder is missing or cannot be read.
    """
    entries = _entries(folder, key=key)
    folders = {entry.name: entry for entry in entries if _is_folder_or_link_to_one(entry)}
    walker = _Walker(suffixes, Reach.of(folder, follow_links=follow_links))
    genres, without = [], []
    for entry in folders.values():
        before = walker.count
        try:
            walker.genre(entry)
        except OSError as error:
            shown = printable(str(error.filename or entry.path))
            raise CorpusError(f"{key}: folder {shown!r} cannot be read: {error.strerror}") from error
        if walker.count > before:
            genres.append(entry.name)
        else:
            without.append(printable(entry.name))
    beside = [e.name for e in entries if e.name not in folders and walker.is_track(e.name)]
    paths = (row.path for row, _ in walker.rows)
    check_genres(
        genres, place=str(folder), key=key, fewest=fewest, paths=paths, beside=beside, suffixes=suffixes
    )
    return Found(walker.rows, walker.ignored, without, list(map(printable, beside)))


class _Walker:
    """Walks through genres' folders.

    Attributes
    ----------
    rows : Rows
        What was found.
    count, ignored : int
        How many tracks, and other files.
    """

    def __init__(self, suffixes: Collection[str], reach: Reach) -> None:
        self._suffixes, self._reach = suffixes, reach
        self.rows, self.count, self.ignored = Rows("stamp"), 0, 0

    def genre(self, entry: os.DirEntry[str]) -> None:
        """Walk through a genre's folder."""
        self._genre = entry.name
        if entry.is_symlink() and not self._reach.everywhere:
            self._add(f"{entry.name}/", links.FOLDER, name=f"{printable(entry.name)}/")
        else:
            self._enter(entry.path, entry.name, above=())

    def _enter(self, place: str, relative: str, *, above: tuple[tuple[int, int], ...]) -> None:
        if self._reach.everywhere:
            found = Path(place).stat()
            if (found.st_dev, found.st_ino) in above:
                self._add(relative, "link that leads in a circle")
                return
            above = (*above, (found.st_dev, found.st_ino))
        with os.scandir(place) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
        ordered.reverse()
        while ordered:
            # An entry keeps what is found of it; ten thousand of a folder would too.
            entry = ordered.pop()
            path = f"{relative}/{entry.name}"
            if entry.name.startswith("."):
                self.ignored += 1
            elif entry.is_dir(follow_symlinks=False):
                had = self.count
                self._enter(entry.path, path, above=above)
                if self.count == had and self.is_track(entry.name):
                    self._add(path, links.irregular(stat.S_IFDIR))
            elif entry.is_symlink() and _is_folder_or_link_to_one(entry):
                if self._reach.everywhere:
                    self._enter(entry.path, path, above=above)
                else:
                    self._add(path, links.FOLDER, name=f"{printable(path)}/")
            elif self.is_track(entry.name):
                self._file(entry, path)
            else:
                self.ignored += 1

    def is_track(self, name: str) -> bool:
        """Return whether a file is a track, by its name."""
        return os.path.splitext(name)[1].lower() in self._suffixes  # noqa: PTH122 - of a hundred thousand names

    def _file(self, entry: os.DirEntry[str], path: str) -> None:
        fault, known = "", ""
        if entry.is_symlink():
            fault = self._reach.forbids(Path(entry.path))
        elif not entry.is_file(follow_symlinks=False):
            fault = links.irregular(entry.stat(follow_symlinks=False).st_mode)
        if not fault:
            with suppress(OSError):  # it vanished just now, and opening it will say so
                known = known_files.stamp(entry.stat())
        self._add(path, fault, known=known)

    def _add(self, path: str, fault: str, *, known: str = "", name: str = "") -> None:
        self.count += 1
        below = os.path.splitext(path.removeprefix(f"{self._genre}/"))[0]  # noqa: PTH122
        if path.encode("utf-8", "replace").decode() != path:
            path, fault, known = printable(path), "name is not UTF-8", ""
        row = Row(name or track_id(self._genre, below), printable(self._genre), path, fault=fault)
        self.rows.add(row, known)


def too_large(size: int, *, limit: int) -> str:
    """Return the fault of a file of more than ``limit`` bytes."""
    return f"too large: {size} bytes, corpus.max_bytes is {limit}"


def inspect(row: Row, *, folder: Path, params: Params, measure: Measure, reach: Reach | None = None) -> Row:
    """Open a listed file once, never trusting it, and measure it or name its fault.

    Parameters
    ----------
    row : Row
        From :func:`walk`.
    folder : Path
        The collection.
    params : Params
        For ``corpus.max_bytes``, and what ``measure`` reads.
    measure : callable
        ``measure(row, file, params=params)`` returns the row with what it measured, or with a fault.
    reach : Reach, optional
        Where links may lead; within the collection by default.

    Returns
    -------
    Row
        With bytes, the SHA-256 of the file's bytes and what was measured; or with a fault, and what was measured
        before it.
    """
    if row.fault:
        return row
    try:
        # O_NONBLOCK: were the file exchanged for a pipe just now, opening it would wait for ever.
        handle = os.open(folder / row.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            if fault := _escaped(folder / row.path, handle, reach=reach or Reach.of(folder)):
                return replace(row, fault=fault)
            before = os.fstat(handle)
            row = replace(row, bytes=before.st_size)
            if before.st_size == 0:
                return replace(row, fault="empty: 0 bytes")
            limit = params.corpus.max_bytes
            if before.st_size > limit:
                return replace(row, fault=too_large(before.st_size, limit=limit))
            row = measure(row, file, params=params)
            if not row.fault:
                # What is left out is not read to its end: it may be very long.
                # By a reader of its own: a decoder moves the place in the file behind this one's back.
                os.lseek(handle, 0, os.SEEK_SET)
                with os.fdopen(handle, "rb", closefd=False) as whole:
                    row = replace(row, sha256=hashing.file(whole))
            after = os.fstat(handle)
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                return replace(row, fault="changed during the listing")
            return row
    except FileNotFoundError:
        return replace(row, fault="vanished during the listing")
    except OSError as error:
        return replace(row, fault=f"not readable: {(error.strerror or str(error)).lower()}")


def _escaped(path: Path, handle: int, *, reach: Reach) -> str:
    """Return a fault if a file was exchanged since the listing began; else ''."""
    if fault := reach.forbids(path):
        return fault
    return "" if os.path.samestat(path.stat(), os.fstat(handle)) else "exchanged during the listing"


def unique(listing: pd.DataFrame) -> pd.DataFrame:
    """Sort rows by track; a second file of one track keeps its row as a named fault.

    Where one of them can be used, it is the one that stands.

    Parameters
    ----------
    listing : DataFrame
        As found. It is emptied column by column: two of a hundred thousand tracks would be twice the memory.

    Returns
    -------
    DataFrame
        As many rows, sorted by ``track``, which no two share.
    """
    left_out = listing["fault"] != ""
    keys = listing[["track", "path"]]
    keys.insert(1, "left_out", left_out)
    order = store.sorted_by(keys).to_numpy()
    del keys
    made = listing
    if (np.diff(order) != 1).any():
        made = listing.__class__(
            {name: listing.pop(name).take(order).array for name in list(listing.columns)}
        )
    second = made["track"] == made["track"].shift()
    if not second.any():
        return made
    first = made[~second & second.shift(-1, fill_value=False)].set_index("track")["path"].to_dict()
    taken = set(made["track"])
    names, faults = [], []
    for track, path, fault in made.loc[second, ["track", "path", "fault"]].itertuples(index=False):
        name = printable(f"{track} ({path})")
        while name in taken:
            name += "'"
        taken.add(name)
        names.append(name)
        faults.append(fault or f"second file of the track in {printable(first[track])}")
    # Column by column: each assignment copies a column of text as a whole.
    made.loc[second, "track"], made.loc[second, "fault"] = names, faults
    made.loc[second, "segments"] = 0
    for column in ("sha256", "sound_sha256"):
        made.loc[second, column] = ""
    return made.sort_values("track", kind="stable", ignore_index=True)
