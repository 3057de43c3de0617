"""Predictions of labelled songs: one row a song, genres spelled alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.core import progress
from components.evaluation import aggregation
from components.external_evaluation import predictions
from components.external_evaluation.labels import Song
from tests.support import constant_model
from tests.support.constant_model import song


def test_a_row_a_song_and_a_reason_for_each_other(tmp_path: Path) -> None:
    files = {
        "a": song(tmp_path / "a.wav", seconds=6.5),
        "b": song(tmp_path / "b.wav"),
        "gone": tmp_path / "gone.wav",
    }
    songs = [
        Song("a", files["a"], "Jazz", artist="Ann"),
        Song("b", files["b"], "rock"),
        Song("gone", files["gone"], "rock"),
    ]
    table, left_out = predictions.table(songs, model=constant_model.loaded_model(), spelling={"jazz": "Jazz"})
    assert list(left_out) == ["gone"]
    a, b = table.to_dict("records")
    assert (a["predicted"], a["correct"], a["segments"], a["segments_correct"]) == ("Jazz", True, 2, 2)
    assert (b["predicted"], b["correct"], b["segments_correct"]) == ("Jazz", False, 0)
    assert b["top2"] and a["artist"] == "Ann"
    assert (a["given"], b["given"], b["confidence"]) == pytest.approx((0.7, 0.2, 0.7))
    # An aggregated table is taken as it is, so that models can be compared by it.
    assert len(aggregation.songs(table)) == 2


def test_progress_is_of_all_songs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY", 0.0)
    lines: list[str] = []
    songs = [Song(name, song(tmp_path / f"{name}.wav"), "jazz") for name in "ab"]
    predictions.table(songs, model=constant_model.loaded_model(), spelling={}, to=lines.append)
    assert [line.partition(",")[0] for line in lines] == ["mlp: 1 of 2 songs"]
