"""Artists on both sides: the status of a split, its confounded genres, and the songs that headlines count."""

from __future__ import annotations

import pandas as pd

from components.splits import artists


def table(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """Tracks of (genre, part, artist)."""
    columns = pd.DataFrame(rows, columns=["genre", "part", "artist"])
    return columns.assign(track=[f"track {number}" for number in range(len(rows))])


APART = (
    ("blues", "train", "ada"),
    ("blues", "validation", "bo"),
    ("blues", "test", "cy"),
    ("rock", "train", "di"),
    ("rock", "validation", "ed"),
    ("rock", "test", "flo"),
)


def test_no_artist_in_two_parts_is_apart() -> None:
    assert artists.status(table(*APART)) == "apart"
    assert artists.headline(table(*APART)).all()


def test_a_song_counts_where_its_artist_is_in_no_earlier_part() -> None:
    tracks = table(*APART, ("rock", "test", "di"), ("rock", "test", "ed"), ("blues", "validation", "cy"))
    assert artists.status(tracks) == "on both sides"
    assert artists.headline(tracks).tolist() == [True, True, False, True, True, True, False, False, True]


def test_a_song_of_an_unknown_artist_does_not_count() -> None:
    tracks = table(*APART, ("rock", "test", ""))
    assert artists.status(tracks) == "apart"
    assert not artists.headline(tracks).iloc[-1]


def test_a_genre_of_two_artists_is_confounded() -> None:
    tracks = table(
        *APART, ("jazz", "train", "bird"), ("jazz", "test", "bird"), ("jazz", "validation", "miles")
    )
    assert artists.confounded(tracks) == ["jazz"]
    assert artists.status(tracks) == "apart"
    assert not artists.headline(tracks)[tracks["genre"] == "jazz"].any()
    assert artists.by_genre(tracks) == {"blues": 3, "jazz": 2, "rock": 3}


def test_without_artists_every_song_counts() -> None:
    tracks = table(*APART).assign(artist="")
    assert (artists.status(tracks), artists.confounded(tracks)) == ("unknown", [])
    assert artists.headline(tracks).all()
