"""Songs by the mean of their segments' probabilities."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from components.evaluation import aggregation
from tests.unit.evaluation.tables import random_table, table


def test_a_song_is_named_by_the_mean_of_its_segments_probabilities_not_by_their_majority():
    frame = table(
        [
            ("a", "jazz", [0.51, 0.49, 0.0]),
            ("a", "jazz", [0.51, 0.49, 0.0]),
            ("a", "jazz", [0.0, 1.0, 0.0]),
        ]
    )
    song = aggregation.songs(frame).iloc[0]
    assert song["predicted"] == "jazz"
    assert song["correct"]
    assert song["confidence"] == pytest.approx(1.98 / 3)
    assert (song["segments"], song["segments_correct"]) == (3, 1)


def test_a_predictions_table_names_the_first_of_the_most_probable_genres():
    columns = ["part", "track", "segment", "genre", "artist", "headline"]
    rows = pd.DataFrame([("test", "a", 0, "jazz", "", True)] * 2, columns=columns, index=[7, 3])
    values = np.array([[0.4, 0.4, 0.2], [0.1, 0.2, 0.7]], dtype=np.float32)
    made = aggregation.table(rows.assign(seconds=3.0), values=values, genres=["blues", "jazz", "rock"])
    assert aggregation.check(made) == ["blues", "jazz", "rock"]
    assert made["predicted"].to_dict() == {7: "blues", 3: "rock"}
    assert [*made.columns[:7]] == [*aggregation.COLUMNS] and len(made.columns) == 10
    np.testing.assert_array_equal(made.filter(like="probability.").to_numpy(), values)


def test_songs_are_one_row_a_part_and_track_in_order():
    both = pd.concat(
        [
            table([("b", "rock", [0, 0, 1]), ("a", "jazz", [0, 1, 0])], part=part)
            for part in ("test", "validation")
        ]
    )
    songs = aggregation.songs(both)
    assert list(zip(songs["part"], songs["track"], strict=True)) == [
        ("test", "a"),
        ("test", "b"),
        ("validation", "a"),
        ("validation", "b"),
    ]


def test_songs_are_not_aggregated_again():
    songs = aggregation.songs(random_table(songs=12, segments=3, skill=1.0, seed=4))
    pd.testing.assert_frame_equal(aggregation.songs(songs), songs)
