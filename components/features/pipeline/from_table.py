"""Rows of a public feature table in place of extraction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from components.core.errors import FeatureError, ParamsError
from components.features import mfcc_summary


def read(path: Path, *, listing: pd.DataFrame, unit: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Read the rows of the listed tracks.

    Parameters
    ----------
    path : Path
        The CSV.
    listing : DataFrame
        Usable tracks of ``data/corpus/table.parquet``.
    unit : str
        ``segment`` for a table of pieces, ``track`` for one of whole tracks.

    Returns
    -------
    index : DataFrame
        Columns track, segment; sorted.
    values : ndarray of float32, shape (rows, 57)
        In the order of ``index``; columns of ``mfcc_summary.NAMES``.

    Raises
    ------
    FeatureError
        If the table has changed since it was listed.
    ParamsError
        If the table's rows are not of this unit.
    """
    from components.corpus import feature_table

    found = {row.track: row.sha256 for row in feature_table.tracks(path)}
    for track, sha256 in zip(listing["track"], listing["sha256"], strict=True):
        if found.get(track) != sha256:
            state = "has changed" if track in found else "is gone"
            raise FeatureError(
                f"track {track!r} of {path} {state} since it was listed; "
                "list the corpus again: `genre stage corpus table`"
            )
    rows = feature_table.rows(path)
    rows = rows[rows["track"].isin(set(listing["track"])) & (rows["fault"] == "")]
    whole = rows["segment"] < 0
    wrong = ~whole if unit == "track" else whole
    if wrong.any():
        other = "segment" if unit == "track" else "track"
        raise ParamsError(
            f"features.mfcc_summary.unit is {unit!r}; {path} has {int(wrong.sum())} rows of unit {other!r}"
        )
    rows = rows.sort_values(["track", "segment"], kind="stable").reset_index(drop=True)
    return rows[["track", "segment"]], rows[list(mfcc_summary.NAMES)].to_numpy(dtype=np.float32)
