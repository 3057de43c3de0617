"""Groups of tracks that stay on one side of a split."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from components.splits import groups


def test_tracks_are_tied_through_others(tracks: pd.DataFrame) -> None:
    few = tracks.head(4).assign(sha256=["a", "a", "b", "c"], artist=["", "x", "x", ""])
    assert groups.joined(few, together=["sha256", "artist"]).tolist() == [0, 0, 0, 1]
    assert groups.joined(few, together=["artist"], pairs=np.array([[0, 3]])).tolist() == [0, 1, 1, 0]


def test_compilations_that_would_tie_too_much_are_named(
    tracks: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    tracks["artist"] = [f"artist {number}" for number in range(len(tracks))]
    tracks["album"] = ["hits" if number < 12 else "" for number in range(len(tracks))]
    found = groups.kept_whole(tracks, folds=5)
    assert found.nunique() == len(tracks)
    assert "1 compilations" in capsys.readouterr().out


def test_what_repeats_a_track_of_a_later_part_is_left_out() -> None:
    parts = pd.Series(["train", "validation", "test", "train", None])
    left = groups.without_repeats(parts, repeats=pd.Series([0, 0, 1, 1, 1]))
    assert left.isna().tolist() == [True, False, False, True, True]
