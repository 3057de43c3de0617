"""Folds: disjoint, stratified, songs whole, seeded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.config import presets
from components.config.params import Params, parse
from components.core.errors import CorpusError, LeakError
from components.corpus import published_metadata
from components.splits import artists, folds


def with_split(params: Params, **values: object) -> Params:
    document = params.model_dump(mode="json")
    document["split"] |= values
    document["corpus"]["published"] = {"lists": "lists", "artists": "artists.txt"}
    return Params.model_validate(document)


def parts_of(table: pd.DataFrame, *, unit: str = "track") -> pd.Series:
    return table[table["unit"] == unit]["part"].value_counts()


def test_four_to_one_twice(tracks: pd.DataFrame, demo_params: Params) -> None:
    counts = parts_of(folds.make(tracks, params=demo_params))
    assert counts["test"] == 12
    assert 9 <= counts["validation"] <= 11
    assert counts.sum() == 60


@settings(deadline=None, max_examples=8)
@given(
    seed=st.integers(0, 2**32 - 1),
    fold=st.integers(0, 4),
    sizes=st.lists(st.integers(10, 25), min_size=2, max_size=4),
)
def test_no_song_is_on_two_sides(seed: int, fold: int, sizes: list[int]) -> None:
    names = [f"g{number}.{song:03d}" for number, size in enumerate(sizes) for song in range(size)]
    tracks = pd.DataFrame({"track": names, "segments": 3, "recording": "", "artist": ""})
    tracks["genre"] = tracks["track"].str.split(".").str[0]
    params = parse(presets.compose("demo")).model_copy(update={"seed": seed})
    table = folds.make(tracks, params=with_split(params, fold=fold))
    assert (table.groupby("track")["part"].nunique() == 1).all()
    assert set(table["track"]) == set(names)
    shares = table[table["unit"] == "track"].groupby("genre")["part"].value_counts(normalize=True)
    assert shares.xs("test", level="part").between(0.05, 0.35).all()


def test_the_folds_test_each_song_once(tracks: pd.DataFrame, demo_params: Params) -> None:
    tested = []
    for fold in range(5):
        table = folds.make(tracks, params=with_split(demo_params, fold=fold))
        tested += table[(table["unit"] == "track") & (table["part"] == "test")]["track"].tolist()
    assert sorted(tested) == sorted(tracks["track"])


def test_files_of_one_recording_stay_on_one_side(tracks: pd.DataFrame, demo_params: Params) -> None:
    tracks.loc[[0, 1, 25], "recording"] = "one"
    tracks.loc[[30, 59], "recording"] = "another"
    sides = folds.make(tracks, params=demo_params).groupby("track")["part"].first()
    assert sides[tracks.loc[1, "track"]] == sides[tracks.loc[0, "track"]] == sides[tracks.loc[25, "track"]]
    assert sides[tracks.loc[59, "track"]] == sides[tracks.loc[30, "track"]]


def test_artists_stay_on_one_side(tracks: pd.DataFrame, demo_params: Params) -> None:
    tracks["artist"] = [f"artist {number // 4}" for number in range(len(tracks))]
    table = folds.make(tracks, params=with_split(demo_params, protocol="artist"))
    assert (table.groupby("artist")["part"].nunique() == 1).all()
    assert table["headline"].all()


def test_songs_of_a_genre_of_few_artists_are_assigned_one_by_one(
    tracks: pd.DataFrame, demo_params: Params
) -> None:
    tracks["artist"] = [f"artist {number // 4}" for number in range(len(tracks))]
    jazz = tracks["genre"] == "jazz"
    tracks.loc[jazz, "artist"] = "bird"
    table = folds.make(tracks, params=with_split(demo_params, protocol="artist"))
    assert set(table.loc[table["genre"] == "jazz", "part"]) == set(folds.PARTS)
    assert (table["headline"] == (table["genre"] != "jazz")).all()


def test_a_genre_of_three_artists_is_in_every_part(tracks: pd.DataFrame, demo_params: Params) -> None:
    tracks["artist"] = [f"artist {number // 7}" for number in range(len(tracks))]
    table = folds.make(tracks, params=with_split(demo_params, protocol="artist"))
    assert (table.groupby("genre")["part"].nunique() == 3).all()


def test_artists_are_kept_whole_where_most_are_known(tracks: pd.DataFrame, demo_params: Params) -> None:
    tracks.loc[:9, "artist"] = "ada"
    with pytest.raises(CorpusError, match="10 of 60"):
        folds.make(tracks, params=with_split(demo_params, protocol="artist"))
    split = demo_params.split.model_copy(update={"protocol": "artist"})
    table = folds.make(tracks, params=demo_params.model_copy(update={"split": split}))
    assert table.loc[table["artist"] == "ada", "part"].nunique() == 1
    assert artists.status(table[table["unit"] == "track"]) == "unknown"
    # A genre of one known artist is divided all the same.
    tracks.loc[:19, "artist"] = "ada"
    table = folds.make(tracks, params=demo_params.model_copy(update={"split": split}))
    assert set(table.loc[table["genre"] == "blues", "part"]) == set(folds.PARTS)


def test_an_album_stays_on_one_side_and_a_recording_too(tracks: pd.DataFrame, demo_params: Params) -> None:
    tracks["artist"] = [f"artist {number}" for number in range(len(tracks))]
    tracks["album"] = ""
    tracks.loc[[0, 5, 9], "album"] = "compilation"
    tracks.loc[[1, 2], "recording"] = "one"
    for fold in range(5):
        table = folds.make(tracks, params=with_split(demo_params, protocol="artist", fold=fold))
        sides = table.groupby("track")["part"].first()[tracks["track"]]
        assert sides.iloc[[0, 5, 9]].nunique() == 1 and sides.iloc[[1, 2]].nunique() == 1


def test_given_parts_are_followed_but_for_what_repeats_a_song_of_a_later_one(
    tracks: pd.DataFrame, demo_params: Params
) -> None:
    parts = dict(zip(tracks["track"], [*folds.PARTS] * 20, strict=True))
    tracks.loc[[0, 2], "recording"] = "one"
    given = demo_params.corpus.sources["audio"].model_copy(update={"labels": "manifest", "manifest": "m.csv"})
    corpus = demo_params.corpus.model_copy(update={"sources": {"audio": given}})
    params = with_split(demo_params.model_copy(update={"corpus": corpus}), protocol="manifest")
    table = folds.make(tracks, params=params, lists=parts)
    assert tracks.loc[0, "track"] not in set(table["track"])
    followed = table.groupby("track")["part"].first()
    assert followed.to_dict() == {
        track: part for track, part in parts.items() if track != tracks.loc[0, "track"]
    }
    with pytest.raises(CorpusError, match="column split"):
        folds.make(tracks, params=params, lists=dict.fromkeys(parts, "train"))


def test_the_study_s_protocol_mixes_songs(tracks: pd.DataFrame, demo_params: Params) -> None:
    table = folds.make(tracks, params=with_split(demo_params, protocol="segment"))
    pieces = table[table["unit"] == "segment"]
    assert (pieces.groupby("track")["part"].nunique() > 1).mean() > 0.5


def test_of_segments_at_random_none_counts_whose_artist_is_on_an_earlier_side(
    tracks: pd.DataFrame, demo_params: Params
) -> None:
    few = tracks.assign(artist=[f"a{n % 30}" for n in range(len(tracks))])
    table = folds.make(few, params=with_split(demo_params, protocol="segment")).query("unit == 'segment'")
    for part, earlier in (("test", ("train", "validation")), ("validation", ("train",))):
        met = set(table[table["part"].isin(earlier)]["artist"])
        counted = table[(table["part"] == part) & table["headline"]]
        assert not set(counted["artist"]) & met


def test_published_lists_are_followed(tracks: pd.DataFrame, demo_params: Params, tmp_path: Path) -> None:
    for part, numbers in (("train", range(10)), ("valid", range(10, 13)), ("test", range(13, 18))):
        lines = [f"{genre}/{genre}.{n:05d}.wav" for genre in ("blues", "jazz", "rock") for n in numbers]
        (tmp_path / f"{part}_filtered.txt").write_text("\n".join(lines), encoding="utf-8")
    table = folds.make(
        tracks,
        params=with_split(demo_params, protocol="fault_filtered"),
        lists=published_metadata.read_lists(tmp_path),
    )
    assert parts_of(table).to_dict() == {"train": 30, "validation": 9, "test": 15}


def test_too_few_tracks_are_refused_by_genre(tracks: pd.DataFrame, demo_params: Params) -> None:
    few = tracks[(tracks["genre"] != "jazz") | (tracks["track"] < "jazz.00002")]
    with pytest.raises(CorpusError, match="jazz"):
        folds.make(few, params=demo_params)


def test_forgotten_groups_are_a_leak(
    tracks: pd.DataFrame, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracks.loc[:4, "recording"] = "one"
    honest = folds.assign

    def forgetful(rows: pd.DataFrame, **given: Any) -> pd.Series:
        return honest(rows, **{**given, "grouped": False})

    folds.make(tracks, params=demo_params)
    monkeypatch.setattr(folds, "assign", forgetful)
    with pytest.raises(LeakError, match=r"blues\.0000"):
        folds.make(tracks, params=demo_params)


def test_lists_without_a_part_are_refused(tracks: pd.DataFrame, demo_params: Params) -> None:
    lists = dict.fromkeys(tracks["track"], "train")
    with pytest.raises(CorpusError, match="share tracks of train only"):
        folds.make(tracks, params=with_split(demo_params, protocol="fault_filtered"), lists=lists)
