"""Deal rows into parts: k folds, stratified by genre, and tracks that belong together on one side."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from components.config.params import SplitParams
from components.core.errors import CorpusError

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
    parts = pd.Series("train", index=rows.index, dtype=object)
    test = folds(rows, count=split.folds, seed=seed, grouped=grouped)[split.fold]
    parts.iloc[test] = "test"
    rest = rows[(parts != "test").to_numpy()]
    chosen = rest.index[folds(rest, count=split.validation_folds, seed=seed, grouped=grouped)[0]]
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


def folds(rows: pd.DataFrame, *, count: int, seed: int, grouped: bool) -> list[np.ndarray]:
    """Deal rows into folds, stratified by genre.

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
    splitter = (StratifiedGroupKFold if grouped else StratifiedKFold)(
        n_splits=count, shuffle=True, random_state=seed
    )
    ties = rows["group"].to_numpy() if grouped else None
    try:
        return [fold for _, fold in splitter.split(labels, labels, ties)]
    except ValueError as error:
        raise CorpusError(f"{len(rows)} rows cannot be dealt into {count} folds: {error}") from error
