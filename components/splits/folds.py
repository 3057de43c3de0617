"""Stratified folds of tracks and segments, and the split table that they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from components.config.params import Params, SplitParams
from components.core.errors import CorpusError
from components.splits import artists, leakage

PARTS = ("train", "validation", "test")
COLUMNS = ("unit", "track", "segment", "genre", "part", "artist", "headline")
#: Seeds that are tried for folds with every genre in each.
ATTEMPTS = 20


def make(
    tracks: pd.DataFrame,
    *,
    params: Params,
    lists: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Assign usable tracks and their segments to parts.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``track``, ``genre``, ``segments``, ``sha256``, ``sound_sha256``, ``artist`` ('' where it is not
        known), one row a usable track.
    params : Params
        For ``split`` and ``seed``.
    lists : mapping of str to str, optional
        Part of each track, for ``fault_filtered``.

    Returns
    -------
    DataFrame
        A split table, see :mod:`components.splits`.

    Raises
    ------
    CorpusError
        If there are too few tracks for every part, or artists are to be kept whole and most are unknown.
    LeakError
        If tracks that belong together ended on two sides.
    """
    split = params.split
    tracks = tracks.sort_values("track", ignore_index=True)
    by_artist = split.protocol == "artist"
    if by_artist and not artists.known(tracks):
        raise CorpusError(
            f"split.protocol is 'artist', and {(tracks['artist'] != '').sum()} of {len(tracks)} tracks have a known "
            "artist; valid: more than half of them, or split.protocol track"
        )
    together = ["sha256", "sound_sha256"]
    if by_artist:
        # The songs of an artist-confounded genre are assigned one by one.
        few = tracks["genre"].isin(artists.confounded(tracks))
        tracks["kept_whole"] = tracks["artist"].mask(few, "")
        together.append("kept_whole")
    whole = tracks.assign(unit="track", segment=-1, group=groups(tracks, together=together))
    pieces = whole.loc[whole.index.repeat(whole["segments"])].reset_index(drop=True)
    pieces["segment"] = pieces.groupby("track").cumcount()
    pieces["unit"] = "segment"
    if split.protocol == "segment":
        for rows in (whole, pieces):
            if len(rows):
                rows["part"] = assign(rows, split=split, seed=params.seed, grouped=False)
    else:
        if split.protocol == "fault_filtered":
            whole["part"] = whole["track"].map(lists or {})
            _require_each_part(set(whole["part"].dropna()), lists=params.corpus.published.get("lists"))
        else:
            whole["part"] = assign(whole, split=split, seed=params.seed, grouped=True)
            leakage.check_groups(whole)
        pieces["part"] = pieces["track"].map(whole.set_index("track")["part"])
    whole = whole.dropna(subset="part")
    whole["headline"] = artists.headline(whole)
    pieces = pieces.dropna(subset="part")
    if split.protocol == "segment":
        # The segments of a song are in several parts, whichever part its whole is in.
        pieces["headline"] = artists.headline(pieces)
    else:
        pieces["headline"] = pieces["track"].map(whole.set_index("track")["headline"])
    table = pd.concat([pieces, whole], ignore_index=True).astype({"headline": bool})
    return table[list(COLUMNS)].sort_values(["unit", "track", "segment"], ignore_index=True)


def _require_each_part(found: set[str], *, lists: str | None) -> None:
    if found != set(PARTS):
        raise CorpusError(
            f"corpus.published.lists {lists!r} and the corpus share tracks of "
            f"{', '.join(sorted(found)) or 'no part'} only; valid: some of each of {', '.join(PARTS)}"
        )


def groups(tracks: pd.DataFrame, *, together: Sequence[str]) -> pd.Series:
    """Return a number for each group of tracks that must stay on one side of a split.

    Parameters
    ----------
    tracks : DataFrame
        One row a track.
    together : sequence of str
        Columns whose equal values keep tracks together; a track where one is '' shares none.

    Returns
    -------
    Series of int
        Equal for tracks that share a value, also through others.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = [np.zeros((2, 0), dtype=int)]
    for column in together:
        known = tracks.loc[tracks[column] != "", column]
        rows = pd.Series(tracks.index.get_indexer(known.index), index=known.index)
        links.append(np.stack([rows.groupby(known).transform("first"), rows]).astype(int))
    left, right = np.concatenate(links, axis=1)
    graph = coo_array((np.ones(len(left)), (left, right)), shape=(len(tracks), len(tracks)))
    return pd.Series(connected_components(graph, directed=False)[1], index=tracks.index)


def assign(rows: pd.DataFrame, *, split: SplitParams, seed: int, grouped: bool) -> pd.Series:
    """Assign rows to train, validation and test, stratified by genre.

    The test part is fold ``split.fold`` of ``split.folds``; the validation part is the first of
    ``split.validation_folds`` folds of the rest. Five and five give 4:1 twice, as in the study. Under protocol
    ``artist`` a genre of few artists may be missing from validation or test, and never from train.

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
    parts = pd.Series("train", index=rows.index, dtype=object)
    parts.iloc[folds(rows, count=split.folds, seed=seed, grouped=grouped)[split.fold]] = "test"
    rest = rows[(parts != "test").to_numpy()]
    chosen = folds(rest, count=split.validation_folds, seed=seed, grouped=grouped)[0]
    parts.loc[rest.index[chosen]] = "validation"
    for genre, assigned in parts.groupby(rows["genre"].to_numpy()):
        needed = ("train",) if split.protocol == "artist" else PARTS
        missing = set(needed) - set(assigned)
        if missing:
            raise CorpusError(
                f"genre {genre!r} has no row in {', '.join(sorted(missing))}: {len(assigned)} rows"
                + (f" in {rows.loc[assigned.index, 'group'].nunique()} groups" if grouped else "")
                + f"; valid: at least {split.folds} that may be on different sides"
            )
    return parts


def folds(rows: pd.DataFrame, *, count: int, seed: int, grouped: bool) -> list[np.ndarray]:
    """Divide rows into folds, stratified by genre.

    Groups can make a fold miss a genre. Of :data:`ATTEMPTS` seeds the first is taken that leaves the fewest genres
    missing, and folds with more genres come first.

    Parameters
    ----------
    rows : DataFrame
        Columns ``genre`` and, where ``grouped``, ``group``.
    count : int
        How many folds, 2 or more.
    seed : int
        Seed of the shuffle.
    grouped : bool
        Keep rows of one ``group`` in one fold.

    Returns
    -------
    list of ndarray of int
        Places of each fold's rows; every row is in exactly one.

    Raises
    ------
    CorpusError
        If a genre has too few rows.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    labels = rows["genre"].astype("category").cat.codes.to_numpy()
    kind = StratifiedGroupKFold if grouped else StratifiedKFold
    best: list[np.ndarray] = []
    for attempt in range(ATTEMPTS):
        # Seeds are 32 bits wide.
        splitter = kind(n_splits=count, shuffle=True, random_state=(seed + attempt) % 2**32)
        try:
            found = [fold for _, fold in splitter.split(labels, labels, rows["group"] if grouped else None)]
        except ValueError as error:
            raise CorpusError(f"{len(rows)} rows cannot be divided into {count} folds: {error}") from error
        genres = [len(np.unique(labels[fold])) for fold in found]
        if not best or sum(genres) > sum(len(np.unique(labels[fold])) for fold in best):
            # A stable sort: where each fold has every genre, their order stays.
            best = [found[place] for place in np.argsort(np.negative(genres), kind="stable")]
        if min(genres) == labels.max() + 1:
            break
    return best
