"""Groups of tracks that stay on one side of a split."""

from __future__ import annotations

import pandas as pd
import pytest

from components.splits import groups


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
