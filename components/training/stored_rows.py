"""Rows of values in memory or, where there are too many, on disk, whence a fit reads a batch at a time.

A batch holds the same rows either way, so that no result depends on where they are.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np

from components.core.errors import FeatureError

#: Bytes of rows that are held in memory. TensorFlow keeps a copy of them, and its shuffling another.
IN_MEMORY = 2**30
#: Bytes of a pass's pieces.
PIECE = 2**24


@dataclass(frozen=True, eq=False)
class StoredRows:
    """Rows of a file of numbers, read where they are asked for.

    They are read, not mapped: pages of a map that were looked at count as the process's memory, all of them in the end.

    Attributes
    ----------
    file : binary file
        Rows of one shape, one after the other, in C order.
    folder : Path
        Where what is made of them may lie.
    begin : int
        Where in it the first row begins, in bytes.
    row : tuple of int
        Shape of a row.
    kind : dtype
        Of the numbers in the file; what is read is float32.
    places : ndarray of int64, shape (rows,)
        Numbers of the rows in the file, in the order in which they are taken.
    """

    file: BinaryIO
    folder: Path
    begin: int
    row: tuple[int, ...]
    kind: np.dtype
    places: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, and the shape of one."""
        return (len(self.places), *self.row)

    @property
    def ndim(self) -> int:
        """Axes, rows among them."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many numbers."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Bytes of all rows in memory."""
        return 4 * self.size

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.places)

    def __getitem__(self, which: slice | np.ndarray) -> np.ndarray:
        """Read some rows.

        Parameters
        ----------
        which : slice or ndarray of int
            Their places among these rows.

        Returns
        -------
        ndarray of float32, shape (rows, ...)
            In the order asked for.

        Raises
        ------
        FeatureError
            If the file has become shorter.
        """
        places = self.places[which]
        found = np.empty((len(places), *self.row), dtype=self.kind)
        width = found[:1].nbytes
        if not (len(places) and width):
            return found.astype(np.float32, copy=False)
        neighbours = [0, *(np.flatnonzero(np.diff(places) != 1) + 1).tolist(), len(places)]
        pieces = [
            (self.begin + int(places[low]) * width, low * width, high * width)
            for low, high in pairwise(neighbours)
        ]
        if len(pieces) > 1 and hasattr(os, "posix_fadvise"):
            # A disk reads many places at once, if it knows of them.
            for offset, low, high in pieces:
                os.posix_fadvise(self.file.fileno(), offset, high - low, os.POSIX_FADV_WILLNEED)
        target = found.data.cast("B")
        for offset, low, high in pieces:
            while low < high:
                read = os.preadv(self.file.fileno(), [target[low:high]], offset)
                if not read:
                    raise FeatureError(f"{self.file.name} has become shorter while it was read")
                low, offset = low + read, offset + read
        return found.astype(np.float32, copy=False)

    def take(self, which: np.ndarray) -> StoredRows:
        """Return the rows at these places, unread."""
        return replace(self, places=self.places[which])

    def each_view(self) -> StoredRows:
        """Return the views that a row consists of as rows of one view, unread."""
        views = self.row[0]
        places = (self.places[:, None] * views + np.arange(views)).ravel()
        return replace(self, row=(1, *self.row[1:]), places=places)


Rows: TypeAlias = np.ndarray | StoredRows


def stored(values: np.memmap, *, view: int | None = None) -> StoredRows:
    """Return the rows of a mapped array as rows to be read.

    Parameters
    ----------
    values : memmap, shape (rows, ...) or (views, rows, ...)
        As :func:`numpy.load` opens it.
    view : int, optional
        Of several views of all rows, the one to take.

    Returns
    -------
    StoredRows
        All rows.
    """
    count, *row = values.shape if view is None else values.shape[1:]
    skipped = 0 if view is None else view * count
    path = Path(str(values.filename))
    return StoredRows(
        file=path.open("rb"),
        folder=path.parents[1],
        begin=int(values.offset),
        row=tuple(row),
        kind=values.dtype,
        places=np.arange(skipped, skipped + count),
    )


def each_view(x: Rows) -> Rows:
    """Make each view of a row a row of its own, of one view."""
    return x.each_view() if isinstance(x, StoredRows) else x.reshape(-1, 1, *x.shape[2:])


def first_view(x: Rows) -> Rows:
    """Keep the first view of each row."""
    if not isinstance(x, StoredRows):
        return x[:, :1]
    return x.each_view().take(np.arange(0, len(x) * x.row[0], x.row[0]))


def take(x: Rows, which: np.ndarray) -> Rows:
    """Return the rows at these places; of stored ones, unread."""
    return x.take(which) if isinstance(x, StoredRows) else x[which]


def blocks(x: Rows) -> Iterator[np.ndarray]:
    """Yield all rows in order, some at a time."""
    step = max(1, PIECE // max(1, 4 * int(np.prod(x.shape[1:], dtype=np.int64))))
    for first in range(0, len(x), step):
        yield x[first : first + step]


def in_memory(x: Rows) -> np.ndarray:
    """Read all rows."""
    if not isinstance(x, StoredRows):
        return x
    read = np.empty(x.shape, dtype=np.float32)
    fill(read, x)
    return read


def fill(target: np.ndarray, x: Rows) -> None:
    """Read all rows into an array of their shape."""
    done = 0
    for block in blocks(x):
        target[done : done + len(block)] = block
        done += len(block)


def join(parts: Sequence[Rows]) -> Rows:
    """Put rows together, one part after the other.

    Arrays that lie one after the other in one array are not copied, and stored rows of one file not read.
    """
    one, *others = parts
    if isinstance(one, StoredRows) and all(isinstance(x, StoredRows) and x.file == one.file for x in others):
        return replace(one, places=np.concatenate([x.places for x in parts if isinstance(x, StoredRows)]))
    arrays = [in_memory(x) for x in parts]
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


def collect(parts: Iterable[np.ndarray], *, count: int, like: Rows) -> Rows:
    """Put together what is made of rows, some at a time: on disk where those rows are, if it does not fit into memory.

    Parameters
    ----------
    parts : iterable of ndarray of float32, each (rows, ...)
        What is made, in order; one array or more.
    count : int
        Rows in all.
    like : ndarray or StoredRows
        The rows that it is made of.

    Returns
    -------
    ndarray or StoredRows
        On disk in a file without a name beside theirs, which is gone when nothing refers to it any more.
    """
    parts = iter(parts)
    first = next(parts)
    shape = (count, *first.shape[1:])
    size = first.itemsize * int(np.prod(shape, dtype=np.int64))
    if not isinstance(like, StoredRows) or size <= IN_MEMORY:
        together, done = np.empty(shape, dtype=first.dtype), 0
        for part in chain([first], parts):
            together[done : done + len(part)] = part
            done += len(part)
        return together
    # Not in the folder of temporary files, which may be memory.
    file = tempfile.TemporaryFile(dir=like.folder)  # noqa: SIM115
    for part in chain([first], parts):
        file.write(np.ascontiguousarray(part).data)
    file.flush()
    return StoredRows(
        file=file, folder=like.folder, begin=0, row=shape[1:], kind=first.dtype, places=np.arange(count)
    )
