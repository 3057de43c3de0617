"""Hardest songs: by the mean over the models that predict them."""

from __future__ import annotations

import pandas as pd

from components.reporting import hardest


def test_the_lowest_mean_probability_of_the_actual_genre_comes_first() -> None:
    rows = [("a", "x", 0.9), ("a", "y", 0.2), ("a", "z", 0.5), ("b", "x", 0.1), ("b", "y", 0.6)]
    table = pd.DataFrame(rows, columns=["model", "track", "given"])
    table = table.assign(genre="jazz", artist="ann", predicted="rock", confidence=0.7, correct=False)
    found = hardest.songs(table, count=2)
    assert [song["track"] for song in found] == ["y", "x"]
    # Means are 0.4, 0.5 and, of the one model that predicts it, 0.5.
    assert [song["track"] for song in hardest.songs(table, count=9)] == ["y", "x", "z"]
    assert (found[0]["genre"], found[0]["artist"]) == ("jazz", "ann")
    assert found[0]["models"]["b"] == {"predicted": "rock", "confidence": 0.7, "correct": False}
    assert list(hardest.songs(table, count=9)[2]["models"]) == ["a"]
