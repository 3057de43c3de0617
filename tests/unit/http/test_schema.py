"""The API's description: it names what is sent."""

from __future__ import annotations

from dataclasses import fields

from components.http import schema
from components.serving.prediction import Prediction, Segment


def test_a_song_is_described_by_the_fields_of_a_prediction_in_their_order() -> None:
    assert list(schema.Song.model_fields) == ["file", *Prediction().as_dict()]
    assert list(schema.Moment.model_fields) == [field.name for field in fields(Segment)]
