"""The record of a song's prediction: names and order of its fields, in each form the same."""

from __future__ import annotations

from components.serving.prediction import COLUMNS, Prediction, Segment

PREDICTION = Prediction(
    "jazz",
    unsure="unlike the training",
    seconds=1.5,
    coverage=0.5,
    lost=0.25,
    damage="truncated",
    probabilities={"blues": 0.2, "jazz": 0.8},
    timeline=[Segment(0.0, "jazz", 0.8)],
)


def test_json_has_probabilities_as_an_object_and_segments_as_a_list() -> None:
    assert list(PREDICTION.as_dict().items()) == [
        ("genre", "jazz"),
        ("confidence", 0.8),
        ("unsure", "unlike the training"),
        ("seconds", 1.5),
        ("coverage", 0.5),
        ("lost", 0.25),
        ("damage", "truncated"),
        ("probabilities", {"blues": 0.2, "jazz": 0.8}),
        ("timeline", [{"start": 0.0, "genre": "jazz", "probability": 0.8}]),
    ]


def test_a_table_has_a_column_a_genre_in_label_order_after_the_others() -> None:
    row = PREDICTION.as_row()
    assert list(row) == [*COLUMNS, "probability.blues", "probability.jazz"]
    assert COLUMNS == (
        "genre", "confidence", "unsure", "seconds", "coverage", "lost", "damage", "timeline"
    )  # fmt: skip
    assert (row["probability.blues"], row["probability.jazz"]) == (0.2, 0.8)


def test_a_song_that_cannot_be_decoded_has_no_confidence() -> None:
    assert Prediction().confidence == 0.0
