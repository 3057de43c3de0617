"""One pass over ``values.npy`` in pieces: what the tables need, in memory that does not grow with the rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from components.features.pipeline import store as feature_store

#: Bytes of ``values`` read at a time. Several temporary arrays of this size live at once.
PIECE_BYTES = 16 * 2**20
#: Whole numbers below this are counted, not added up: 0 to 255, as pictures hold.
LEVELS = 256
#: Channels of a picture: grey, red, green and blue, and with a mask. Views of a sequence have more columns.
COLOURS = (1, 3, 4)


@dataclass(frozen=True)
class Scan:
    """What one pass over the values found. Numbers that are not finite are counted and else left out.

    Attributes
    ----------
    rows : DataFrame
        One row a row of values: ``not_finite`` (count), ``mean``, ``std``, ``minimum``, ``maximum``, ``digest``
        (64 bits of a hash of the bytes).
    columns : DataFrame
        One row a column, the last axis of the values: ``column``, ``not_finite``, ``minimum``, ``maximum``,
        ``mean``, ``std``, ``zeros``, ``whole`` (share of whole numbers among the others), ``at_minimum``,
        ``at_maximum`` (shares of the values).
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


def pieces(values: np.ndarray) -> Iterator[np.ndarray]:
    """Yield whole rows, each time about :data:`PIECE_BYTES` of them."""
    step = max(1, PIECE_BYTES // max(1, values[0].nbytes))
    for start in range(0, len(values), step):
        yield feature_store.read_rows(values, begin=start, end=min(start + step, len(values)))


def profile(x: np.ndarray) -> np.ndarray:
    """Describe each row by a short vector that keeps what distinguishes genres.

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
        # Their mean, added up as whole lines: NumPy takes ten times as long over an axis of three.
        lines = np.zeros(x.shape[:-1])
        for colour in range(x.shape[-1]):
            lines += x[..., colour]
        x = lines.swapaxes(1, 2) / x.shape[-1]
    if x.ndim == 3:
        return np.concatenate([x.mean(axis=1, dtype=np.float64), x.std(axis=1, dtype=np.float64)], axis=1)
    return x.reshape(len(x), -1).astype(np.float64)


def scan(values: np.ndarray, *, tracks: np.ndarray, names: list[str] | None = None) -> Scan:
    """Read all values once.

    Parameters
    ----------
    values : ndarray of float32, shape (rows, ...)
        Feature values, at best a memory map; one row or more.
    tracks : ndarray of str, shape (rows,)
        Track of each row.
    names : list of str, optional
        Names of the columns; else ``c0``, ``c1`` …

    Returns
    -------
    Scan
        See there.
    """
    codes, labels = pd.factorize(tracks.astype(str))
    counts = np.bincount(codes)
    rows, columns, done = [], [], 0
    low, high = np.array(np.inf), np.array(-np.inf)
    sums = squares = np.zeros(0)
    for x in pieces(values):
        x, not_finite = _cleaned(x)
        summed = _counted(x, not_finite) if x.dtype == np.uint8 else _added_up(x, not_finite)
        flat = x.reshape(len(x), -1)
        rows.append(summed[0].assign(digest=_digests(flat)))
        columns.append(summed[1])
        low, high = np.minimum(low, flat.min(axis=0)), np.maximum(high, flat.max(axis=0))
        short = profile(x)
        if not done:
            sums, squares = np.zeros((len(labels), short.shape[1])), np.zeros(short.shape[1])
        np.add.at(sums, codes[done : done + len(x)], short)
        squares += np.square(short).sum(axis=0)
        done += len(x)
    return Scan(
        rows=pd.concat(rows, ignore_index=True),
        columns=_joined(columns, names=names or [f"c{number}" for number in range(values.shape[-1])]),
        constant_elements=float(np.mean(low == high)),
        tracks=np.asarray(labels),
        profiles=sums / counts[:, None],
        coherence=_coherence(sums, squares, counts),
    )


def _cleaned(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the values with 0 for what is not finite, as bytes where they are that, and what was not finite."""
    not_finite = ~np.isfinite(x)
    cleaned = np.where(not_finite, np.float32(0.0), x) if not_finite.any() else feature_store.as_bytes(x)
    return cleaned, not_finite


def _digests(flat: np.ndarray) -> list[str]:
    # Row by row: equal rows have equal digests, whatever lies beside them in a piece.
    rows = flat if flat.dtype == np.uint8 else map(feature_store.as_bytes, flat)
    return [hashlib.blake2b(row.tobytes(), digest_size=8).hexdigest() for row in rows]


def _added_up(x: np.ndarray, not_finite: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sum up one piece's rows and columns."""
    flat = x.reshape(len(x), -1)
    gaps = not_finite.reshape(len(x), -1)
    rows = pd.DataFrame({"not_finite": gaps.sum(axis=1), **feature_store.summary(flat)})
    x, gaps = x.reshape(-1, x.shape[-1]), not_finite.reshape(-1, x.shape[-1])
    minimum, maximum = x.min(axis=0), x.max(axis=0)
    columns = pd.DataFrame(
        {
            "count": len(x),
            "not_finite": gaps.sum(axis=0),
            "minimum": minimum,
            "maximum": maximum,
            "sum": x.sum(axis=0, dtype=np.float64),
            "squares": np.square(x, dtype=np.float64).sum(axis=0),
            "zeros": (x == 0).sum(axis=0),
            "whole": ((x == np.rint(x)) & (x != 0)).sum(axis=0),
            "at_minimum": (x == minimum).sum(axis=0),
            "at_maximum": (x == maximum).sum(axis=0),
        }
    )
    return rows, columns


def _counted(x: np.ndarray, not_finite: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sum up rows and columns of bytes as :func:`_added_up` does, from how often each value is there."""
    width = x.shape[-1]
    counts = np.stack(
        [[np.bincount(row[..., column].ravel(), minlength=LEVELS) for column in range(width)] for row in x]
    )
    levels = np.arange(LEVELS, dtype=np.float64)
    by_row, by_column = counts.sum(axis=1), counts.sum(axis=0)
    mean = by_row @ levels / by_row[0].sum()
    squares = by_row * np.square(levels - mean[:, None])
    rows = pd.DataFrame(
        {
            "not_finite": 0,
            "mean": mean,
            "std": np.sqrt(squares.sum(axis=1) / by_row[0].sum()),
            "minimum": (by_row > 0).argmax(axis=1).astype(np.float64),
            "maximum": _last(by_row > 0).astype(np.float64),
        }
    )
    minimum, maximum = (by_column > 0).argmax(axis=1), _last(by_column > 0)
    columns = pd.DataFrame(
        {
            "count": by_column.sum(axis=1),
            "not_finite": 0,
            "minimum": minimum.astype(np.float32),
            "maximum": maximum.astype(np.float32),
            "sum": by_column @ levels,
            "squares": by_column @ np.square(levels),
            "zeros": by_column[:, 0],
            "whole": by_column[:, 1:].sum(axis=1),
            "at_minimum": by_column[np.arange(width), minimum],
            "at_maximum": by_column[np.arange(width), maximum],
        }
    )
    return rows, columns


def _last(there: np.ndarray) -> np.ndarray:
    return LEVELS - 1 - there[:, ::-1].argmax(axis=1)


def _joined(parts: list[pd.DataFrame], *, names: list[str]) -> pd.DataFrame:
    """Put the pieces' columns together."""
    together = pd.concat(parts)
    by_column = together.groupby(level=0)
    columns = by_column.sum().astype("float64")
    count = columns["count"]
    for end, pick in (("minimum", by_column["minimum"].min()), ("maximum", by_column["maximum"].max())):
        # Only pieces that reach the extreme count. One value is always there: what matters is how many join it.
        hits = together[f"at_{end}"].where(together[end] == pick.reindex(together.index), 0)
        columns[end] = pick.astype("float64")
        columns[f"at_{end}"] = (hits.groupby(level=0).sum() - 1) / count
    mean = columns.pop("sum") / count
    columns["std"] = np.sqrt(np.maximum(columns.pop("squares") / count - np.square(mean), 0.0))
    columns["whole"] /= np.maximum(count - columns["zeros"], 1)
    columns["zeros"] /= count
    columns["not_finite"] = columns["not_finite"].astype("int64")
    return columns.assign(column=names, mean=mean).drop(columns="count")


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
