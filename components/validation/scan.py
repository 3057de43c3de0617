"""One pass over ``values.npy`` in pieces: what the tables need, in memory that does not grow with the rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from components.validation import signal

#: Bytes of ``values`` read at a time. Several temporary arrays of this size live at once.
PIECE_BYTES = 16 * 2**20
#: Channels of a picture: grey, red, green and blue, and with a mask. Views of a sequence have more columns.
COLOURS = (1, 3, 4)


@dataclass(frozen=True)
class Scan:
    """What one pass over the values found. Numbers that are not finite are counted and else left out.

    Attributes
    ----------
    rows : DataFrame
        One row a row of values: ``not_finite`` (count), ``mean``, ``std``, ``minimum``, ``maximum``, ``zeros``
        (share), ``digest`` (64 bits of a hash of the bytes).
    columns : DataFrame
        One row a column, the last axis of the values: ``column``, ``not_finite``, ``minimum``, ``maximum``,
        ``mean``, ``std``, ``zeros``, ``whole`` (share of whole numbers among
        the others), ``at_minimum``, ``at_maximum`` (shares of the values).
    constant_elements : float
        Share of the numbers of a row that never vary over the rows.
    tracks : ndarray of str, shape (tracks,)
        The tracks of ``profiles``, in order of first appearance.
    profiles : ndarray of float64, shape (tracks, dimensions)
        Mean over a track's rows of :func:`profile`.
    coherence : ndarray of float64, shape (dimensions,), or None
        Intraclass correlation of a track's rows for each dimension of the profiles, NaN where one does not vary;
        None where no track has two rows.
    """

    rows: pd.DataFrame
    columns: pd.DataFrame
    constant_elements: float
    tracks: np.ndarray
    profiles: np.ndarray
    coherence: np.ndarray | None

    @property
    def similarity(self) -> float:
        """Mean cosine between two tracks' profiles; 1 where it cannot be measured."""
        return float(np.nan_to_num(signal.similarity(self.profiles), nan=1.0))

    @property
    def spread(self) -> float:
        """Median over the profiles' dimensions of deviation over size."""
        return signal.spread(self.profiles)


