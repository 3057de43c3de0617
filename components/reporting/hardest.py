"""The songs that models find hardest: those whose actual genre gets the lowest probability."""

from __future__ import annotations

from typing import Any

import pandas as pd


def songs(predicted: pd.DataFrame, *, count: int) -> list[dict[str, Any]]:
    """Return the songs whose actual genre gets the lowest probability, mean over the models.

    Parameters
    ----------
    predicted : DataFrame
        One row a model and song: ``model``, and ``track``, ``genre``, ``artist``, ``given``, ``predicted``,
        ``confidence`` and ``correct`` as of :func:`components.evaluation.aggregation.songs`.
    count : int
        At most how many.

    Returns
    -------
    list of dict
        The hardest first: ``track``, ``genre``, ``artist`` ('' where it is not known), and ``models``, the prediction
        of each model that has one: ``predicted``, ``confidence``, ``correct``.
    """
    given = predicted.groupby("track")["given"].mean().sort_values(kind="stable").head(count)
    by_track = {track: rows.set_index("model") for track, rows in predicted.groupby("track")}
    return [
        {
            "track": track,
            "genre": by_track[track]["genre"].iloc[0],
            "artist": by_track[track]["artist"].iloc[0],
            "models": by_track[track][["predicted", "confidence", "correct"]].to_dict("index"),
        }
        for track in given.index
    ]
