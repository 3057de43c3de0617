"""A feature's rows by part of the split, as the arrays a model is fitted on; other parts are not even read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from components.core.errors import LeakError
from components.features.pipeline import store as feature_store
from components.splits import store as split_store
from components.splits.store import SplitRecord

#: Rows read at a time.
_ROWS = 256


@dataclass(frozen=True)
class Part:
    """Rows of one part of the split.

    Attributes
    ----------
    x : ndarray of float32, shape (rows, ...)
        Feature values.
    y : ndarray of int64, shape (rows,)
        Index of each row's genre in ``genres``.
    rows : DataFrame
        Columns ``track``, ``segment``, ``genre``, ``artist``, ``headline``.
    weights : ndarray of float32, shape (rows,), or None
        From :func:`song_weights`.
    augmented : ndarray of float32, shape (views, rows, ...), or None
        Augmented views of the same rows, for a fit on them and nothing else.
    """

    x: np.ndarray
    y: np.ndarray
    rows: pd.DataFrame
    weights: np.ndarray | None = None
    augmented: np.ndarray | None = None

    def take(self, places: np.ndarray) -> Part:
        """Return the rows at these places, each with the weight it has among all."""
        return Part(
            x=self.x[places],
            y=self.y[places],
            rows=self.rows.iloc[places].reset_index(drop=True),
            weights=None if self.weights is None else self.weights[places],
            augmented=None if self.augmented is None else self.augmented[:, places],
        )


@dataclass(frozen=True)
class Dataset:
    """The parts that were loaded, the label order, which is taken from train alone, and the split's record."""

    parts: dict[str, Part]
    genres: list[str]
    split: SplitRecord
    meta: dict

    def __getitem__(self, part: str) -> Part:
        """Return one part, if it was loaded."""
        if part not in self.parts:
            raise LeakError(f"part {part!r} was not loaded for this step; loaded: {', '.join(self.parts)}")
        return self.parts[part]


def load(feature: str, *, parts: Sequence[str], root: Path = Path("data")) -> Dataset:
    """Read the rows of a feature that belong to the named parts.

    Parameters
    ----------
    feature : str
        A feature that has been extracted.
    parts : sequence of str
        Of ``train``, ``validation``, ``test``. ``train`` gives the label order and must be named unless
        only one other part is read for scoring.
    root : Path
        The data folder.

    Returns
    -------
    Dataset
        The rows, sorted by track and segment; those of ``test`` without augmented views.

    Raises
    ------
    LeakError
        If rows with equal values lie in train and in another part under a protocol that keeps songs whole.
    """
    table, split = split_store.read(root)
    index, values, meta = feature_store.read(feature, root=root)
    augmented = feature_store.augmented(feature, root=root)
    assigned = index[["track", "segment", "genre"]].merge(
        table.loc[table["unit"] == meta["unit"], ["track", "segment", "part", "artist", "headline"]],
        on=["track", "segment"],
        how="left",
    )
    genres = sorted(set(assigned.loc[assigned["part"] == "train", "genre"]))
    codes = {genre: code for code, genre in enumerate(genres)}
    places = {part: np.flatnonzero((assigned["part"] == part).to_numpy()) for part in parts}
    # One block, so that parts can be joined without a copy.
    block = np.empty((sum(map(len, places.values())), *values.shape[1:]), dtype=np.float32)
    loaded, end = {}, 0
    for part, chosen in places.items():
        rows = assigned.loc[chosen, ["track", "segment", "genre", "artist", "headline"]]
        rows = rows.astype({"headline": bool}).reset_index(drop=True)
        y = rows["genre"].map(codes).to_numpy(dtype=np.int64)
        begin, end = end, end + len(chosen)
        x = block[begin:end]
        for first in range(0, len(x), _ROWS):
            x[first : first + _ROWS] = values[chosen[first : first + _ROWS]]
        # Validation rows have theirs because the refit is on them too.
        views = None if augmented is None or part == "test" else np.asarray(augmented[:, chosen])
        loaded[part] = Part(x=x, y=y, rows=rows, weights=song_weights(rows), augmented=views)
    if split.protocol != "segment" and "train" in loaded:
        for part in set(loaded) - {"train"}:
            check_equal_rows(loaded["train"], loaded[part], part=part)
    return Dataset(parts=loaded, genres=genres, split=split, meta=meta)