def pieces(values: np.ndarray) -> Iterator[slice]:
    """Yield slices of whole rows, each of about :data:`PIECE_BYTES`."""
    row_bytes = max(1, values[0].nbytes) if len(values) else 1
    step = max(1, PIECE_BYTES // row_bytes)
    for start in range(0, len(values), step):
        yield slice(start, min(start + step, len(values)))


def profile(x: np.ndarray) -> np.ndarray:
    """Describe each row by a short vector that keeps what tells genres apart.

    Parameters
    ----------
    x : ndarray, shape (rows, columns), (rows, [views,] time, columns) or (rows, height, width, colours)
        Feature values; sequences may come in several views, pictures in one colour, three, or three and a mask.

    Returns
    -------
    ndarray of float64, shape (rows, dimensions)
        Vectors as they are; of sequences the mean and deviation over time of each column; of pictures the mean
        and deviation of each line (a frequency band over time, where pictures are spectrograms).
    """
    if x.ndim == 4 and x.shape[-1] not in COLOURS:
        x = x.reshape(len(x), -1, x.shape[-1])
    elif x.ndim == 4:
        x = x.mean(axis=-1, dtype=np.float64).swapaxes(1, 2)
    if x.ndim == 3:
        return np.concatenate([x.mean(axis=1, dtype=np.float64), x.std(axis=1, dtype=np.float64)], axis=1)
    return x.reshape(len(x), -1).astype(np.float64)


def scan(values: np.ndarray, *, tracks: np.ndarray, names: list[str] | None = None) -> Scan:
    """Read all values once.

    Parameters
    ----------
    values : ndarray of float32, shape (rows, ...)
        Feature values, at best a memory map.
    tracks : ndarray of str, shape (rows,)
        Track of each row.
    names : list of str, optional
        Names of the columns; else ``c0``, ``c1`` …

    Returns
    -------
    Scan
        See there.
    """
    width = values.shape[-1]
    first_seen, codes = np.unique(tracks.astype(str), return_index=True, return_inverse=True)[1:]
    order = np.argsort(np.argsort(first_seen))
    codes = order[codes]
    labels = tracks.astype(str)[np.sort(first_seen)]
    counts = np.bincount(codes, minlength=len(labels))

    rows: list[pd.DataFrame] = []
    columns = _Columns(width)
    low = high = None
    sums = squares = None
    for piece in pieces(values):
        x = np.asarray(values[piece])
        finite = np.isfinite(x)
        if not finite.all():
            x = np.where(finite, x, np.float32(0.0))
        flat = x.reshape(len(x), -1)
        rows.append(
            pd.DataFrame(
                {
                    "not_finite": (~finite).reshape(len(x), -1).sum(axis=1),
                    "mean": flat.mean(axis=1, dtype=np.float64),
                    "std": flat.std(axis=1, dtype=np.float64),
                    "minimum": flat.min(axis=1).astype(np.float64),
                    "maximum": flat.max(axis=1).astype(np.float64),
                    "zeros": (flat == 0).mean(axis=1),
                    "digest": [hashlib.blake2b(row.tobytes(), digest_size=8).hexdigest() for row in flat],
                }
            )
        )
        columns.add(x.reshape(-1, width), finite.reshape(-1, width))
        low = flat.min(axis=0) if low is None else np.minimum(low, flat.min(axis=0))
        high = flat.max(axis=0) if high is None else np.maximum(high, flat.max(axis=0))
        short = profile(x)
        if sums is None or squares is None:
            sums, squares = np.zeros((len(labels), short.shape[1])), np.zeros(short.shape[1])
        np.add.at(sums, codes[piece], short)
        squares += np.square(short).sum(axis=0)
    assert low is not None and high is not None and sums is not None and squares is not None
    return Scan(
        rows=pd.concat(rows, ignore_index=True),
        columns=columns.table(names or [f"c{number}" for number in range(width)]),
        constant_elements=float(np.mean(low == high)),
        tracks=labels,
        profiles=sums / counts[:, None],
        coherence=_coherence(sums, squares, counts),
    )


class _Columns:
    """Running counts of each column over pieces of rows."""

    def __init__(self, width: int) -> None:
        self.count = 0
        self.not_finite = np.zeros(width, dtype=np.int64)
        self.sum, self.squares = np.zeros(width), np.zeros(width)
        self.zeros = np.zeros(width, dtype=np.int64)
        self.whole = np.zeros(width, dtype=np.int64)
        self.extremes = {"minimum": np.full(width, np.inf), "maximum": np.full(width, -np.inf)}
        self.hits = {name: np.zeros(width, dtype=np.int64) for name in self.extremes}

    def add(self, x: np.ndarray, finite: np.ndarray) -> None:
        self.count += len(x)
        self.not_finite += (~finite).sum(axis=0)
        self.sum += x.sum(axis=0, dtype=np.float64)
        self.squares += np.square(x, dtype=np.float64).sum(axis=0)
        self.zeros += (x == 0).sum(axis=0)
        self.whole += ((x == np.rint(x)) & (x != 0)).sum(axis=0)
        for name, reduce in (("minimum", np.minimum), ("maximum", np.maximum)):
            best = reduce(self.extremes[name], reduce.reduce(x, axis=0))
            # A new extreme starts its count afresh; an old one that still holds goes on.
            self.hits[name] = np.where(best == self.extremes[name], self.hits[name], 0) + (x == best).sum(
                axis=0
            )
            self.extremes[name] = best

    def table(self, names: list[str]) -> pd.DataFrame:
        mean = self.sum / self.count
        return pd.DataFrame(
            {
                "column": names,
                "not_finite": self.not_finite,
                "minimum": self.extremes["minimum"],
                "maximum": self.extremes["maximum"],
                "mean": mean,
                "std": np.sqrt(np.maximum(self.squares / self.count - np.square(mean), 0.0)),
                "zeros": self.zeros / self.count,
                "whole": self.whole / np.maximum(self.count - self.zeros, 1),
                # One value is always at each extreme: what counts is how many join it.
                "at_minimum": (self.hits["minimum"] - 1) / self.count,
                "at_maximum": (self.hits["maximum"] - 1) / self.count,
            }
        )


def _coherence(sums: np.ndarray, squares: np.ndarray, counts: np.ndarray) -> np.ndarray | None:
    """Return each dimension's one-way random-effects intraclass correlation, ICC(1)."""
    tracks, rows = len(counts), int(counts.sum())
    if tracks < 2 or rows <= tracks:
        return None
    by_track = (np.square(sums) / counts[:, None]).sum(axis=0)
    between = (by_track - np.square(sums.sum(axis=0)) / rows) / (tracks - 1)
    within = (squares - by_track) / (rows - tracks)
    size = (rows - np.square(counts).sum() / rows) / (tracks - 1)
    total = between + (size - 1) * within
    # Below this a difference of two nearly equal sums is rounding.
    varying = total > 1e-9 * np.maximum(squares / rows, 1e-30)
    return np.where(varying, (between - within) / np.where(varying, total, 1.0), np.nan)
