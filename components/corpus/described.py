"""A listing in lines of text: what it holds, what it leaves out, and what repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
    genres = listing.loc[~is_left_out, "genre"].nunique()
    said = [
        f"{source}: {len(listing) - len(left_out)} usable tracks of {genres} genres, {len(left_out)} left out"
    ]
    said += [f"  left out: {row.track}: {row.fault}" for row in left_out.head(SHOWN).itertuples()]
    if len(left_out) > SHOWN:
        said.append(f"  … and {len(left_out) - SHOWN} more: see column fault of corpus/{source}.parquet")
    files, sounds = (_hashes(listing[name], where=~is_left_out) for name in ("sha256", "sound_sha256"))
    if repeats := len(files) - _distinct(files):
        said.append(f"  {repeats} tracks repeat another track byte for byte")
    has_sound = sounds != b""
    if repeats := _distinct(files[has_sound]) - _distinct(sounds[has_sound]):
        said.append(f"  {repeats} tracks repeat another track's sound in another file")
    alike: dict[str, list[str]] = {}
    for genre in listing.loc[~is_left_out, "genre"].unique():
        alike.setdefault(spellings.key(genre), []).append(genre)
    said += [
        f"  genres of one name but for case: {', '.join(map(repr, names))}"
        for names in alike.values()
        if len(names) > 1
    ]
    damaged = listing.loc[~is_left_out & (listing["damage"] != ""), ["track", "damage", "lost"]]
    said += [
        f"  damaged: {row.track}: {row.damage}, {row.lost:.2f} s lost"
        for row in damaged.head(SHOWN).itertuples()
    ]
    if len(damaged) > SHOWN:
        said.append(f"  … and {len(damaged) - SHOWN} more: see column damage of corpus/{source}.parquet")
    if found is not None and found.ignored:
        said.append(f"  {found.ignored} other files are no tracks")
    if found is not None and found.without:
        said.append(f"  no tracks are in {', '.join(found.without[:SHOWN])}: no genre")
    if found is not None and found.beside:
        shown = ", ".join(found.beside[:SHOWN]) + (" …" if len(found.beside) > SHOWN else "")
        said.append(f"  {len(found.beside)} tracks lie in no genre's folder: {shown}")
    if known:
        said.append(f"  {known} files are known from an earlier listing (--verify reads them again)")
    return said


def _hashes(column: pd.Series, *, where: pd.Series) -> NDArray[np.bytes_]:
    """Return the first halves of SHA-256 from their digits: texts as Python objects would take eight times as much."""
    kept = (bytes.fromhex(one[:32]) for one, is_kept in zip(column, where, strict=True) if is_kept)
    return np.fromiter(kept, dtype="S16", count=int(where.sum()))


def _distinct(values: NDArray[np.bytes_]) -> int:
    """Count the different values: sorted, since the hash table of ``np.unique`` takes five times as much memory."""
    ordered = np.sort(values)
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + bool(len(ordered))
