"""Discovery of a collection's files: each one's track, and what must not be opened."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from components.config.params import Params
from components.core import hashing
from components.core.errors import CorpusError
from components.corpus.store import Row

#: More classes than this is a folder of artists or albums, not of genres.
MAX_GENRES = 100


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


def printable(text: str) -> str:
    """Write control characters, and bytes that are not UTF-8, as backslash escapes."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def genre_folders(folder: Path, *, key: str, fewest: int = 2) -> list[Path]:
    """Return the subfolders that are the classes, sorted by name.

    Parameters
    ----------
    folder : Path
        The collection.
    key : str
        The key of ``params.yaml`` that names it, for messages.
    fewest : int
        Least number of classes: 1 where other sources bring more.

    Returns
    -------
    list of Path
        ``fewest`` to 100 folders. Hidden ones (``.git``) are not classes.

    Raises
    ------
    CorpusError
        If the folder is missing, unreadable, or holds fewer than ``fewest`` or more than 100 classes, or one whose
        name cannot be a label.
    """
    valid = f"valid: a folder with one subfolder a genre, {fewest} to {MAX_GENRES} of them"
    try:
        with os.scandir(folder) as entries:
            found = sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name)
            folders = [Path(e.path) for e in found if _is_folder_or_link_to_one(e)]
    except OSError as error:
        reasons = {errno.ENOENT: f"does not exist; {valid}", errno.ENOTDIR: f"is not a folder; {valid}"}
        reason = reasons.get(error.errno or 0, f"cannot be read: {error.strerror}")
        raise CorpusError(f"{key} is {str(folder)!r}, which {reason}") from error
    check_genres([genre.name for genre in folders], place=str(folder), key=key, fewest=fewest)
    return folders


def check_genres(names: Sequence[str], *, place: str, key: str, fewest: int = 2) -> None:
    """Check that folders of a collection can be its classes.

    Parameters
    ----------
    names : sequence of str
        The folders' names.
    place : str
        The collection, for messages.
    key, fewest
        As of :func:`genre_folders`.

    Raises
    ------
    CorpusError
        As :func:`genre_folders`.
    """
    valid = f"valid: a folder with one subfolder a genre, {fewest} to {MAX_GENRES} of them"
    if not names:
        raise CorpusError(f"{key} is {place!r}, which holds no genre folders; {valid}")
    if len(names) < fewest:
        raise CorpusError(
            f"{key} is {place!r}, which holds one genre only, {names[0]!r}; {valid} "
            f"(do the genres lie in {f'{place.rstrip(chr(47))}/{names[0]}'!r}?)"
        )
    if len(names) > MAX_GENRES:
        raise CorpusError(f"{key} is {place!r}, which holds {len(names)} folders; {valid}")
    for name in names:
        if printable(name) != name or name != name.strip():
            raise CorpusError(
                f"{key}: genre folder {printable(name)!r} has a name that cannot be a label; "
                "valid: printable UTF-8 without spaces at the ends"
            )


