"""Genres of a source's files: from its folders, from the files' tags, or from a manifest."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from components.config.sources import SourceParams
from components.core import hashing
from components.core.errors import CorpusError, ParamsError
from components.core.formatting import printable, some
from components.corpus import bucket, discovery, known_files, links, locations, manifest, spellings, tags
from components.corpus.discovery import Found
from components.corpus.links import Reach
from components.corpus.manifest import Entry, Manifest
from components.corpus.store import Row, Rows

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Labels:
    """What a source's params name: where genres are, and what is read of it before any file is opened.

    Attributes
    ----------
    kind : str
        ``folders``, ``tags`` or ``manifest``.
    table : Manifest or None
        The manifest's rows.
    spellings : dict of str to str
        From the mapping file; empty without one.
    subset : str or None
        Of FMA.
    """

    kind: Literal["folders", "tags", "manifest"]
    table: Manifest | None = None
    spellings: dict[str, str] = field(default_factory=dict)
    subset: str | None = None


def check(source: SourceParams, *, place: str, key: str, root: Path = Path("data")) -> None:
    """Check that a source's manifest and mapping file are there and unchanged, without reading them.

    Raises
    ------
    CorpusError
        As :func:`read`.
    """
    for name in ("manifest", "genres"):
        if getattr(source, name) is not None:
            _file(source, name, place=place, key=key, root=root)


def read(source: SourceParams, *, place: str, key: str, root: Path = Path("data")) -> Labels:
    """Read and check a source's manifest and mapping file, where it names them.

    Parameters
    ----------
    source : SourceParams
        Its params.
    place : str
        Its folder or URL.
    key : str
        Its key in ``params.yaml``, ``corpus.sources.NAME``, for messages.
    root : Path
        The data folder: what does not lie below ``place`` starts from the folder that holds it.

    Raises
    ------
    CorpusError
        If one cannot be read, has a wrong row, or lies elsewhere and is not the one whose hash the params have.
    """
    table = None
    if source.manifest is not None:
        path = _file(source, "manifest", place=place, key=key, root=root)
        table = manifest.read(path, subset=source.subset)
    known = {}
    if source.genres is not None:
        known = spellings.read(_file(source, "genres", place=place, key=key, root=root))
    return Labels(source.labels, table, known, source.subset)


def _file(
    source: SourceParams, name: Literal["manifest", "genres"], *, place: str, key: str, root: Path
) -> Path:
    """Find a table, and make sure that a change of it is seen."""
    given = str(getattr(source, name))
    if locations.is_remote(place) and not Path(given).is_absolute():
        try:
            return locations.local(f"{place.rstrip('/')}/{given}")
        except (FileNotFoundError, PermissionError):
            pass  # then it is a file of this machine
    elif (inside := Path(place) / given).is_file() and inside.resolve().is_relative_to(Path(place).resolve()):
        # DVC watches the whole folder.
        return inside
    path = Path(root).parent / given
    if not path.is_file():
        raise CorpusError(
            f"{key}.{name} is {given!r}, which does not exist; valid: a file below {place}, or one of this machine"
        )
    found, expected = hashing.file(path), source.sha256.get(name)
    if found != expected:
        state = (
            "has changed" if expected else "lies outside the source's folder, where a change would go unseen"
        )
        raise CorpusError(
            f"{key}.{name} is {given!r}, which {state}; valid: a file below the folder, or {key}.sha256: "
            f"{{{name}: {found}}}"
        )
    return path


def settings(
    labels: str | None, *, genres: str | None, subset: str | None, place: str
) -> dict[str, str | dict[str, str]]:
    """Return a source's keys for what ``genre config use`` was given.

    Parameters
    ----------
    labels : str or None
        ``folders``, ``tags``, or the path of a manifest.
    genres, subset : str or None
        As of :class:`components.config.params.SourceParams`.
    place : str
        The source's folder or URL.

    Returns
    -------
    dict
        ``labels``, ``manifest``, ``subset``, ``genres`` and ``sha256``, as far as they are needed: paths below
        ``place`` are written relative to it, and others with their hash.

    Raises
    ------
    ParamsError
        If a table does not exist.
    CorpusError
        If one cannot be read or has a wrong row.
    """
    found: dict[str, str | dict[str, str]] = {}
    hashes: dict[str, str] = {}
    tables = {"manifest": None if labels in ("folders", "tags") else labels, "genres": genres}
    if labels is not None:
        found["labels"] = "manifest" if tables["manifest"] else labels
    for name, given in tables.items():
        if given is None:
            continue
        path = Path(given)
        if not path.is_file():
            option = "--labels" if name == "manifest" else "--genres"
            more = "folders, tags, or " if name == "manifest" else ""
            wrong = "is a folder" if path.is_dir() else "does not exist"
            raise ParamsError(f"{option} {given!r} {wrong}; valid: {more}a table on this machine")
        # Wrong rows are named now, not when the workflow runs.
        if name == "manifest":
            manifest.read(path, subset=subset)
        else:
            spellings.read(path)
        if not locations.is_remote(place) and path.resolve().is_relative_to(Path(place).resolve()):
            found[name] = path.resolve().relative_to(Path(place).resolve()).as_posix()
        else:
            found[name], hashes[name] = given, hashing.file(path)
    if subset is not None:
        found["subset"] = subset
    return found | ({"sha256": hashes} if hashes else {})


def files(
    labels: Labels,
    *,
    place: str,
    key: str,
    suffixes: Collection[str],
    fewest: int = 2,
    follow_links: bool = False,
) -> Found:
    """List the files of a source, by where their genres are; none is opened.

    Parameters
    ----------
    labels : Labels
        Of kind ``folders`` (see :func:`components.corpus.discovery.walk`), ``tags`` (all tracks at any depth) or
        ``manifest`` (those that it names).
    place : str
        The source's folder or URL. Hidden folders and files are left out, but where a manifest names them.
    key : str
        The key of ``params.yaml`` that names it, for messages.
    suffixes : collection of str
        Lower-case endings with the dot of what is a track where no manifest says so.
    fewest : int
        Least number of folders that are genres.
    follow_links : bool
        Whether links may lead out of the folder, and links to folders are entered, each folder once.

    Returns
    -------
    Found
        But for folders, tracks are named by their path without suffix; genre and what a manifest says of a file are
        added by :func:`apply`. A fault is named for what must not be opened, and for a file that a manifest names and
        is not there, with its row; of FMA's whole table, the files that are there are taken.

    Raises
    ------
    CorpusError
        If the place cannot be read, or holds none of the files, or too few or too many folders.
    """
    if labels.kind == "folders" and locations.is_remote(place):
        return bucket.walk(place, key=key, suffixes=suffixes, fewest=fewest)
    if labels.kind == "folders":
        return discovery.walk(
            Path(place), key=key, suffixes=suffixes, fewest=fewest, follow_links=follow_links
        )
    if labels.kind == "manifest":
        found = _named(labels, place=place, key=key, follow_links=follow_links)
        missing = f"no file of {labels.table.name}; valid: paths below the folder" if labels.table else ""
    else:
        found = _all(place, key=key, suffixes=suffixes, follow_links=follow_links)
        missing = f"no track; valid: files ending in {some(suffixes)}"
    faults = [fault for batch in found.rows.batches("fault") for fault in batch["fault"].to_pylist()]
    if all(faults):
        shown = "; ".join(faults[:3])
        raise CorpusError(f"{key} is {place!r}, which holds {missing}{f' ({shown})' if shown else ''}")
    return found


def _all(place: str, *, key: str, suffixes: Collection[str], follow_links: bool) -> Found:
    rows, ignored = Rows("stamp"), 0
    if locations.is_remote(place):
        for inside, size, tag in bucket.listed(place, key=key):
            hidden = any(part.startswith(".") for part in inside.parts)
            if hidden or inside.suffix.lower() not in suffixes:
                ignored += 1
            else:
                rows.add(replace(_row(inside.as_posix()), bytes=size), tag)
        return Found(rows, ignored)
    folder, reach = Path(place), Reach.of(Path(place), follow_links=follow_links)
    try:
        for within, names, linked in links.walk(folder, follow=follow_links, failed=_raise):
            above = within.relative_to(folder)
            for name in names:
                if PurePosixPath(name).suffix.lower() in suffixes:
                    rows.add(*_local((above / name).as_posix(), folder=folder, reach=reach))
                else:
                    ignored += 1
            for name in linked:
                row = _row((above / name).as_posix())
                rows.add(replace(row, track=f"{row.path}/", fault=row.fault or links.FOLDER), "")
    except OSError as error:
        at = printable(str(error.filename or folder))
        raise CorpusError(f"{key} is {place!r}: {at!r} cannot be read: {error.strerror}") from error
    return Found(rows, ignored)


def _raise(error: OSError) -> None:
    raise error


def _row(path: str) -> Row:
    if path.encode("utf-8", "replace").decode() != path:
        return Row(printable(path), "", printable(path), fault="name is not UTF-8")
    return Row(printable(PurePosixPath(path).with_suffix("").as_posix()), "", path)


def _local(path: str, *, folder: Path, reach: Reach) -> tuple[Row, str]:
    """Return the row of a file of this machine, and by what it is known again."""
    row = _row(path)
    if row.fault:
        return row, ""
    fault = reach.forbids(folder / path)
    if fault:
        return replace(row, fault=fault), ""
    with suppress(OSError):  # it vanished just now, and opening it will say so
        return row, known_files.stamp((folder / path).stat())
    return row, ""


def _named(labels: Labels, *, place: str, key: str, follow_links: bool) -> Found:
    table = labels.table
    assert table is not None
    rows, remote = Rows("stamp"), locations.is_remote(place)
    reach = None if remote else Reach.of(Path(place), follow_links=follow_links)
    inside = bucket.listed(place, key=key) if remote else ()
    there = {path.as_posix(): (size, tag) for path, size, tag in inside}
    for path, entry in _entries(table, place=place).items():
        if path in there:
            size, tag = there[path]
            rows.add(replace(_row(path), bytes=size), tag)
        elif reach is not None and os.path.lexists(Path(place) / path):
            rows.add(*_local(path, folder=Path(place), reach=reach))
        elif table.kind == "rows" or labels.subset is not None:
            rows.add(replace(_row(path), fault=f"file not found: {table.name}, {entry.where}"), "")
    return Found(rows)


def _entries(table: Manifest, *, place: str) -> dict[str, Entry]:
    """Return a manifest's rows by their paths below the source's folder.

    Raises
    ------
    CorpusError
        If one lies elsewhere, or two are of one file.
    """
    inside = "" if locations.is_remote(place) else prefix(table, folder=Path(place))
    found: dict[str, Entry] = {}
    for entry in table.entries:
        path = _relative(inside + entry.path, place=place)
        wrong = ""
        if path.startswith("/") or locations.is_remote(path):
            wrong = f"lies outside {place}"
        elif path in found:
            wrong = f"was named before, by {found[path].where}"
        if wrong:
            raise CorpusError(f"{table.name}, {entry.where}: path {entry.path!r} {wrong}")
        found[path] = entry
    return found


def prefix(table: Manifest, *, folder: Path) -> str:
    """Return what comes before FMA's numbered folders: it may be the folder above ``fma_small`` that is named."""
    if table.kind != "fma" or not table.entries:
        return ""
    names = {entry.path.partition("/")[0] for entry in table.entries}
    places = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())] if folder.is_dir() else []
    # A download of another size that broke off may have left its empty folders beside.
    found = max(
        places, key=lambda place: sum(map(_holds_something, (place / name for name in names))), default=folder
    )
    return "" if found == folder else f"{found.name}/"


