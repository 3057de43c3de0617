"""Stratified folds of tracks and segments, and the split table that they make."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from components.config.params import Params, SplitParams
from components.core import connected
from components.core.errors import CorpusError
from components.splits import artists, groups, leakage

PARTS = artists.ORDER
COLUMNS = ("unit", "track", "segment", "genre", "part", "artist", "headline")
#: Seeds that are tried for folds with every genre in each.
ATTEMPTS = 20
#: Protocols whose parts others have given.
GIVEN = ("fault_filtered", "manifest")


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
        Columns ``track``, ``genre``, ``segments``, ``artist`` ('' where it is not known), ``recording`` (equal for
        the same recording in two files, else '') and, where there are some, ``album``, one row a usable track.
    params : Params
        For ``split`` and ``seed``.
    lists : mapping of str to str, optional
        Part of each track, for ``fault_filtered`` and ``manifest``.

    Returns
    -------
    DataFrame
        A split table, see :mod:`components.splits`.

    Raises
    ------
    CorpusError
        If there are too few tracks for every part, or a table of artists leaves most tracks unknown.
    LeakError
        If tracks that belong together ended on two sides.
    """
    split = params.split
    tracks = tracks.sort_values("track", ignore_index=True)
    by_artist = split.protocol == "artist"
    if by_artist and "artists" in params.corpus.published and not artists.known(tracks):
        raise CorpusError(
            f"split.protocol is 'artist', corpus.published names a table of them, and "
            f"{(tracks['artist'] != '').sum()} of {len(tracks)} tracks have a known artist; valid: more than half of "
            "them, or split.protocol track"
        )
    repeats = connected.rows(tracks, by=["recording"])
    group = groups.kept_whole(tracks, folds=split.folds) if by_artist else repeats
    whole = tracks.assign(unit="track", segment=-1, group=group)
    pieces = whole.loc[whole.index.repeat(whole["segments"])].reset_index(drop=True)
    pieces["segment"] = pieces.groupby("track").cumcount()
    pieces["unit"] = "segment"
    if split.protocol == "segment":
        for rows in (whole, pieces):
            if len(rows):
                rows["part"] = assign(rows, split=split, seed=params.seed, grouped=False)
    else:
        if split.protocol in GIVEN:
            whole["part"] = whole["track"].map(lists or {})
            source = params.corpus.published.get("lists") if split.protocol == "fault_filtered" else None
            what = f"corpus.published.lists {source!r}" if source else "the column split of the manifests"
            _require_each_part(set(whole["part"].dropna()), what=what)
            if split.protocol == "manifest":
                whole["part"] = groups.without_repeats(whole["part"], repeats=repeats)
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


def _require_each_part(found: set[str], *, what: str) -> None:
    if found != set(PARTS):
        raise CorpusError(
            f"{what} and the corpus share tracks of "
            f"{', '.join(sorted(found)) or 'no part'} only; valid: some of each of {', '.join(PARTS)}"
        )


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
    few_artists = split.protocol == "artist" and artists.known(rows)
    for genre, assigned in parts.groupby(rows["genre"].to_numpy()):
        needed = ("train",) if few_artists else PARTS
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
