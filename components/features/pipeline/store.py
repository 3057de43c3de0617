"""A feature on disk: one Parquet index, one ``.npy`` of values opened memory-mapped, one ``meta.json``.

Where the feature has augmented views, a second ``.npy`` holds them, and nothing but a fit reads it.
"""

from __future__ import annotations

import json
import math
import mmap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from pydantic import ValidationError

from components.config.params import describe
from components.core import atomic
from components.core.errors import FeatureError
from components.features.pipeline.record import FeatureRecord

#: Numbers that sum up a row's values.
SUMMARY = ("mean", "std", "minimum", "maximum")
#: Columns of ``index.parquet`` and their types.
INDEX = {"track": "str", "segment": "int64", "start": "float64", "genre": "str"}
INDEX |= dict.fromkeys(SUMMARY, "float64")


def folder(name: str, *, root: Path = Path("data")) -> Path:
    """Return where a feature is kept.

    Parameters
    ----------
    name : str
        The feature.
    root : Path
        The data folder.

    Returns
    -------
    Path
        ``root/features/name``.
    """
    return Path(root) / "features" / name


def read(name: str, *, root: Path = Path("data")) -> tuple[pd.DataFrame, np.memmap, FeatureRecord]:
    """Open an extracted feature.

    Parameters
    ----------
    name : str
        The feature.
    root : Path
        The data folder.

    Returns
    -------
    index : DataFrame
        One row a row of values, sorted by ``track`` and ``segment``; columns ``INDEX``.
    values : memmap of float32, shape (rows, ...)
        Read-only.
    record : FeatureRecord
        What ``meta.json`` holds.

    Raises
    ------
    FeatureError
        If it has not been extracted, or its three files do not belong together.
    """
    index, values, meta = load(name, root=root)
    place, again = folder(name, root=root), f"extract it again: `genre stage features {name}`"
    try:
        record = FeatureRecord.model_validate(meta)
    except ValidationError as error:
        raise FeatureError(f"{place / 'meta.json'} is damaged ({describe(error)}); {again}") from error
    if len(values) != len(index) or list(values.shape[1:]) != record.shape:
        raise FeatureError(
            f"{place}: values.npy is {values.shape}, index.parquet has {len(index)} rows, "
            f"meta.json has shape {tuple(record.shape)}; {again}"
        )
    return index, values, record


