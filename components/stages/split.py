"""Who is in train, validation and test; the fingerprint that makes two runs comparable; the leak check.

Protocols
---------
``track``
    Songs whole. Byte-identical files and, where an artist table is given, all songs of an artist stay on one
    side. Stratified by genre.
``segment``
    The study's: segments dealt at random, so that the segments of one song fall on both sides. *Leaky*, and
    marked so wherever its numbers are shown.
``kfold``
    All folds of ``track`` in turn, each from ``split.fold``: every song is tested by one model that never
    heard it. `genre reproduce` runs them.
``fault_filtered``
    Published lists, read by :mod:`components.stages.published`.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from components.config.params import Params
from components.core import atomic
from components.core.errors import CorpusError
from components.corpus import published_metadata
from components.corpus import store as corpus_store
from components.splits import leakage
from components.splits.folds import PARTS, deal, groups
from components.splits.store import fingerprint, read

__all__ = ["PARTS", "fingerprint", "make", "read", "run"]


def make(
    tracks: pd.DataFrame,
    *,
    params: Params,
    artists: dict[str, str] | None = None,
    lists: dict[str, str] | None = None,
) -> pd.DataFrame:
    """Deal usable tracks and their segments into parts.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``track``, ``genre``, ``segments``, ``sha256``: the usable tracks.
    params : Params
        The checked params.
    artists : dict of str to str, optional
        Artist of each track.
    lists : dict of str to str, optional
        Part of each track, for ``fault_filtered``.

    Returns
    -------
    DataFrame
        Columns ``unit``, ``track``, ``segment`` (-1 for whole tracks), ``genre``, ``part``; sorted.

    Raises
    ------
    CorpusError
        If there are too few tracks to deal.
    LeakError
        If a group of tracks ended on two sides.
    """
    split = params.split
    tracks = tracks.sort_values("track", ignore_index=True)
    tracks["group"] = groups(tracks, artists=artists)
    whole = tracks.assign(unit="track", segment=-1)
    pieces = tracks.loc[tracks.index.repeat(tracks["segments"])].reset_index(drop=True)
    pieces["segment"] = pieces.groupby("track").cumcount()
    pieces["unit"] = "segment"
    if split.protocol == "segment":
        whole["part"] = deal(whole, split=split, seed=params.seed, grouped=False)
        if len(pieces):
            pieces["part"] = deal(pieces, split=split, seed=params.seed, grouped=False)
    else:
        if split.protocol == "fault_filtered":
            whole["part"] = whole["track"].map(lists or {})
            whole = whole[whole["part"].notna()]
            if set(whole["part"]) != set(PARTS):
                raise CorpusError(
                    f"corpus.published.lists {params.corpus.published.get('lists')!r} and the corpus share tracks of "
                    f"{', '.join(sorted(set(whole['part']))) or 'no part'} only; valid: some of each of "
                    f"{', '.join(PARTS)}"
                )
        else:
            whole["part"] = deal(whole, split=split, seed=params.seed, grouped=True)
            leakage.guard_groups(whole)
        parts = dict(zip(whole["track"], whole["part"], strict=True))
        pieces["part"] = pieces["track"].map(parts)
        pieces = pieces[pieces["part"].notna()]
    table = pd.concat([pieces, whole])[["unit", "track", "segment", "genre", "part"]]
    return table.sort_values(["unit", "track", "segment"], ignore_index=True)


def run(*, params: Params, root: Path = Path("data")) -> pd.DataFrame:
    """Make ``splits/split.parquet`` and ``splits/split.json``: the stage ``split``.

    Parameters
    ----------
    params : Params
        The checked params.
    root : Path
        The data folder.

    Returns
    -------
    DataFrame
        The split table, as :func:`make`.

    Raises
    ------
    CorpusError, LeakError, ParamsError
        As :func:`make`.
    """
    listings = [corpus_store.read(source, root=root) for source in sorted(params.corpus.sources)]
    usable = [listing[listing["fault"] == ""] for listing in listings]
    shared = set.intersection(*(set(listing["track"]) for listing in usable))
    tracks = usable[0][usable[0]["track"].isin(shared)][["track", "genre", "sha256"]]
    counts = pd.concat(usable).groupby("track")["segments"].max()
    tracks = tracks.assign(segments=tracks["track"].map(counts))
    known = {name: published_metadata.read(name, root=root) for name in params.corpus.published}
    table = make(tracks, params=params, artists=known.get("artists"), lists=known.get("lists"))
    leakage.guard_split(table, protocol=params.split.protocol)
    by_part = table.groupby(["unit", "part"])["track"].agg(["nunique", "size"])
    facts = {
        "protocol": params.split.protocol,
        "leaky": params.split.protocol == "segment",
        "seed": params.seed,
        "fold": params.split.fold,
        "folds": params.split.folds,
        "fingerprint": fingerprint(table),
        "genres": sorted(set(table["genre"])),
        "counts": {
            f"{unit}.{part}": {"tracks": int(row["nunique"]), "rows": int(row["size"])}
            for (unit, part), row in by_part.iterrows()
        },
        "artists_kept_whole": "artists" in params.corpus.published and params.split.protocol == "track",
    }
    with atomic.replacing_folder(root / "splits") as folder:
        table.to_parquet(folder / "split.parquet", index=False)
        atomic.write_json(folder / "split.json", facts)
    return table
