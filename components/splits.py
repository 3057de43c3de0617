"""Who is in train, validation and test; the fingerprint that makes two runs comparable; the leak check.

Protocols
---------
``track``
    Songs whole. Byte-identical files and, where an artist table is given, all songs of an artist stay on one
    side. Stratified by genre.
``segment``
    The study's: segments dealt at random, so that the segments of one song fall on both sides. *Leaky*, and
    marked so wherever its numbers are shown.
``fault_filtered``
    Published lists, read by :mod:`components.published`.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from components import atomic, corpus, published
from components.errors import CorpusError, LeakError
from components.params import Params, SplitParams

PARTS = ("train", "validation", "test")


def groups(tracks: pd.DataFrame, *, artists: dict[str, str] | None = None) -> pd.Series:
    """Tie together the tracks that must stay on one side of a split.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``track`` and ``sha256``, one row a track.
    artists : dict of str to str, optional
        Artist of a track; tracks without one are tied to nothing.

    Returns
    -------
    Series
        A group number a row: equal for files of equal bytes and for songs of one artist, also through
        others.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = range(len(tracks))
    links: list[tuple[int, int]] = []
    keys = [tracks["sha256"].to_numpy(dtype=object)]
    if artists:
        keys.append(np.array([artists.get(track) for track in tracks["track"]], dtype=object))
    for key in keys:
        first: dict[Any, int] = {}
        for row, value in zip(rows, key, strict=True):
            if value:
                links.append((first.setdefault(value, row), row))
    left, right = np.array(links or [(0, 0)]).T
    graph = coo_array((np.ones(len(left)), (left, right)), shape=(len(rows), len(rows)))
    return pd.Series(connected_components(graph, directed=False)[1], index=tracks.index)


def deal(rows: pd.DataFrame, *, split: SplitParams, seed: int, grouped: bool) -> pd.Series:
    """Deal rows into train, validation and test, stratified by genre.

    The test part is fold ``split.fold`` of ``split.folds``; the validation part is the first of
    ``split.validation_folds`` folds of the rest. Five and five give 4:1 twice, as in the study.

    Parameters
    ----------
    rows : DataFrame
        Columns ``genre`` and, where ``grouped``, ``group``.
    split : SplitParams
        The ``split`` block.
    seed : int
        Seed of the shuffle.
    grouped : bool
        Keep rows of one ``group`` on one side.

    Returns
    -------
    Series of str
        ``train``, ``validation`` or ``test`` a row.

    Raises
    ------
    CorpusError
        If a genre has too few rows or groups to be on every side.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    def fold(frame: pd.DataFrame, *, folds: int, number: int) -> np.ndarray:
        labels = frame["genre"].astype("category").cat.codes.to_numpy()
        splitter = (StratifiedGroupKFold if grouped else StratifiedKFold)(
            n_splits=folds, shuffle=True, random_state=seed
        )
        ties = frame["group"].to_numpy() if grouped else None
        try:
            return list(splitter.split(labels, labels, ties))[number][1]
        except ValueError as error:
            raise CorpusError(f"{len(frame)} rows cannot be dealt into {folds} folds: {error}") from error

    parts = pd.Series("train", index=rows.index, dtype=object)
    test = fold(rows, folds=split.folds, number=split.fold)
    parts.iloc[test] = "test"
    rest = rows[(parts != "test").to_numpy()]
    chosen = rest.index[fold(rest, folds=split.validation_folds, number=0)]
    parts.loc[chosen] = "validation"
    for genre, dealt in parts.groupby(rows["genre"].to_numpy()):
        missing = set(PARTS) - set(dealt)
        if missing:
            raise CorpusError(
                f"genre {genre!r} has no row in {', '.join(sorted(missing))}: {len(dealt)} rows"
                + (f" in {rows.loc[dealt.index, 'group'].nunique()} groups" if grouped else "")
                + f"; valid: at least {split.folds} that may be dealt apart"
            )
    return parts


def make(tracks: pd.DataFrame, *, params: Params) -> pd.DataFrame:
    """Deal usable tracks and their segments into parts.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``track``, ``genre``, ``segments``, ``sha256``: the usable tracks.
    params : Params
        The checked params.

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
    artists = published.read_artists(Path(params.corpus.artists)) if params.corpus.artists else None
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
            listed = published.read_lists(Path(str(split.lists)))
            whole["part"] = whole["track"].map(listed)
            whole = whole[whole["part"].notna()]
            if set(whole["part"]) != set(PARTS):
                raise CorpusError(
                    f"split.lists {split.lists!r} and the corpus share tracks of "
                    f"{', '.join(sorted(set(whole['part']))) or 'no part'} only; valid: some of each of "
                    f"{', '.join(PARTS)}"
                )
        else:
            whole["part"] = deal(whole, split=split, seed=params.seed, grouped=True)
            guard_groups(whole)
        parts = dict(zip(whole["track"], whole["part"], strict=True))
        pieces["part"] = pieces["track"].map(parts)
        pieces = pieces[pieces["part"].notna()]
    table = pd.concat([pieces, whole])[["unit", "track", "segment", "genre", "part"]]
    return table.sort_values(["unit", "track", "segment"], ignore_index=True)


