"""Clusters of songs: artists, and songs without one."""

from __future__ import annotations

import pandas as pd

from components.evaluation import clusters


def test_an_artist_and_a_song_of_one_name_are_two_clusters() -> None:
    found = clusters.of(pd.Series(["x", "y", "z"]), artists=pd.Series(["", "x", "x"]))
    assert found.nunique() == 2 and found[1] == found[2]
