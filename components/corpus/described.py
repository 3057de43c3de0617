"""A listing in lines of text: what it holds, what it leaves out, and what repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

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
    kept = listing.loc[~is_left_out, ["track", "genre", "sha256", "sound_sha256", "lost", "damage"]]
    genres = kept["genre"].nunique()
    said = [f"{source}: {len(kept)} usable tracks of {genres} genres, {len(left_out)} left out"]
    said += [f"  left out: {row.track}: {row.fault}" for row in left_out.head(SHOWN).itertuples()]
    if len(left_out) > SHOWN:
        said.append(f"  … and {len(left_out) - SHOWN} more: see column fault of corpus/{source}.parquet")
    if repeats := int(kept["sha256"].duplicated().sum()):
        said.append(f"  {repeats} tracks repeat another track byte for byte")
    sounds = kept.loc[(kept["sound_sha256"] != "") & ~kept["sha256"].duplicated(), "sound_sha256"]
    if repeats := int(sounds.duplicated().sum()):
        said.append(f"  {repeats} tracks repeat another track's sound in another file")
    damaged = kept[kept["damage"] != ""]
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
    if known:
        said.append(f"  {known} files are known from an earlier listing (--verify reads them again)")
    return said
