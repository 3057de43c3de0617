"""A feature on disk: one Parquet index, one ``.npy`` of values opened memory-mapped, one ``meta.json``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from components.core import atomic
from components.core.errors import FeatureError

INDEX_COLUMNS = ["track", "segment", "start", "genre", "mean", "std", "minimum", "maximum"]


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


def read(name: str, *, root: Path = Path("data")) -> tuple[pd.DataFrame, np.ndarray, dict[str, Any]]:
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
        One row a row of values, sorted by ``track`` and ``segment``; columns ``INDEX_COLUMNS``.
    values : memmap of float32, shape (rows, ...)
        Read-only.
    meta : dict
        What ``meta.json`` holds.

    Raises
    ------
    FeatureError
        If it has not been extracted, or its three files do not belong together.
    """
    place = folder(name, root=root)
    try:
        meta = json.loads((place / "meta.json").read_text(encoding="utf-8"))
        index = pd.read_parquet(place / "index.parquet")
        values = np.load(place / "values.npy", mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise FeatureError(
            f"{place} holds no feature; extract it first: `genre stage features {name}`"
        ) from error
    except (OSError, ValueError) as error:
        raise FeatureError(
            f"{place} cannot be read ({error}); extract it again: `genre stage features {name}`"
        ) from error
    if len(values) != len(index) or list(values.shape[1:]) != list(meta["shape"]):
        raise FeatureError(
            f"{place}: values.npy is {values.shape}, index.parquet has {len(index)} rows, meta.json has shape "
            f"{tuple(meta['shape'])}; extract it again: `genre stage features {name}`"
        )
    return index, values, meta


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
    name: str,
    *,
    index: pd.DataFrame,
    values: Iterable[np.ndarray],
    shape: tuple[int, ...],
    meta: dict[str, Any],
    root: Path = Path("data"),
) -> None:
    """Write a feature, whole or not at all; values are streamed, never held together.

    Parameters
    ----------
    name : str
        The feature.
    index : DataFrame
        As :func:`read` returns it.
    values : iterable of ndarray, each (rows, ...)
        Blocks of rows in the order of ``index``.
    shape : tuple of int
        Shape of one row.
    meta : dict
        For ``meta.json``.
    root : Path
        The data folder.

    Raises
    ------
    FeatureError
        If the blocks do not add up to the index.
    """
    with atomic.replacing_folder(folder(name, root=root)) as place:
        with _stream(place / "values.npy", rows=len(index), shape=shape) as handle:
            rows = 0
            for block in values:
                if block.shape[1:] != shape:
                    raise FeatureError(f"feature {name}: rows of shape {block.shape[1:]} beside {shape}")
                handle.write(np.ascontiguousarray(block, dtype=np.float32).data)
                rows += len(block)
        if rows != len(index):
            raise FeatureError(f"feature {name}: {rows} rows of values for {len(index)} rows of index")
        index[INDEX_COLUMNS].to_parquet(place / "index.parquet", index=False)
        atomic.write_json(place / "meta.json", meta | {"shape": list(shape)})


@contextmanager
def _stream(path: Path, *, rows: int, shape: tuple[int, ...]) -> Iterator[IO[bytes]]:
    # The header first, then plain writes: a memory map would count its dirty pages as ours.
    with path.open("wb") as handle:
        np.lib.format.write_array_header_1_0(
            handle,
            {
                "descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)),
                "fortran_order": False,
                "shape": (rows, *shape),
            },
        )
        yield handle
