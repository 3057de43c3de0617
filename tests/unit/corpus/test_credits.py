"""Artist and album of each track, by which songs are kept together."""

from __future__ import annotations

import pandas as pd
import pytest

from components.corpus import credits


def known(artist: str, album: str = "", *, table: dict[str, str] | None = None) -> tuple[str, str]:
    tracks = pd.DataFrame({"track": ["t"], "artist": [artist], "album": [album]})
    return tuple(credits.of(tracks, table=table or {}).iloc[0])


@pytest.mark.parametrize(
    ("artist", "album", "expected"),
    [
        ("The Beatles", "Help!", ("beatles", "help")),
        ("", "Help!", ("album help", "help")),
        ("Various Artists", "Now 42", ("album now 42", "now 42")),
        ("Unknown Artist", "Unknown Album", ("", "")),
    ],
)
def test_an_album_stands_for_an_artist_that_is_missing(artist: str, album: str, expected: tuple) -> None:
    assert known(artist, album) == expected


def test_a_table_comes_before_what_the_listing_has() -> None:
    assert known("tagged", table={"t": "named"}) == ("named", "")
    assert known("tagged", table={"other": "named"}) == ("tagged", "")


def test_two_albums_of_one_title_are_two() -> None:
    queen = credits.album_of("Greatest Hits", album_artist="Queen")
    assert queen != credits.album_of("Greatest Hits", album_artist="Abba")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("JS Bach", "JS Bach :::"),
        ("Rage Against The Machine", "Rage Against the Machine"),
        ("Earth Wind and Fire", "Earth, Wind & Fire"),
        ("The Beatles", "beatles"),
        ("Beyoncé", "BEYONCE"),
        ("Guns N' Roses", "Guns N’ Roses"),
    ],
)
def test_spellings_of_one_artist_are_equal(one: str, other: str) -> None:
    assert credits.same_artist(one) == credits.same_artist(other)


def test_different_artists_stay_different() -> None:
    names = ["The The", "!!!", "AC/DC", "Acid", "2Pac", "坂本龍一", "久石譲"]
    assert len({credits.same_artist(name) for name in names} - {""}) == len(names)
