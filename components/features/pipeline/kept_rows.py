"""Results of chunks read back from the feature that was put together from them, so that no number is kept twice.

Beside the chunks, in ``features/.chunks/<feature>/kept/``, stand links to the feature's arrays (other names of the same
files, which outlive the feature's own: DVC deletes a stage's output before it runs the stage again) and an index: which
rows are which chunk's. Each chunk's bytes have a checksum, since a person may write to the feature's files.
"""

from __future__ import annotations

import errno
import json
import os
import zlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from components.core import atomic

#: The folder of the links and the index.
FOLDER = "kept"
#: Names of the arrays of a feature: rows as they are, and all its augmented views.
VALUES, AUGMENTED = "values.npy", "augmented.npy"
#: How link(2) says that a file system has no links, or not so many of one file.
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EXDEV, errno.EMLINK)


class Block(NamedTuple):
    """Where one chunk's rows are.

    Attributes
    ----------
    key : str
        The chunk's.
    array : str
        :data:`VALUES` or :data:`AUGMENTED`.
    first : int
        Number of the first row; in an array of views, of all views' rows one after the other.
    checksum : int
        CRC-32 of the rows' bytes.
    starts : list of float
        Where each row begins, in seconds.
    counts : list of int
        Rows of each track.
    """

    key: str
    array: str
    first: int
    checksum: int
    starts: list[float]
    counts: list[int]


def keep(blocks: Sequence[Block], *, feature: Path, folder: Path) -> bool:
    """Keep a feature's rows as the results of its chunks, in place of those kept before.

    Parameters
    ----------
    blocks : sequence of Block
        Of all its chunks.
    feature : Path
        The feature's folder.
    folder : Path
        Where its chunks are.

    Returns
    -------
    bool
        False where the file system has no links: then the chunks' own files stay.
    """
    try:
        with atomic.replacing_folder(folder / FOLDER) as place:
            for array in {block.array for block in blocks}:
                os.link(feature / array, place / array)
            text = json.dumps([list(block) for block in blocks])
            (place / "index.json").write_text(text, encoding="utf-8")
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        return False
    return True


def read(key: str, *, folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Read a chunk's rows, their starts and how many each track has.

    Parameters
    ----------
    key : str
        The chunk's.
    folder : Path
        Where the feature's chunks are.

    Returns
    -------
    tuple of ndarray, or None
        None where they are not kept, or are no longer what was kept.
    """
    place = folder / FOLDER
    try:
        blocks, arrays = _opened(place, (place / "index.json").stat().st_mtime_ns)
        block = blocks[key]
        array = arrays[block.array]
        rows = np.empty((len(block.starts), *array.row), dtype=array.kind)
        with (place / block.array).open("rb", buffering=0) as file:
            file.seek(array.begin + block.first * rows[:1].nbytes)
            # Where the file ends before, what is left of the memory could hold the right numbers of an earlier reading.
            if file.readinto(rows.data.cast("B")) != rows.nbytes:
                return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if zlib.crc32(rows.data) != block.checksum:
        return None
    return rows, np.array(block.starts), np.array(block.counts, dtype=np.int64)


class _Array(NamedTuple):
    begin: int
    row: tuple[int, ...]
    kind: np.dtype


@lru_cache(maxsize=1)
def _opened(place: Path, _written: int) -> tuple[dict[str, Block], dict[str, _Array]]:
    # Not for every chunk anew.
    listed = json.loads((place / "index.json").read_text(encoding="utf-8"))
    blocks = {block.key: block for block in (Block(*each) for each in listed)}
    return blocks, {name: _array(place / name) for name in {block.array for block in blocks.values()}}


def _array(path: Path) -> _Array:
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
        shape, _, kind = np.lib.format.read_array_header_1_0(file)
        return _Array(file.tell(), shape[1:] if path.name == VALUES else shape[2:], kind)