def join(*parts: Part) -> Part:
    """Put parts of one dataset together, one after the other; augmented views stay where all have them.

    Parts that were loaded one after the other are not copied.
    """
    rows = pd.concat([part.rows for part in parts], ignore_index=True)
    views = [part.augmented for part in parts if part.augmented is not None]
    return Part(
        x=_together([part.x for part in parts]),
        y=np.concatenate([part.y for part in parts]),
        rows=rows,
        weights=song_weights(rows),
        augmented=np.concatenate(views, axis=1) if len(views) == len(parts) else None,
    )


def _together(arrays: Sequence[np.ndarray]) -> np.ndarray:
    block = arrays[0].base
    begins = [array.ctypes.data for array in arrays]
    ends = [begin + array.nbytes for begin, array in zip(begins, arrays, strict=True)]
    neighbours = begins[1:] == ends[:-1] and all(
        array.base is block and array.flags.c_contiguous for array in arrays
    )
    if block is None or not neighbours:
        return np.concatenate(arrays)
    first = (begins[0] - block.ctypes.data) // block.strides[0]
    return block[first : first + sum(map(len, arrays))]


def song_weights(rows: pd.DataFrame) -> np.ndarray | None:
    """Weigh rows so that a song counts as one, whether it gave one segment or ten.

    Parameters
    ----------
    rows : DataFrame
        Column ``track``, one row a segment or whole track.

    Returns
    -------
    ndarray of float32, shape (rows,), or None
        The inverse of the number of rows of each row's song, scaled to a mean of 1; None where all songs have as
        many rows, so that no weights are needed.
    """
    counts = rows.groupby("track")["track"].transform("size").to_numpy()
    if not len(counts) or (counts == counts[0]).all():
        return None
    weights = 1.0 / counts
    return np.asarray(weights / weights.mean(), dtype=np.float32)


def balanced(part: Part) -> Part:
    """Weigh rows so that the songs of each genre weigh as much together as those of another.

    Parameters
    ----------
    part : Part
        Rows to fit on.

    Returns
    -------
    Part
        Its weights, or ones, divided by their sum over the row's genre, and scaled to a mean of 1.
    """
    weights = np.ones(len(part.y)) if part.weights is None else part.weights.astype(np.float64)
    weights = weights / np.bincount(part.y, weights)[part.y]
    return replace(part, weights=np.asarray(weights / weights.mean(), dtype=np.float32))


def check_equal_rows(train: Part, other: Part, *, part: str, known: str = "train") -> None:
    """Fail where another part repeats whole tracks of train, value for value, under another name.

    Single equal segments do occur in honest data (digital silence); a track all of whose rows are in train
    is a repeat.

    Parameters
    ----------
    train, other : Part
        The parts to compare.
    part : str
        What to call ``other``.
    known : str
        What to call ``train``.

    Raises
    ------
    LeakError
        Naming a pair of tracks.
    """

    def keys(rows: Part) -> pd.Series:
        flat = np.ascontiguousarray(rows.x.reshape(len(rows.x), -1))
        return pd.Series([hash(row.tobytes()) for row in flat])

    tracks = dict(zip(keys(train), train.rows["track"], strict=True))
    twins = keys(other).map(tracks)
    whole = twins.notna().groupby(other.rows["track"].to_numpy(dtype=object)).all()
    for track in whole[whole].index:
        twin = twins[(other.rows["track"] == track).to_numpy()].iloc[0]
        raise LeakError(f"track {track!r} in {part} has the same features as {twin!r} in {known}")


def at_most(part: Part, rows: int | None, *, seed: int) -> Part:
    """Keep a stratified sample of ``rows`` rows.

    Parameters
    ----------
    part : Part
        The rows to draw from.
    rows : int or None
        How many to keep; None, or more than there are, keeps all.
    seed : int
        Seed of the draw.

    Returns
    -------
    Part
        The sample, in the order of ``part``.
    """
    if rows is None or rows >= len(part.y):
        return part
    from sklearn.model_selection import train_test_split

    kept, _ = train_test_split(np.arange(len(part.y)), train_size=rows, stratify=part.y, random_state=seed)
    return part.take(np.sort(kept))
