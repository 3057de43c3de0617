"""A material of some tracks a genre: evenly over the names, so that artists who lie side by side are all heard."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from components.study.materials import BEYOND, spread


def listing(counts: dict[str, int]) -> pd.DataFrame:
    """Ten names in a row are of one artist, as in GTZAN."""
    rows = [
        {"track": f"{genre}.{number:05d}", "genre": genre, "artist": number // 10, "fault": ""}
        for genre, count in counts.items()
        for number in range(count)
    ]
    return pd.DataFrame(rows)


def test_every_artist_of_a_row_of_names_is_heard() -> None:
    chosen = spread(listing({"blues": 100, "jazz": 100}), tracks_per_genre=30)
    kept = chosen[chosen["fault"] == ""]
    assert kept.groupby("genre")["track"].size().to_dict() == {"blues": 30, "jazz": 30}
    assert kept.groupby("genre")["artist"].nunique().to_dict() == {"blues": 10, "jazz": 10}


def test_the_others_stay_listed_with_the_reason() -> None:
    whole = listing({"blues": 10})
    whole.loc[3, "fault"] = "silent"
    chosen = spread(whole, tracks_per_genre=4)
    assert len(chosen) == 10
    assert chosen.loc[3, "fault"] == "silent"
    assert set(chosen["fault"]) == {"", "silent", BEYOND}


@given(
    counts=st.dictionaries(st.sampled_from(["blues", "jazz", "rock"]), st.integers(1, 40), min_size=1),
    wanted=st.integers(3, 50),
)
def test_each_genre_has_the_wanted_number_or_all_it_has(counts: dict[str, int], wanted: int) -> None:
    chosen = spread(listing(counts), tracks_per_genre=wanted)
    kept = chosen[chosen["fault"] == ""].groupby("genre").size()
    assert kept.to_dict() == {genre: min(count, wanted) for genre, count in counts.items()}
