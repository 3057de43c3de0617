"""Albums on one side of a split, and compilations that would tie a whole genre together."""

from __future__ import annotations

import pandas as pd

from components.splits import albums


def tied(rows: list[tuple[str, str]], *, artists: list[int] | None = None) -> tuple[list[int], list[str]]:
    """Tie tracks of (genre, album), each of its own group but where artists are given."""
    tracks = pd.DataFrame(rows, columns=["genre", "album"])
    groups = pd.Series(range(len(rows)) if artists is None else artists)
    found, apart = albums.kept_whole(tracks, groups=groups)
    return found.tolist(), apart


def test_the_songs_of_an_album_are_one_group_and_others_are_not() -> None:
    assert tied([("jazz", "a"), ("jazz", "a"), ("jazz", ""), ("jazz", "")]) == ([0, 0, 2, 3], [])


def test_groups_are_tied_through_artists() -> None:
    found, _ = tied([("jazz", "a"), ("jazz", "a"), ("jazz", "b")], artists=[4, 7, 7])
    assert len(set(found)) == 1


def test_a_compilation_that_would_tie_too_much_of_a_genre_is_named_instead() -> None:
    rows = [("jazz", "hits" if number < 10 else "") for number in range(20)]
    found, apart = tied(rows)
    assert len(set(found)) == 20 and apart == ["hits"]


def test_an_album_of_one_artist_ties_nothing_more_however_many_songs_it_has() -> None:
    found, apart = tied([("jazz", "a")] * 20, artists=[3] * 20)
    assert set(found) == {3} and apart == []