def load(name: str, *, root: Path = Path("data")) -> tuple[pd.DataFrame, np.memmap, dict[str, Any]]:
    """Open the three files as they are; :func:`read` also checks that they belong together.

    ``meta.json`` is given as what it holds, which validation does not trust.

    Raises
    ------
    FeatureError
        If one is missing or cannot be read.
    """
    place = folder(name, root=root)
    again = f"extract it: `genre stage features {name}`"
    try:
        meta = json.loads((place / "meta.json").read_text(encoding="utf-8"))
        index = pd.read_parquet(place / "index.parquet")
        values = np.load(place / "values.npy", mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise FeatureError(f"{place} holds no feature; {again}") from error
    # pyarrow's ArrowInvalid and json's JSONDecodeError are ValueErrors; numpy raises EOFError on an empty file.
    except (OSError, ValueError, EOFError) as error:
        raise FeatureError(f"{place} cannot be read ({' '.join(str(error).split())}); {again}") from error
    if not isinstance(meta, dict):
        raise FeatureError(f"{place / 'meta.json'} holds {type(meta).__name__}; valid: an object; {again}")
    return index, values, meta


def read_rows(values: np.ndarray, *, begin: int, end: int) -> np.ndarray:
    """Read rows of a feature's values.

    They are read, not mapped: pages of a map that were looked at count as the process's memory, all of them in the end.

    Parameters
    ----------
    values : memmap of float32, shape (rows, ...)
        As :func:`read` returns it; also a part of it, or an array, whose rows are not copied.
    begin, end : int
        The first row, and that after the last.

    Returns
    -------
    ndarray of float32, shape (end - begin, ...)
        The rows.

    Raises
    ------
    FeatureError
        If the file has become shorter.
    """
    # A part of a map no longer says where in the file it begins.
    if not (
        isinstance(values, np.memmap) and isinstance(values.base, mmap.mmap) and values.flags.c_contiguous
    ):
        return np.asarray(values[begin:end])
    shape = (end - begin, *values.shape[1:])
    size = math.prod(values.shape[1:])
    path = Path(str(values.filename))
    offset = values.offset + begin * size * values.itemsize
    found = np.fromfile(path, dtype=values.dtype, count=shape[0] * size, offset=offset)
    if len(found) != shape[0] * size:
        raise FeatureError(f"{path} has become shorter while it was read")
    return found.reshape(shape)


def as_bytes(values: np.ndarray) -> np.ndarray:
    """Return whole numbers of 0 to 255, as pictures are, in a quarter of the space, and other values as they are.

    Parameters
    ----------
    values : ndarray
        Finite, at least one.

    Returns
    -------
    ndarray of uint8, or ``values``
        Equal to ``values``.
    """
    if values.min() < 0 or values.max() > 255:
        return values
    small = values.astype(np.uint8)
    return small if np.array_equal(small, values) else values


def augmented(name: str, *, root: Path = Path("data")) -> np.memmap | None:
    """Open an extracted feature's augmented views.

    Parameters
    ----------
    name : str
        The feature.
    root : Path
        The data folder.

    Returns
    -------
    memmap of float32, shape (views, rows, ...), or None
        Of the rows of :func:`read`, each view of all rows; None where the feature has none.

    Raises
    ------
    FeatureError
        If they are not views of the rows that are there.
    """
    path = folder(name, root=root) / "augmented.npy"
    if not path.exists():
        return None
    _, values, _ = read(name, root=root)
    views = np.load(path, mmap_mode="r", allow_pickle=False)
    if views.shape[1:] != values.shape:
        raise FeatureError(
            f"{path} is {views.shape}, values.npy is {values.shape}; extract it again: `genre stage features {name}`"
        )
    return views


def summary(values: np.ndarray) -> dict[str, np.ndarray]:
    """Sum up each row of values in four numbers, for validation.

    Parameters
    ----------
    values : ndarray, shape (rows, ...)
        Feature values.

    Returns
    -------
    dict of str to ndarray of float64, shape (rows,)
        ``mean``, ``std``, ``minimum``, ``maximum``.
    """
    flat = values.reshape(len(values), -1)
    return {
        "mean": flat.mean(axis=1, dtype=np.float64),
        "std": flat.std(axis=1, dtype=np.float64),
        "minimum": flat.min(axis=1).astype(np.float64),
        "maximum": flat.max(axis=1).astype(np.float64),
    }


def write(
    record: FeatureRecord,
    *,
    index: pd.DataFrame,
    values: Iterable[np.ndarray],
    root: Path = Path("data"),
    augmented: Sequence[Iterable[np.ndarray]] = (),
) -> None:
    """Write a feature, whole or not at all; values are streamed, never held together.

    Parameters
    ----------
    record : FeatureRecord
        For ``meta.json``; it names the feature, and has the shape of a row.
    index : DataFrame
        As :func:`read` returns it.
    values : iterable of ndarray, each (rows, ...)
        Blocks of rows in the order of ``index``.
    root : Path
        The data folder.
    augmented : sequence of iterable of ndarray
        The same for each augmented view.

    Raises
    ------
    FeatureError
        If the blocks do not add up to the index.
    """
    rows, name, shape = len(index), record.feature, tuple(record.shape)
    with atomic.replacing_folder(folder(name, root=root)) as place:
        with (place / "values.npy").open("wb") as handle:
            _write_header(handle, rows, *shape)
            _write_rows(handle, values, rows=rows, shape=shape, name=name)
        if augmented:
            with (place / "augmented.npy").open("wb") as handle:
                _write_header(handle, len(augmented), rows, *shape)
                for view in augmented:
                    _write_rows(handle, view, rows=rows, shape=shape, name=name)
        index[list(INDEX)].to_parquet(place / "index.parquet", index=False)
        atomic.write_json(place / "meta.json", record.model_dump(mode="json"))


def _write_rows(
    handle: BinaryIO, blocks: Iterable[np.ndarray], *, rows: int, shape: tuple[int, ...], name: str
) -> None:
    # Plain writes behind the header: a memory map would count its dirty pages as ours.
    written = 0
    for block in blocks:
        if block.shape[1:] != shape:
            raise FeatureError(f"feature {name}: rows of shape {block.shape[1:]} beside {shape}")
        handle.write(np.ascontiguousarray(block, dtype=np.float32).data)
        written += len(block)
    if written != rows:
        raise FeatureError(f"feature {name}: {written} rows of values for {rows} rows of index")


def _write_header(handle: BinaryIO, *shape: int) -> None:
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(handle, header)