def _is_folder_or_link_to_one(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link that leads round in a circle is no folder


def walk(folder: Path, *, key: str, suffixes: Collection[str], fewest: int = 2) -> tuple[list[Row], int]:
    """List a collection's files without opening one.

    Parameters
    ----------
    folder : Path
        One subfolder a genre; each may hold subfolders.
    key : str
        The key of ``params.yaml`` that names it, for messages.
    suffixes : collection of str
        Lower-case endings with the dot; other files are not tracks.
    fewest : int
        As of :func:`genre_folders`.

    Returns
    -------
    rows : list of Row
        As found. A fault is already named for what must not be opened: not a regular file, a link that leads
        out of the collection or in a circle, a name that is not UTF-8.
    ignored : int
        How many other files there are.

    Raises
    ------
    CorpusError
        See :func:`genre_folders`; or a genre's folder holds no track at all, or cannot be read.
    """
    genres = genre_folders(folder, key=key, fewest=fewest)
    inside = folder.resolve()
    rows: list[Row] = []
    ignored = 0
    for genre in genres:
        listed: list[Row] = []
        try:
            for path in _files(genre, suffixes=suffixes):
                if path.suffix.lower() in suffixes and not path.name.startswith("."):
                    listed.append(_row(path, genre=genre, folder=folder, inside=inside))
                elif path.is_symlink() and path.is_dir():
                    shown = printable(str(path.relative_to(folder)))
                    listed.append(Row(f"{shown}/", genre.name, shown, fault="link to a folder: not followed"))
                else:
                    ignored += 1
        except OSError as error:
            shown = printable(str(error.filename or genre))
            raise CorpusError(f"{key}: folder {shown!r} cannot be read: {error.strerror}") from error
        if not listed:
            raise no_track(str(genre), key=key, suffixes=suffixes)
        rows.extend(listed)
    return rows, ignored


def no_track(genre: str, *, key: str, suffixes: Collection[str]) -> CorpusError:
    """Return the error of a genre's folder in which no file is a track."""
    return CorpusError(
        f"{key}: genre folder {genre!r} holds no track; valid: files ending in {', '.join(sorted(suffixes))}"
    )


def too_large(size: int, *, limit: int) -> str:
    """Return the fault of a file of more than ``limit`` bytes."""
    return f"too large: {size} bytes, corpus.max_bytes is {limit}"


def _files(folder: Path, *, suffixes: Collection[str]) -> Iterator[Path]:
    """Yield what is below ``folder`` and is no folder; a linked folder is yielded, never entered."""
    if folder.is_symlink():
        yield folder
        return
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda e: e.name)
    for entry in ordered:
        path = Path(entry.path)
        # A folder that is named like a track is someone's mistake: it gets a row with that fault.
        if entry.is_dir(follow_symlinks=False) and path.suffix.lower() not in suffixes:
            yield from _files(path, suffixes=suffixes)
        else:
            yield path


def _row(path: Path, *, genre: Path, folder: Path, inside: Path) -> Row:
    relative = path.relative_to(folder).as_posix()
    below = path.relative_to(genre).with_suffix("").as_posix()
    row = Row(track_id(genre.name, below), genre.name, relative)
    if relative.encode("utf-8", "replace").decode() != relative:
        return replace(row, path=printable(relative), fault="name is not UTF-8")
    return replace(row, fault=_forbidden(path, inside=inside))


def _forbidden(path: Path, *, inside: Path) -> str:
    """Return why a path must not be opened, or '' if it may be."""
    try:
        target = path.resolve(strict=True)
        kind = target.stat().st_mode
    except FileNotFoundError:
        return "link to a file that does not exist" if path.is_symlink() else "vanished during the listing"
    except RuntimeError:  # Python 3.11 and 3.12; a later one raises OSError with ELOOP
        return "link that leads in a circle"
    except OSError as error:
        circle = error.errno == errno.ELOOP
        return "link that leads in a circle" if circle else f"not readable: {(error.strerror or '').lower()}"
    if not target.is_relative_to(inside):
        return "link out of the corpus"
    if not stat.S_ISREG(kind):
        return f"not a regular file: {_KINDS.get(stat.S_IFMT(kind), 'of an unknown kind')}"
    return ""


def inspect(row: Row, *, folder: Path, params: Params, measure: Measure) -> Row:
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
            if fault := _escaped(folder / row.path, handle, inside=folder.resolve()):
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


def _escaped(path: Path, handle: int, *, inside: Path) -> str:
    """Return a fault if a file was exchanged since the listing began; else ''."""
    if fault := _forbidden(path, inside=inside):
        return fault
    return "" if os.path.samestat(path.stat(), os.fstat(handle)) else "exchanged during the listing"


_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
_KINDS |= dict.fromkeys((stat.S_IFBLK, stat.S_IFCHR), "a device")


def unique(rows: list[Row]) -> list[Row]:
    """Sort rows by track; a second file of one track keeps its row as a named fault.

    Where one of them can be used, it is the one that stands.

    Parameters
    ----------
    rows : list of Row
        As found.

    Returns
    -------
    list of Row
        As many, sorted by ``track``, which no two share.
    """
    seen: dict[str, str] = {}
    used = Counter(row.track for row in rows)
    kept = []
    for row in sorted(rows, key=lambda r: (r.track, bool(r.fault), r.path)):
        if row.track in seen:
            name = printable(f"{row.track} ({row.path})")
            while name in used:
                name += "'"
            used[name] += 1
            fault = row.fault or f"second file of the track in {printable(seen[row.track])}"
            row = replace(row, track=name, fault=fault, segments=0, sha256="", sound_sha256="")
        else:
            seen[row.track] = row.path
        kept.append(row)
    return sorted(kept, key=lambda r: r.track)
