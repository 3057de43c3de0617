"""Keys in MLflow: any text, unambiguous, and grouped."""

from __future__ import annotations

import pytest
from mlflow.utils.validation import _validate_metric_name, _validate_param_name

from components.tracking import keys

GENRES = [
    "R&B", "R.26.B", "Drum'n'Bass", 'He said "no"', "Hip/Hop", "a\\b", "..", ".", "/", " ", "rock ", "rock", "Rock",
    "日本の歌", "Český folk", "हिन्दी", "🎸", "50%", "a:b", "`", "a\nb", "€", "x" * 400, "x" * 401, "recall.jazz",
]  # fmt: skip


@pytest.mark.parametrize("genre", GENRES)
def test_every_genre_has_a_key_that_mlflow_takes(genre: str) -> None:
    for key in (keys.metric(f"test.recall.{genre}"), keys.param(f"best.{genre}")):
        assert len(key) <= keys.LONGEST
        _validate_metric_name(key)
        _validate_param_name(key)


def test_no_two_genres_share_a_key() -> None:
    assert len({keys.metric(f"test.recall.{genre}") for genre in GENRES}) == len(GENRES)


def test_plain_names_stay_as_they_are() -> None:
    assert keys.metric("validation.recall.hip-hop") == "validation/recall/hip-hop"
    assert keys.escaped(["hip-hop", "R&B"]) == {"R&B": "R.26.B"}


def test_figures_are_read_back_whether_they_were_logged_grouped_or_not() -> None:
    figures = {"test.song_accuracy": 0.5, "test.recall.jazz": 1.0, "seconds": 2.0, "parameters": 3.0}
    grouped = {keys.metric(name): value for name, value in figures.items()}
    assert set(grouped) == {"test/song_accuracy", "test/recall/jazz", "time/seconds", "size/parameters"}
    assert keys.plain(grouped) == keys.plain(figures) == figures
