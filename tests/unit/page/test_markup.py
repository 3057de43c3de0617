"""Predictions as HTML: agreement, blocks from end to end, few ticks, escaped names, links to runs."""

from __future__ import annotations

import pytest

from components.page import markup
from components.page.models import Choice, ModelPrediction, Song
from components.serving.prediction import Prediction, Segment
from tests.support.constant_model import GENRES
from tests.support.two_models import CHAMPION, OTHER


def prediction(genre: str, *, choice: Choice = OTHER, genres=GENRES, segments: int = 2) -> ModelPrediction:
    shares = {name: 0.8 if name == genre else 0.2 / (len(genres) - 1) for name in genres}
    timeline = [Segment(3.0 * at, genre, 0.8) for at in range(segments)]
    return ModelPrediction(choice, [], Prediction(genre, probabilities=shares, timeline=timeline))


def test_agreement_is_counted_from_the_first():
    assert markup.agreement([prediction("jazz")]) == ""
    assert markup.agreement([prediction("jazz")] * 3) == "All 3 models agree."
    mixed = [prediction("jazz", choice=CHAMPION), prediction("jazz"), prediction("rock")]
    assert markup.agreement(mixed) == "2 of 3 models predict jazz; mlp predicts rock."


def test_blocks_lie_end_to_end_over_the_whole_song():
    found = markup.blocks(prediction("jazz", segments=4).prediction.timeline, seconds=13.0)
    assert [block["start"] for block in found] == [0, 3, 6, 9]
    assert found[-1]["stop"] == 13.0
    assert sum(block["width"] for block in found) == pytest.approx(100)


def test_many_segments_of_one_genre_are_joined_at_their_mean():
    timeline = [Segment(3.0 * at, "jazz" if at < 60 else "rock", at % 2) for at in range(120)]
    found = markup.blocks(timeline, seconds=360.0)
    assert [(block["genre"], block["start"], block["stop"]) for block in found] == [
        ("jazz", 0.0, 180.0),
        ("rock", 180.0, 360.0),
    ]
    assert found[0]["probability"] == pytest.approx(0.5)


def test_parts_of_an_hour_have_the_genre_that_is_most_of_them():
    # Of each five segments, two are the surest, and three of another genre.
    surest = ("jazz", 0.9), ("rock", 0.5)
    timeline = [Segment(3.0 * at, *surest[at % 5 < 3]) for at in range(1200)]
    found = markup.parts(timeline)
    assert [part.start for part in found] == [15.0 * at for at in range(240)]
    assert {part.genre for part in found} == {"jazz"}
    assert found[0].probability == pytest.approx(2 * 0.9 / 5)
    (block,) = markup.blocks(timeline, seconds=3600.0)
    assert block["width"] == pytest.approx(100)


@pytest.mark.parametrize(("seconds", "last"), [(1.0, "0:00"), (30.0, "0:25"), (1200.0, "15:00")])
def test_ticks_are_few_and_in_minutes(seconds, last):
    found = markup.ticks(seconds)
    assert 1 <= len(found) <= 7
    assert found[-1][1] == last


def test_names_of_genres_are_escaped():
    evil = "<script>alert(1)</script>"
    text = markup.result(Song(6.0, "data:,", [prediction(evil, genres=[evil, "rock"])]))
    assert "<script" not in text and "&lt;script&gt;" in text
    assert "<b>x" not in markup.problem("<b>x")