def _holds_something(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _relative(path: str, *, place: str) -> str:
    """Return an absolute path or URL of a manifest below the source's place; any other as it is."""
    folders = (
        [place] if locations.is_remote(place) else [str(Path(place).absolute()), str(Path(place).resolve())]
    )
    for folder in folders:
        if path.startswith(inside := f"{folder.rstrip('/')}/"):
            return path.removeprefix(inside)
    return path


def apply(listing: pd.DataFrame, *, labels: Labels, place: str, least: int) -> pd.DataFrame:
    """Give each measured file its genre, and what a manifest says of it.

    Parameters
    ----------
    listing : DataFrame
        One row a file, measured: ``genre`` from its folder, ``tagged``, ``artist`` and ``album`` from its tags.
    labels : Labels
        Where genres are.
    place : str
        The source's folder or URL.
    least : int
        Usable tracks that a genre of tags needs; rarer ones are left out and named. 0 where other sources bring more.

    Returns
    -------
    DataFrame
        The same rows. With tags a file without a genre has that fault; what a manifest says of artist and album comes
        before the tags.
    """
    listing = listing.copy(deep=False)
    if labels.kind != "folders" or labels.spellings:
        listing["genre"], listing["fault"] = _spelled(listing, labels=labels, place=place, least=least)
    out = listing["fault"] != ""
    if out.any():
        for column in ("sha256", "sound_sha256"):
            listing[column] = listing[column].where(~out, "")
        listing["segments"] = listing["segments"].where(~out, 0)
    return listing


def _spelled(listing: pd.DataFrame, *, labels: Labels, place: str, least: int) -> tuple[pd.Series, pd.Series]:
    """Return each file's genre and fault; what a manifest says beside is written into the listing."""
    # As Python's own strings: a fault is longer than what it replaces.
    genre, fault = (listing[column].astype(object) for column in ("genre", "fault"))
    if labels.table is not None:
        entries = listing["path"].map(_entries(labels.table, place=place))
        genre = entries.map(lambda entry: entry.genre)
        listing["part"] = entries.map(lambda entry: entry.part).astype("str")
        for column in ("artist", "album"):
            said = entries.map(lambda entry, column=column: getattr(entry, column))
            listing[column] = said.where(said != "", listing[column]).astype("str")
    if labels.kind == "tags":
        genre = listing["tagged"].astype(object)
        unread = listing["damage"].map(
            lambda damage: damage[damage.find(tags.UNREAD) :] if tags.UNREAD in damage else ""
        )
        missing = (fault == "") & (genre == "")
        fault = fault.mask(missing, "no genre tag" + unread.where(unread == "", ": " + unread))
    spelled = genre.map(lambda name: spellings.merged(name, spellings=labels.spellings) if name else "")
    dropped = (fault == "") & (genre != "") & (spelled == "")
    fault = fault.mask(dropped, "left out by corpus.sources.genres: " + genre)
    unprintable = (fault == "") & ~spelled.map(str.isprintable)
    fault = fault.mask(unprintable, "genre is not printable")
    spelled = spelled.map(printable)
    if labels.kind == "tags":
        counts = spelled[fault == ""].value_counts()
        rare = (fault == "") & spelled.map(counts).fillna(0).lt(least)
        reason = "rare genre: " + spelled + ", corpus.minimum_tracks is " + str(least)
        fault = fault.mask(rare, reason)
        # What is left out for its genre is not a track too few of it.
        spelled = spelled.mask(rare, "")
    return spelled.astype("str"), fault.astype("str")
