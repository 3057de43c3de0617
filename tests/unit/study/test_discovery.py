"""What lies in a folder: each form of the collection is found where people put it, and what is missing is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from components.core.errors import ParamsError
from components.corpus import published_metadata
from components.corpus.feature_table import VALUES
from components.study import discovery


def fill(folder: Path, *, suffix: str, genres: tuple[str, ...] = ("jazz", "rock"), songs: int = 5) -> Path:
    for genre in genres:
        (folder / genre).mkdir(parents=True)
        for number in range(songs):
            (folder / genre / f"{genre}.{number:05d}{suffix}").touch()
    return folder


def table(path: Path, *, whole: bool, songs: int = 6) -> Path:
    length = 661_794 if whole else 66_149
    piece = "" if whole else ".0"
    rows = [
        f"{genre}.{number:05d}{piece}.wav,{length},{','.join('1' for _ in VALUES)},{genre}"
        for genre in ("jazz", "rock")
        for number in range(songs)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([f"filename,length,{','.join(VALUES)},label", *rows]), encoding="utf-8")
    return path


def test_every_form_is_found_below_one_folder(tmp_path: Path) -> None:
    audio = fill(tmp_path / "gtzan" / "genres_original", suffix=".wav")
    pictures = fill(tmp_path / "gtzan" / "images_original", suffix=".png")
    long = table(tmp_path / "gtzan" / "features_30_sec.csv", whole=True)
    short = table(tmp_path / "gtzan" / "features_3_sec.csv", whole=False)
    seen = discovery.look(tmp_path)
    expected = {"audio": audio, "pictures": pictures, "table_30": long, "table_3": short}
    assert {name: one.path for name, one in seen.sources.items()} == expected
    assert {one.tracks for one in seen.sources.values()} == {10, 12}
    assert {one.genres for one in seen.sources.values()} == {("jazz", "rock")}


def test_of_several_collections_the_largest_is_taken(tmp_path: Path) -> None:
    few = table(tmp_path / "features.csv", whole=True, songs=6)
    large = table(tmp_path / "whole" / "features.csv", whole=True, songs=9)
    found = discovery.look(tmp_path)
    assert found.sources["table_30"].path == large
    assert f"in {large}: the most tracks, 18, against 12 in {few}" in found.lines()[2]


@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_clips_shorter_than_a_segment_do_not_make_a_collection_large(tmp_path: Path, rate: int) -> None:
    songs, clips = tmp_path / "mini", tmp_path / "clips"
    for folder, seconds, count in ((songs, 3.0, 5), (clips, 2.99, 9)):
        for path in fill(folder, suffix=".wav", songs=count).rglob("*.wav"):
            soundfile.write(path, np.zeros(round(seconds * rate)), rate)
    found = discovery.look(tmp_path)
    assert found.sources["audio"].path == songs
    assert f"in {songs}: the most tracks of 3 s or more, 10, against 0 in {clips}" in found.lines()[0]


def test_where_no_file_can_be_read_the_count_decides(tmp_path: Path) -> None:
    fill(tmp_path / "mini", suffix=".flac")
    large = fill(tmp_path / "whole" / "genres_original", suffix=".au", songs=9)
    assert discovery.look(tmp_path).sources["audio"].path == large


def test_lists_artists_and_weights_are_found(tmp_path: Path) -> None:
    lists = tmp_path / "gtzan" / "splits" / "fault_filtered"
    lists.mkdir(parents=True)
    for name in published_metadata.LISTS.values():
        (lists / name).touch()
    (tmp_path / "gtzan" / "artists.txt").write_text("jazz.00000.wav ::: Somebody ::: Tune", encoding="utf-8")
    weights = tmp_path / "weights" / "vgg16_notop.weights.h5"
    weights.parent.mkdir()
    weights.touch()
    seen = discovery.look(tmp_path)
    assert seen.lists == lists
    assert seen.artists == tmp_path / "gtzan" / "artists.txt"
    assert seen.weights["vgg16"] == str(weights)
    assert f"vgg16 weights: {weights} (here)" in seen.lines()


def test_tracks_whose_artist_is_known_are_counted_however_the_files_are_named(tmp_path: Path) -> None:
    names = [f"{genre}.{number:05d}" for genre in ("jazz", "rock") for number in range(3)]
    lines = "\n".join(f"{name}.wav ::: Somebody ::: Tune" for name in names)
    (tmp_path / "artists.txt").write_text(lines, encoding="utf-8")
    fill(tmp_path / "sound", suffix=".flac")
    fill(tmp_path / "pictures", suffix=".png", songs=6)
    table(tmp_path / "features.csv", whole=True)
    table(tmp_path / "segments.csv", whole=False, songs=5)
    found = discovery.look(tmp_path)
    assert found.known == {"audio": 6, "pictures": 6, "table_30": 6, "table_3": 6}
    known = {form: found.artists_known(form) for form in found.sources}
    assert known == {"audio": True, "pictures": False, "table_30": False, "table_3": True}


def mini_and_clips(
    top: Path, *, first: int = 5, genres: tuple[str, ...] = ("jazz", "rock")
) -> tuple[Path, Path]:
    """Songs, other songs of ``genres`` numbered from ``first``, and a table of the artists of all of them."""
    names = [f"{genre}.{number:05d}" for genre in ("jazz", "rock") for number in range(20)]
    lines = "\n".join(f"{name}.wav ::: Somebody ::: Tune" for name in names)
    (top / "artists.txt").write_text(lines, encoding="utf-8")
    mini = fill(top / "mini", suffix=".wav", songs=9)
    for genre in genres:
        (top / "clips" / genre).mkdir(parents=True)
        for number in range(first, first + 7):
            (top / "clips" / genre / f"{genre}.{number:05d}.flac").touch()
    return mini, top / "clips"


def test_other_songs_of_the_collection_lie_beside_it(tmp_path: Path) -> None:
    mini, clips = mini_and_clips(tmp_path, first=9)
    found = discovery.look(tmp_path)
    assert found.sources["audio"].path == mini
    assert {form: one.path for form, one in found.beside.items()} == {"audio": clips}
    assert found.tracks("audio") == found.known["audio"] == 32
    assert f"audio beside it, with artists apart: 14 tracks in {clips}" in found.lines()


@pytest.mark.parametrize("wrong", [{"first": 5}, {"first": 9, "genres": ("jazz", "blues")}, {"first": 20}])
def test_the_same_songs_another_collection_or_unknown_artists_do_not(
    tmp_path: Path, wrong: dict[str, Any]
) -> None:
    mini_and_clips(tmp_path, **wrong)
    found = discovery.look(tmp_path)
    assert found.beside == {}
    assert found.tracks("audio") == 18


def test_what_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    fill(tmp_path / "music", suffix=".mp3", genres=("blues", "jazz"))
    lines = discovery.look(tmp_path).lines()
    assert f"audio: 10 tracks of 2 genres (blues, jazz) in {tmp_path / 'music'}" in lines
    assert "pictures: not found" in lines
    assert "published split lists: not found" in lines
    for encoder in ("vgg16", "yamnet"):
        (line,) = [line for line in lines if line.startswith(f"{encoder} weights")]
        assert line.endswith("(not here: downloaded, or else UNTRAINED)")


def test_composed_corpora_are_not_taken_for_music(tmp_path: Path) -> None:
    fill(tmp_path / "synthetic", suffix=".wav")
    assert discovery.look(tmp_path, without={"synthetic"}).sources == {}


@pytest.mark.parametrize("text", ["", "a,b\n1,2", "filename,length,label,tempo\nx,many,jazz,1", "\0\0"])
def test_other_tables_are_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "features.csv").write_text(text, encoding="utf-8")
    assert discovery.look(tmp_path).sources == {}


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"--data is .*nowhere', which is no folder"):
        discovery.look(tmp_path / "nowhere")
