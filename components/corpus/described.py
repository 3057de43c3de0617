"""A listing in lines of text: what it holds, what it leaves out, and what repeats."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from components.core.formatting import plural
from components.corpus import spellings

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from components.corpus.discovery import Found

#: Tracks left out that are named one by one; all are in the file.
SHOWN = 20


def lines(listing: pd.DataFrame, *, source: str, found: Found | None = None, known: int = 0) -> list[str]:
    """Describe what a listing holds and leaves out, in lines of text.

    Parameters
    ----------
    listing : DataFrame
        From :func:`components.stages.corpus.run`.
    source : str
        Its name.
    found : Found, optional
        For what was found beside the tracks.
    known : int
        Files that an earlier listing knew.

    Returns
    -------
    list of str
        A summary, each left-out track with its reason (at most 20), what is damaged, repeats.
    """
    is_left_out = listing["fault"] != ""
    left_out = listing.loc[is_left_out, ["track", "fault"]]
    damaged = listing.loc[~is_left_out & (listing["damage"] != ""), ["track", "damage", "lost"]]
    genres = listing.loc[~is_left_out, "genre"].unique()
    usable = len(listing) - len(left_out)
    said = [f"{source}: {usable} usable tracks of {len(genres)} genres, {len(left_out)} left out"]
    said += [f"  left out: {row.track}: {row.fault}" for row in left_out.head(SHOWN).itertuples()]
    said += _more(left_out, column="fault", source=source)
    said += _repeats(listing, where=~is_left_out)
    said += _genres_alike(genres)
    said += [
        f"  damaged: {row.track}: {row.damage}, {row.lost:.2f} s lost"
        for row in damaged.head(SHOWN).itertuples()
    ]
    said += _more(damaged, column="damage", source=source)
    if found is not None:
        said += _no_tracks(found)
    if known:
        said.append(f"  known from an earlier listing: {plural(known, 'file')} (--verify reads them again)")
    return said


def _more(tracks: pd.DataFrame, *, column: str, source: str) -> list[str]:
    if len(tracks) <= SHOWN:
        return []
    return [f"  … and {len(tracks) - SHOWN} more: see column {column} of corpus/{source}.parquet"]


def _repeats(listing: pd.DataFrame, *, where: pd.Series) -> list[str]:
    """Count the tracks of equal bytes, and those of equal sound in other bytes."""
    files, sounds = (_hashes(listing[name], where=where) for name in ("sha256", "sound_sha256"))
    said = []
    if repeats := len(files) - _distinct(files):
        said.append(f"  the same as another track byte for byte: {plural(repeats, 'track')}")
    has_sound = sounds != b""
    if repeats := _distinct(files[has_sound]) - _distinct(sounds[has_sound]):
        said.append(f"  the same sound as another track in another file: {plural(repeats, 'track')}")
    return said


def _genres_alike(genres: Iterable[str]) -> list[str]:
    alike: dict[str, list[str]] = {}
    for genre in genres:
        alike.setdefault(spellings.key(genre), []).append(genre)
    return [
        f"  genres of one name but for case: {', '.join(map(repr, names))}"
        for names in alike.values()
        if len(names) > 1
    ]


def _no_tracks(found: Found) -> list[str]:
    """Describe the files and folders that are no tracks and no genres."""
    said = []
    if found.ignored:
        said.append(f"  no tracks: {plural(found.ignored, 'other file')}")
    if found.without:
        said.append(f"  no tracks are in {', '.join(found.without[:SHOWN])}: no genre")
    if found.beside:
        shown = ", ".join(found.beside[:SHOWN]) + (" …" if len(found.beside) > SHOWN else "")
        said.append(f"  in no genre's folder: {plural(len(found.beside), 'track')} ({shown})")
    return said


def _hashes(column: pd.Series, *, where: pd.Series) -> NDArray[np.bytes_]:
    """Return the first halves of SHA-256 from their digits: texts as Python objects would take eight times as much."""
    kept = (bytes.fromhex(one[:32]) for one, is_kept in zip(column, where, strict=True) if is_kept)
    return np.fromiter(kept, dtype="S16", count=int(where.sum()))


def _distinct(values: NDArray[np.bytes_]) -> int:
    """Count the different values: sorted, since the hash table of ``np.unique`` takes five times as much memory."""
    ordered = np.sort(values)
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + bool(len(ordered))
