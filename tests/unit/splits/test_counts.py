"""Songs of each genre, from the listing to the parts of the split."""

from __future__ import annotations

import pandas as pd

from components.splits import counts


def test_what_was_left_out_on_the_way_is_counted_by_genre() -> None:
    audio = pd.DataFrame({"track": list("abcdef"), "genre": ["jazz", "jazz", "rock", "rock", "rock", ""]})
    pictures = audio.iloc[1:]
    split = pd.DataFrame(
        {"track": ["b", "d", "d", "e"], "genre": ["jazz", "rock", "rock", "rock"]}
        | {"part": ["train", "train", "train", "test"]}
    )
    found = counts.by_genre([audio, pictures], usable=audio.iloc[[1, 3, 4]], split=split)
    assert found == {
        "jazz": {"listed": 2, "usable": 1, "train": 1, "validation": 0, "test": 0},
        "rock": {"listed": 3, "usable": 2, "train": 1, "validation": 0, "test": 1},
    }
    assert all(tuple(row) == counts.STEPS for row in found.values())


def test_a_genre_all_of_whose_songs_were_left_out_is_there() -> None:
    listing = pd.DataFrame({"track": ["a", "b"], "genre": ["jazz", "rock"]})
    split = pd.DataFrame({"track": ["b"], "genre": ["rock"], "part": ["train"]})
    found = counts.by_genre([listing], usable=listing.iloc[1:], split=split)
    assert found["jazz"] == dict.fromkeys(counts.STEPS, 0) | {"listed": 1}
