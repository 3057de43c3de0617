"""What the models said of the test songs: confusion, recall by genre, and the songs that are hardest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from components.evaluation import metrics
from components.reporting.inputs import Inputs, Trained

#: Songs in the list of the hardest.
HARDEST = 15
#: Pixels of one cell of a confusion matrix, by the largest number of genres it is used for.
CELLS = {12: 26, 24: 18, 40: 12, 100: 7}
#: Cells smaller than this hold no number, and rows no name: pointing at a cell still tells.
READABLE = 12
#: Pixels for a genre's name, and letters that fit in.
LABEL, LETTERS = 82, 13


def matrix(model: Trained) -> dict[str, Any]:
    """Lay out a confusion matrix of test songs.

    Parameters
    ----------
    model : Trained
        Whose it is.

    Returns
    -------
    dict
        ``cell``, ``label`` (pixels of a cell, of the names), ``names`` (shortened genres, none where they
        could not be read), and ``cells``: each one that holds songs, or lies on the diagonal.
    """
    counts = metrics.confusion(model.predictions, genres=model.genres, part="test")
    genres = list(counts.index)
    cell = next(pixels for most, pixels in CELLS.items() if len(genres) <= most or most == max(CELLS))
    songs = counts.sum(axis=1)
    cells = [
        {
            "row": row,
            "column": column,
            "count": int(counts.iat[row, column]),
            "share": counts.iat[row, column] / max(int(songs.iat[row]), 1),
            "title": f"{genres[row]} heard as {genres[column]}: {counts.iat[row, column]} of {songs.iat[row]}",
        }
        for row in range(len(genres))
        for column in range(len(genres))
        if counts.iat[row, column] or row == column
    ]
    readable = cell >= READABLE
    names = [name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…" for name in genres]
    return {
        "size": len(genres),
        "cell": cell,
        "label": LABEL if readable else 4,
        "text": 11 if cell >= 18 else 9,
        "names": names if readable else [],
        "numbers": cell > READABLE,
        # A small cell must be strong to be seen at all.
        "faintest": 0.12 if readable else 0.4,
        "cells": cells,
    }


def recalls(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Lay out recall by genre.

    Parameters
    ----------
    result : mapping
        What :func:`components.stages.compare.compare` returns.

    Returns
    -------
    list of dict
        One a genre, the hardest first: ``genre``, ``mean`` (over the models), and ``models``: recall of
        test songs by model, None where it was asked of none.
    """
    rows = []
    for genre in result["genres"]:
        shares = {name: result["models"][name]["test"].get(f"recall.{genre}") for name in result["ranking"]}
        known = [share for share in shares.values() if share is not None]
        rows.append({"genre": genre, "models": shares, "mean": sum(known) / len(known) if known else None})
    return sorted(rows, key=lambda row: (row["mean"] is None, row["mean"], row["genre"]))


def hardest(inputs: Inputs, *, most: int = HARDEST) -> list[dict[str, Any]]:
    """Find the test songs whose own genre the models believed in least.

    Parameters
    ----------
    inputs : Inputs
        What was compared.
    most : int
        How many to list.

    Returns
    -------
    list of dict
        Hardest first: ``track``, ``genre``, ``given`` (probability of the true genre, mean over the
        models), ``wrong`` and ``asked`` (numbers of models), ``says``: by model its ``predicted``,
        ``confidence`` and ``correct``.
    """
    voted = pd.concat(
        [
            metrics.songs(model.predictions[model.predictions["part"] == "test"]).assign(model=name)
            for name, model in inputs.models.items()
        ]
    )
    given = voted.groupby("track")["given"].mean().rename("mean").reset_index()
    order = given.sort_values(["mean", "track"])["track"].head(most)
    listed = []
    for track in order:
        rows = voted[voted["track"] == track]
        listed.append(
            {
                "track": track,
                "genre": rows["genre"].iloc[0],
                "given": float(rows["given"].mean()),
                "wrong": int((~rows["correct"]).sum()),
                "asked": len(rows),
                "says": rows.set_index("model")[["predicted", "confidence", "correct"]].to_dict("index"),
            }
        )
    return listed
