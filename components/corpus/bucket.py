"""Discovery of a collection in a bucket: listed at once, each file copied by its ETag and measured as any other is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from io import BufferedReader
from pathlib import PurePosixPath

import pandas as pd

from components.config.params import Params
from components.core.errors import CorpusError
from components.core.formatting import printable
from components.corpus import discovery, locations
from components.corpus.discovery import Found, Measure
from components.corpus.store import Row, Rows

#: How the fault of a file begins that is there and may not be read.
REFUSED = "not readable"


def listed(place: str, *, key: str) -> Iterator[tuple[PurePosixPath, int, str]]:
    """Yield what lies below a URL, in order of path: its path there, its size in bytes, and the tag of its content.

    Raises
    ------
    CorpusError
        If the bucket cannot be read, or the URL is of a file; the message names the key.
    """
    locations.check(place, key=key)
    try:
        store, root = locations.filesystem(place)
        found = store.find(root, detail=True)
    except locations.failures() as error:
        raise CorpusError(f"{key} is {place!r}, which cannot be read: {locations.reason(error)}") from error
    if root in found:
        raise CorpusError(f"{key} is {place!r}, which is a file; valid: a folder")
    for path, info in sorted(found.items()):
        # What ends in a slash stands for a folder, as consoles make one; it has no content.
        if not path.endswith("/"):
            yield PurePosixPath(path).relative_to(root), int(info["size"]), str(info.get("ETag") or "")


def walk(place: str, *, key: str, suffixes: Collection[str], fewest: int = 2) -> Found:
    """List a collection's files without reading one.

    Parameters
    ----------
    place : str
        Its URL; below it one folder a genre, as :func:`components.corpus.discovery.walk` takes it.
    key : str
        The key of ``params.yaml`` that names it, for messages.
    suffixes : collection of str
        Lower-case endings with the dot; other files are not tracks.
    fewest : int
        Least number of genres.

    Returns
    -------
    Found
        With the size in bytes, in order of path.

    Raises
    ------
    CorpusError
        If the bucket cannot be read, or holds too few or too many genres with tracks.
    """
    rows, ignored = Rows("stamp"), 0
    genres: dict[str, bool] = {}
    beside = []
    for relative, size, tag in listed(place, key=key):
        genre, *below = relative.parts
        if not below and not genre.startswith(".") and relative.suffix.lower() in suffixes:
            beside.append(genre)
            continue
        if not below or genre.startswith("."):
            ignored += 1
            continue
        genres.setdefault(genre, False)
        if relative.suffix.lower() in suffixes and not any(part.startswith(".") for part in below):
            track = discovery.track_id(genre, PurePosixPath(*below).with_suffix("").as_posix())
            rows.add(Row(track, genre, relative.as_posix(), bytes=size), tag)
            genres[genre] = True
        else:
            ignored += 1
    with_tracks = [genre for genre, has in genres.items() if has]
    paths = (row.path for row, _ in rows)
    discovery.check_genres(
        with_tracks, place=place, key=key, fewest=fewest, paths=paths, beside=beside, suffixes=suffixes
    )
    return Found(
        rows, ignored, [genre for genre, has in genres.items() if not has], list(map(printable, beside))
    )


def inspect(row: Row, *, folder: str, params: Params, measure: Measure) -> Row:
    """Copy a listed file and measure it, or name its fault; see :func:`components.corpus.discovery.inspect`.

    Raises
    ------
    CorpusError
        If the bucket cannot be reached any more; a track is left out for its own fault alone.
    """
    if row.fault:
        return row
    if (limit := params.corpus.max_bytes) < row.bytes:
        # It is not even copied.
        return replace(row, fault=discovery.too_large(row.bytes, limit=limit))
    place = f"{folder.rstrip('/')}/{row.path}"
    try:
        copy = locations.local(place)
    except FileNotFoundError:
        return replace(row, fault="vanished during the listing")
    except PermissionError as error:
        return replace(row, fault=f"{REFUSED}: {locations.reason(error)}")

    def measured(listed: Row, file: BufferedReader, *, params: Params) -> Row:
        return measure(replace(listed, path=row.path), file, params=params)

    found = discovery.inspect(
        replace(row, path=copy.name), folder=copy.parent, params=params, measure=measured
    )
    return replace(found, path=row.path)


def require_readable(listing: pd.DataFrame, *, place: str, key: str) -> None:
    """Fail where most files may be listed and not read: then not they are at fault, but the rights of the keys.

    Parameters
    ----------
    listing : DataFrame
        Column ``fault``.
    place : str
        The collection's URL.
    key : str
        The key of ``params.yaml`` that names it, for messages.

    Raises
    ------
    CorpusError
        Naming the place, and the bucket's reason.
    """
    faults = listing.loc[listing["fault"].str.startswith(REFUSED), "fault"]
    if 2 * len(faults) > len(listing):
        reason = faults.str.removeprefix(f"{REFUSED}: ").mode()[0]
        raise CorpusError(
            f"{key} is {place!r}, where {len(faults)} of {len(listing)} files may be listed and not read: {reason}; "
            "valid: keys with the right to read them (s3:GetObject)"
        )
