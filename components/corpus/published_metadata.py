"""Published metadata of a collection: split lists and artist tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from components.config.params import Params
from components.core.errors import LeakError, ParamsError
from components.corpus import credits, tables

if TYPE_CHECKING:
    import pandas as pd

#: The fault-filtered lists of GTZAN (443, 197 and 290 tracks), one track a line, published with C. Kereliuk,
#: B. L. Sturm, J. Larsen, "Deep Learning and Music Adversaries", IEEE Trans. Multimedia 17(11), 2015.
LISTS = {"train": "train_filtered.txt", "validation": "valid_filtered.txt", "test": "test_filtered.txt"}
#: The end of a file's name; not the number in ``blues.00000``.
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")
#: A line that lacks its separators: up to the first suffix the file, then the artist.
_FILE_THEN_ARTIST = re.compile(r"^(.+?\.[A-Za-z][A-Za-z0-9]{1,4})\s+(\S.*)$")


def read_lists(folder: Path) -> dict[str, str]:
    """Read published split lists.

    Parameters
    ----------
    folder : Path
        Holds the three files of :data:`LISTS`.

    Returns
    -------
    dict of str to str
        Part of each track, by track id.

    Raises
    ------
    ParamsError
        If a list is missing.
    LeakError
        If a track is in two lists.
    """
    parts: dict[str, str] = {}
    for part, name in LISTS.items():
        path = folder / name
        if not path.is_file():
            raise ParamsError(
                f"corpus.published.lists: {path} is missing; valid: a folder with {', '.join(LISTS.values())}"
            )
        for line in path.read_text(encoding="utf-8").split():
            track = PurePosixPath(line).stem
            if parts.setdefault(track, part) != part:
                raise LeakError(f"track {track!r} is in the lists of both {parts[track]} and {part}")
    return parts


def read_artists(path: Path) -> dict[str, str]:
    """Read an artist table.

    Either lines ``file ::: artist ::: title``, as in B. L. Sturm's index of GTZAN (ACM MIRUM 2012), where ``##`` begins
    a comment and a line without separators is a file's name and an artist's; or CSV with the columns ``path`` or
    ``track``, ``artist`` and, if there is one, ``album``.

    Parameters
    ----------
    path : Path
        The table.

    Returns
    -------
    dict of str to str
        Artist, as :func:`same_artist` writes it, by what the table calls the track; without an artist its album, and
        without either the row is left out.

    Raises
    ------
    ParamsError
        If the file is missing, names no artist, or has a quote that does not end.
    """
    valid = "valid: lines 'file ::: artist ::: title', or CSV with columns path (or track) and artist"
    if not path.is_file():
        raise ParamsError(
            f"corpus.published.artists: {path} is missing; {valid}; `genre download gtzan-artists` downloads GTZAN's"
        )
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    # Kept as empty ones, so that a message counts lines as an editor does.
    lines = ["" if line.startswith("##") or not line.strip() else line for line in lines]
    heading = next(filter(None, lines), "")
    separator = next(
        (one for one in tables.SEPARATORS if "artist" in tables.columns_of(heading, separator=one)), ""
    )
    rows = _of_csv(lines, separator=separator) if separator else map(_of_line, lines)
    try:
        artists = {key: artist for key, artist in rows if key and artist}
    except ValueError as error:
        raise ParamsError(f"corpus.published.artists: {path}, {error}; {valid}") from error
    if not artists:
        raise ParamsError(f"corpus.published.artists: {path} names no artist; {valid}")
    return artists


def _of_csv(lines: list[str], *, separator: str) -> Iterator[tuple[str, str]]:
    records = (cells for _, cells in tables.lines(lines, separator=separator) if cells)
    columns = [name.strip().casefold() for name in next(records)]
    for values in records:
        cells = {name: value.strip() for name, value in zip(columns, values, strict=False)}
        artist = credits.artist_key(cells.get("artist", ""), album=cells.get("album", ""))
        yield cells.get("path") or cells.get("track", ""), artist


def _of_line(line: str) -> tuple[str, str]:
    key, separator, rest = line.partition(":::")
    if not separator:
        # "blues.00004.wav John Lee Hooker"
        named = _FILE_THEN_ARTIST.match(line)
        return (named[1], credits.artist_key(named[2])) if named else ("", "")
    return key.strip(), credits.artist_key(rest.partition(":::")[0])


def match(known: Mapping[str, str], tracks: pd.DataFrame, *, key: str) -> dict[str, str]:
    """Match what a table calls its tracks with those of a corpus.

    A track is found by its id, by its path below the source's folder or a longer one that ends in it, or by its
    file's name where no other track has that; suffixes may differ. What fits rows that disagree is not matched.

    Parameters
    ----------
    known : mapping of str to str
        Value by what the table calls the track.
    tracks : DataFrame
        Columns ``track`` and ``path``.
    key : str
        What names the table, for messages.

    Returns
    -------
    dict of str to str
        Value by track id, of the tracks that were found.

    Raises
    ------
    ParamsError
        If no track is found, naming a row of the table and a track.
    """
    values: dict[str, set[str]] = {}
    for called, value in known.items():
        parts = called.replace("\\", "/").strip("/").removeprefix("./").split("/")
        for start in range(len(parts)):
            ending = "/".join(parts[start:])
            for spelling in {ending, _without_suffix(ending)}:
                values.setdefault(spelling, set()).add(value)
    names = tracks["path"].map(lambda path: _without_suffix(PurePosixPath(path).name))
    alone = ~names.duplicated(keep=False)
    found = {}
    for track, path, file, unique in zip(tracks["track"], tracks["path"], names, alone, strict=True):
        for spelling in (track, path, _without_suffix(path), *([file] if unique else [])):
            if len(values.get(spelling, ())) == 1:
                found[track] = next(iter(values[spelling]))
                break
    if known and len(tracks) and not found:
        track, path = tracks[["track", "path"]].iloc[0]
        raise ParamsError(
            f"{key} matches no track: it names {next(iter(known))!r}, the corpus has {track!r} "
            f"({path or 'a row of a table'}); valid: a track's id, its path below the source's folder, its file's name"
        )
    return found


def _without_suffix(path: str) -> str:
    return _SUFFIX.sub("", path)


def find(name: str, *, params: Params, root: Path = Path("data")) -> dict[str, str]:
    """Read what ``corpus.published`` names; relative paths start from the folder that holds ``root``.

    Parameters
    ----------
    name : str
        ``artists`` or ``lists``; a key of ``corpus.published``.

    Returns
    -------
    dict of str to str
        Artist by what the table calls the track, or part by track id.

    Raises
    ------
    ParamsError
        If ``corpus.published`` does not name it, or what it names is missing.
    LeakError
        As :func:`read_lists`.
    """
    paths = {str(key): path for key, path in params.corpus.published.items()}
    if name not in paths:
        raise ParamsError(f"corpus.published has no {name!r}; valid: {', '.join(paths) or 'none'}")
    return {"artists": read_artists, "lists": read_lists}[name](Path(root).parent / paths[name])


def read(name: str, *, root: Path = Path("data")) -> dict[str, str]:
    """Read what the stage ``published`` took over, as :func:`find` returned it.

    Raises
    ------
    ParamsError
        If it was not taken over.
    """
    path = Path(root) / "corpus" / f"{name}.csv"
    if not path.is_file():
        raise ParamsError(f"{path} is missing; run `dvc repro published@{name}`")
    # An artist called "None" is not a missing one.
    import pandas as pd

    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return dict(zip(table["track"], table[name], strict=True))
