"""A feature's rows by part of the split, as a model is fitted on them; other parts are not even read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from components.core.errors import LeakError
from components.features.pipeline import store as feature_store
from components.features.pipeline.record import FeatureRecord
from components.splits import store as split_store
from components.splits.store import SplitRecord
from components.training import stored_rows
from components.training.stored_rows import Rows, StoredRows


@dataclass(frozen=True)
class Part:
    """Rows of one part of the split.

    Attributes
    ----------
    x : ndarray of float32 or StoredRows, shape (rows, ...)
        Feature values; on disk where they are more than :data:`components.training.stored_rows.IN_MEMORY`.
    y : ndarray of int64, shape (rows,)
        Index of each row's genre in ``genres``.
    rows : DataFrame
        Columns ``track``, ``segment``, ``genre``, ``artist``, ``headline``.
    weights : ndarray of float32, shape (rows,), or None
        From :func:`song_weights`.
    augmented : sequence of the same, or None
        Augmented views of the same rows, for a fit on them and nothing else.
    """

    x: Rows
    y: np.ndarray
    rows: pd.DataFrame
    weights: np.ndarray | None = None
    augmented: Sequence[Rows] | None = None

    def take(self, places: np.ndarray) -> Part:
        """Return the rows at these places, each with the weight it has among all."""
        return Part(
            x=stored_rows.take(self.x, places),
            y=self.y[places],
            rows=self.rows.iloc[places].reset_index(drop=True),
            weights=None if self.weights is None else self.weights[places],
            augmented=None
            if self.augmented is None
            else [stored_rows.take(view, places) for view in self.augmented],
        )

    @property
    def arrays(self) -> list[Rows]:
        """The rows, and each augmented view of them."""
        return [self.x, *([] if self.augmented is None else self.augmented)]

    @property
    def is_stored(self) -> bool:
        """Whether the rows are on disk."""
        return isinstance(self.x, StoredRows)

    def in_memory(self, x: np.ndarray | None = None) -> Part:
        """Read all rows, those without augmentation into an array that is given."""
        x = np.empty(self.x.shape, dtype=np.float32) if x is None else x
        stored_rows.fill(x, self.x)
        views = None if self.augmented is None else [stored_rows.in_memory(view) for view in self.augmented]
        return replace(self, x=x, augmented=views)


@dataclass(frozen=True)
class Dataset:
    """The parts that were loaded, the label order, which is from train alone, and records of split and feature."""

    parts: dict[str, Part]
    genres: list[str]
    split: SplitRecord
    feature: FeatureRecord

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
    index, values, record = feature_store.read(feature, root=root)
    augmented = feature_store.augmented(feature, root=root)
    assigned = index[["track", "segment", "genre"]].merge(
        table.loc[table["unit"] == record.unit, ["track", "segment", "part", "artist", "headline"]],
        on=["track", "segment"],
        how="left",
    )
    genres = sorted(set(assigned.loc[assigned["part"] == "train", "genre"]))
    codes = {genre: code for code, genre in enumerate(genres)}
    everything = stored_rows.stored(values)
    views = (
        [] if augmented is None else [stored_rows.stored(augmented, view=n) for n in range(len(augmented))]
    )
    loaded = {}
    for part in parts:
        chosen = np.flatnonzero((assigned["part"] == part).to_numpy())
        rows = assigned.loc[chosen, ["track", "segment", "genre", "artist", "headline"]]
        rows = rows.astype({"headline": bool}).reset_index(drop=True)
        loaded[part] = Part(
            x=everything.take(chosen),
            y=rows["genre"].map(codes).to_numpy(dtype=np.int64),
            rows=rows,
            weights=song_weights(rows),
            # Validation rows have theirs because the refit is on them too.
            augmented=[view.take(chosen) for view in views] if views and part != "test" else None,
        )
    if _fit_into_memory(*loaded.values()):
        loaded = _in_memory(loaded)
    if split.protocol != "segment" and "train" in loaded:
        for part in set(loaded) - {"train"}:
            check_equal_rows(loaded["train"], loaded[part], part=part)
    return Dataset(parts=loaded, genres=genres, split=split, feature=record)


def _fit_into_memory(*parts: Part) -> bool:
    return sum(x.nbytes for part in parts for x in part.arrays) <= stored_rows.IN_MEMORY


def _in_memory(parts: Mapping[str, Part]) -> dict[str, Part]:
    """Read parts of one feature."""
    lengths = [len(part.y) for part in parts.values()]
    # One block, so that parts can be joined without a copy.
    block = np.empty((sum(lengths), *next(iter(parts.values())).x.shape[1:]), dtype=np.float32)
    ends = np.cumsum(lengths)
    return {
        name: part.in_memory(block[end - len(part.y) : end])
        for (name, part), end in zip(parts.items(), ends, strict=True)
    }


def join(*parts: Part) -> Part:
    """Put parts of one dataset together, one after the other; augmented views stay where all have them.

    Parts that were loaded one after the other are not copied.
    """
    rows = pd.concat([part.rows for part in parts], ignore_index=True)
    views = [part.augmented for part in parts if part.augmented is not None]
    return Part(
        x=stored_rows.join([part.x for part in parts]),
        y=np.concatenate([part.y for part in parts]),
        rows=rows,
        weights=song_weights(rows),
        augmented=[stored_rows.join(view) for view in zip(*views, strict=True)]
        if len(views) == len(parts)
        else None,
    )


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
    if rows.empty:
        return None
    from sklearn.utils.class_weight import compute_sample_weight

    # As numbers: scikit-learn takes seconds to sort that many names.
    weights = compute_sample_weight("balanced", rows["track"].factorize()[0])
    return None if (weights == 1.0).all() else weights.astype(np.float32)


def genre_shares(part: Part) -> np.ndarray:
    """Return the share of each row in the weight of its genre.

    Parameters
    ----------
    part : Part
        Rows to fit on.

    Returns
    -------
    ndarray of float64, shape (rows,)
        Its weights, or ones, divided by their sum over the row's genre.
    """
    weights = np.ones(len(part.y)) if part.weights is None else part.weights
    return weights / np.bincount(part.y, weights)[part.y]


def balanced(part: Part) -> Part:
    """Weigh rows so that the songs of each genre weigh as much together as those of another.

    Parameters
    ----------
    part : Part
        Rows to fit on.

    Returns
    -------
    Part
        Its :func:`genre_shares` as weights, scaled to a mean of 1.
    """
    weights = genre_shares(part)
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

    def keys(rows: Part) -> np.ndarray:
        hashes = (hash(row.tobytes()) for block in stored_rows.blocks(rows.x) for row in block)
        return np.fromiter(hashes, dtype=np.int64, count=len(rows.x))

    tracks = pd.Series(train.rows["track"].to_numpy(), index=keys(train))
    twins = pd.Series(keys(other)).map(tracks[~tracks.index.duplicated(keep="last")])
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
    sample = part.take(np.sort(kept))
    return sample.in_memory() if sample.is_stored and _fit_into_memory(sample) else sample