def guard_groups(table: pd.DataFrame) -> None:
    """Fail where tracks that belong together are on two sides.

    Parameters
    ----------
    table : DataFrame
        Columns ``track``, ``group``, ``part``.

    Raises
    ------
    LeakError
        Naming the first such group's tracks.
    """
    sides = table.groupby("group")["part"].nunique()
    for group in sides[sides > 1].index:
        torn = table[table["group"] == group]
        names = ", ".join(f"{row.track} in {row.part}" for row in torn.itertuples())
        raise LeakError(f"identical or same-artist tracks are on two sides of the split: {names}")


def guard(table: pd.DataFrame, *, protocol: str) -> None:
    """Fail where a row is in two parts or, but for protocol ``segment``, a song is.

    Parameters
    ----------
    table : DataFrame
        A split table.
    protocol : str
        The protocol it was made under.

    Raises
    ------
    LeakError
        Naming a track that is on two sides.
    """
    rows = table.duplicated(["unit", "track", "segment"])
    if rows.any():
        raise LeakError(f"track {table.loc[rows, 'track'].iloc[0]!r} is dealt twice")
    if protocol == "segment":
        return
    sides = table.groupby("track")["part"].nunique()
    torn = sides[sides > 1]
    if len(torn):
        raise LeakError(f"{len(torn)} songs are on two sides of the split, among them {torn.index[0]!r}")


def fingerprint(table: pd.DataFrame) -> str:
    """Hash who is in which part: equal fingerprints mean comparable numbers.

    Parameters
    ----------
    table : DataFrame
        A split table.

    Returns
    -------
    str
        SHA-256, 64 hexadecimal digits.
    """
    columns = ["unit", "track", "segment", "genre", "part"]
    ordered = table[columns].sort_values(columns[:3])
    return hashlib.sha256(ordered.to_csv(index=False).encode()).hexdigest()


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
    listings = [corpus.read(source, root=root) for source in sorted(params.corpus.sources)]
    usable = [listing[listing["fault"] == ""] for listing in listings]
    shared = set.intersection(*(set(listing["track"]) for listing in usable))
    tracks = usable[0][usable[0]["track"].isin(shared)][["track", "genre", "sha256"]]
    counts = pd.concat(usable).groupby("track")["segments"].max()
    tracks = tracks.assign(segments=tracks["track"].map(counts))
    table = make(tracks, params=params)
    guard(table, protocol=params.split.protocol)
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
        "artists_kept_whole": bool(params.corpus.artists) and params.split.protocol == "track",
    }
    with atomic.replacing_folder(root / "splits") as folder:
        table.to_parquet(folder / "split.parquet", index=False)
        atomic.write_json(folder / "split.json", facts)
    return table


def read(root: Path = Path("data")) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Read what :func:`run` wrote, and check that it still holds together.

    Parameters
    ----------
    root : Path
        The data folder.

    Returns
    -------
    tuple of DataFrame and dict
        The split table and its facts.

    Raises
    ------
    LeakError
        If the table does not match its fingerprint, or a song is on two sides.
    """
    table = pd.read_parquet(root / "splits" / "split.parquet")
    facts = json.loads((root / "splits" / "split.json").read_text(encoding="utf-8"))
    if fingerprint(table) != facts["fingerprint"]:
        raise LeakError(f"{root / 'splits'}: the table was changed after it was made; run `dvc repro split`")
    guard(table, protocol=facts["protocol"])
    return table, facts
