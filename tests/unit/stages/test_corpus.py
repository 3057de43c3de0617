"""The corpus: any collection becomes one row a track, and too little of a genre stops the run."""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path

import mutagen
import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from components.config.params import Params
from components.config.sources import SourceParams
from components.core.errors import CorpusError
from components.corpus import audio, audio_files
from components.corpus import store as corpus_store
from components.corpus.store import Row
from components.parallel import cluster
from components.stages import corpus, split
from tests.support.collections_on_disk import RATE, pointed_at, table_of, tone, write_tracks
from tests.support.dask_cluster import dask_cluster
from tests.support.melodies import melody


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    return write_tracks(tmp_path / "music", {"blues": 3, "jazz": 2, "rock": 4})


def list_audio(folder: Path, params: Params, *, minimum: int = 2) -> pd.DataFrame:
    root = folder.parent / "data"
    corpus.run("audio", params=pointed_at(params, minimum=minimum, audio=folder), root=root)
    return corpus_store.read("audio", root=root)


# --- what a listing holds


def test_one_row_a_track_sorted_with_all_columns(collection: Path, demo_params: Params) -> None:
    listing = list_audio(collection, demo_params)
    assert list(listing.columns) == list(corpus_store.COLUMNS)
    assert listing["track"].tolist() == sorted(listing["track"])
    assert listing["genre"].value_counts().to_dict() == {"blues": 3, "jazz": 2, "rock": 4}
    first = listing.iloc[0]
    assert (first["track"], first["path"]) == ("blues.00000", "blues/blues.00000.wav")
    assert (first["sample_rate"], first["samples"], first["seconds"]) == (RATE, 4 * RATE, 4.0)
    assert first["bytes"] == (collection / first["path"]).stat().st_size
    assert (first["segments"], first["fault"], len(first["sha256"])) == (1, "", 64)


def test_the_same_collection_gives_the_same_bytes_wherever_it_lies(
    tmp_path: Path, demo_params: Params
) -> None:
    written = []
    for place in ("here", "there/deeper"):
        folder = write_tracks(tmp_path / place / "music", {"jazz": 2, "rock": 2})
        list_audio(folder, demo_params)
        written.append((folder.parent / "data/corpus/audio.parquet").read_bytes())
    assert written[0] == written[1]


def test_a_clusters_workers_give_the_same_bytes(
    collection: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(collection.parent)
    (collection / "jazz" / "empty.wav").touch()
    params = pointed_at(demo_params, audio=Path("music"))
    corpus.run("audio", params=params, root=Path("data"))
    here = Path("data/corpus/audio.parquet").read_bytes()
    monkeypatch.setattr(corpus, "TOGETHER", 3)
    with dask_cluster(tmp_path / "dask", workers=1) as dask:
        monkeypatch.setenv(cluster.VARIABLE, dask.address)
        corpus.run("audio", params=params, root=Path("data"))
    assert Path("data/corpus/audio.parquet").read_bytes() == here


def test_a_relative_path_starts_beside_the_data_folder(collection: Path, demo_params: Params) -> None:
    params = pointed_at(demo_params, audio=Path("music"))
    assert len(corpus.run("audio", params=params, root=collection.parent / "data")) == 9


def test_segments_are_whole_and_at_most_per_track(tmp_path: Path, demo_params: Params) -> None:
    folder = write_tracks(tmp_path / "music", {"jazz": 2, "rock": 2}, seconds=4)
    soundfile.write(folder / "jazz/jazz.00000.wav", tone(9.0), RATE)
    soundfile.write(folder / "jazz/jazz.00001.wav", tone(9.0)[:-1], RATE)
    soundfile.write(folder / "rock/rock.00000.wav", tone(20.0), RATE)
    listing = list_audio(folder, demo_params).set_index("track")["segments"]
    assert listing.to_dict() == {"jazz.00000": 3, "jazz.00001": 2, "rock.00000": 4, "rock.00001": 1}


@pytest.mark.parametrize("ending", ["wav", "WAV", "flac", "ogg", "mp3", "au", "aiff"])
def test_every_container_is_read(collection: Path, demo_params: Params, ending: str) -> None:
    soundfile.write(collection / f"jazz/jazz.00007.{ending}", tone(7.0), RATE)
    row = list_audio(collection, demo_params).set_index("track").loc["jazz.00007"]
    assert (row["sample_rate"], row["segments"], row["fault"]) == (RATE, 2, "")
    assert row["seconds"] == pytest.approx(7.0, abs=0.2)


def test_a_track_left_out_keeps_its_row_and_is_reported(
    collection: Path, demo_params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    (collection / "rock/rock.00002.wav").write_bytes(b"")
    listing = list_audio(collection, demo_params)
    assert len(listing) == 9
    assert len(corpus_store.usable(listing)) == 8
    assert listing.set_index("track").loc["rock.00002", "fault"] == "empty: 0 bytes"
    shown = capsys.readouterr().err
    assert "8 usable tracks of 3 genres, 1 left out" in shown
    assert "rock.00002: empty: 0 bytes" in shown


def test_lines_of_native_libraries_stay_from_the_terminal(
    collection: Path, demo_params: Params, capfd: pytest.CaptureFixture[str]
) -> None:
    path = collection / "rock" / "cut.mp3"
    soundfile.write(path, tone(), RATE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with soundfile.SoundFile(path) as file:
        file.read()
    assert "Xing" in capfd.readouterr().err
    list_audio(collection, demo_params)
    said = capfd.readouterr().err
    assert "Xing" not in said
    assert "damaged: rock/cut" in said


def test_repeats_are_reported(
    collection: Path, demo_params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    (collection / "rock/rock.00003.wav").write_bytes((collection / "rock/rock.00000.wav").read_bytes())
    listing = list_audio(collection, demo_params)
    assert listing["sha256"].duplicated().sum() == 1
    assert "the same as another track byte for byte: 1 track" in capsys.readouterr().err


def test_one_sound_in_two_containers_is_reported(
    collection: Path, demo_params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    y, _ = soundfile.read(collection / "rock/rock.00000.wav", dtype="int16")
    soundfile.write(collection / "rock/copy.flac", y, RATE)
    rows = list_audio(collection, demo_params).set_index("track")
    assert rows.loc["rock/copy", "sound_sha256"] == rows.loc["rock.00000", "sound_sha256"]
    decoded, _ = audio.decode(collection / "rock/copy.flac")
    assert rows.loc["rock/copy", "sound_sha256"] == audio.sound_sha256(decoded)
    assert rows["sha256"].is_unique
    assert "the same sound as another track in another file: 1 track" in capsys.readouterr().err


def test_a_track_shorter_than_a_segment_is_one_from_the_shortest_on(
    collection: Path, demo_params: Params
) -> None:
    soundfile.write(collection / "jazz/second.wav", tone(1.0), RATE)
    soundfile.write(collection / "jazz/less.wav", tone(0.9), RATE)
    rows = list_audio(collection, demo_params).set_index("track")
    assert (rows.loc["jazz/second", "segments"], rows.loc["jazz/second", "fault"]) == (1, "")
    assert rows.loc["jazz/less", "fault"] == "too short: 0.90 s, segments.shortest is 1"


def test_one_of_several_sources_may_hold_little(tmp_path: Path, demo_params: Params) -> None:
    songs = write_tracks(tmp_path / "songs", {"blues": 3, "jazz": 3})
    clips = write_tracks(tmp_path / "clips", {"jazz": 1}, seconds=2.0)
    params = pointed_at(demo_params, minimum=3, form="audio", songs=songs, clips=clips)
    listing = corpus.run("clips", params=params, root=tmp_path / "data")
    assert listing["track"].tolist() == ["jazz.00000"]
    with pytest.raises(CorpusError, match=r"'audio' is not in params\.yaml; valid: clips, songs"):
        corpus.run("audio", params=params, root=tmp_path / "data")


def test_files_that_are_no_tracks_are_ignored(collection: Path, demo_params: Params) -> None:
    for name in ("README.md", "rock/cover.jpg", "rock/._rock.00000.wav", "jazz/.DS_Store"):
        (collection / name).write_text("not music")
    assert len(list_audio(collection, demo_params)) == 9


# --- any collection


@pytest.mark.parametrize("classes", [2, 37, 100])
def test_two_to_a_hundred_classes_of_any_name(tmp_path: Path, demo_params: Params, classes: int) -> None:
    names = [f"class {n} & ünïcode" for n in range(classes)]
    folder = write_tracks(tmp_path / "music", dict.fromkeys(names, 2), seconds=3.0)
    listing = list_audio(folder, demo_params)
    assert sorted(listing["genre"].unique()) == sorted(names)
    assert listing["track"].is_unique
    assert (listing["fault"] == "").all()


def test_albums_below_a_genre_are_entered(collection: Path, demo_params: Params) -> None:
    album = collection / "jazz/Some Artist/First. Album"
    album.mkdir(parents=True)
    soundfile.write(album / "01 Opening.flac", tone(), RATE)
    row = (
        list_audio(collection, demo_params)
        .set_index("path")
        .loc["jazz/Some Artist/First. Album/01 Opening.flac"]
    )
    assert (row["track"], row["genre"]) == ("jazz/Some Artist/First. Album/01 Opening", "jazz")


# --- collections that cannot be used


def refused(folder: Path, params: Params, *, minimum: int = 2) -> str:
    with pytest.raises(CorpusError) as caught:
        list_audio(folder, params, minimum=minimum)
    assert not (folder.parent / "data/corpus").exists(), "nothing may be written"
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_missing_folder_is_named(tmp_path: Path, demo_params: Params) -> None:
    message = refused(tmp_path / "nowhere", demo_params)
    assert "corpus.sources.audio.path" in message
    assert "nowhere" in message
    assert "one subfolder a genre" in message


def test_a_file_in_place_of_the_folder(tmp_path: Path, demo_params: Params) -> None:
    (tmp_path / "music").write_text("x")
    assert "is not a folder" in refused(tmp_path / "music", demo_params)


def test_an_empty_folder(tmp_path: Path, demo_params: Params) -> None:
    (tmp_path / "music").mkdir()
    assert "holds no genre folders" in refused(tmp_path / "music", demo_params)


def test_one_genre_only(tmp_path: Path, demo_params: Params) -> None:
    folder = write_tracks(tmp_path / "music", {"jazz": 3})
    assert "one genre only, 'jazz'" in refused(folder, demo_params)


def test_folders_without_a_track_are_no_genres_and_named(
    collection: Path, demo_params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("Playlists", "to sort", "$RECYCLE.BIN", ".git", "images_original/jazz", "tab\t"):
        (collection / name).mkdir(parents=True)
    (collection / "Playlists/all.m3u").write_text("../jazz/jazz.00000.wav")
    assert list_audio(collection, demo_params)["genre"].nunique() == 3
    assert (
        "no tracks are in $RECYCLE.BIN, Playlists, images_original, tab\\t, to sort"
        in capsys.readouterr().err
    )


def test_genres_one_level_deeper_are_pointed_to(tmp_path: Path, demo_params: Params) -> None:
    write_tracks(tmp_path / "Data/genres_original", {"blues": 2, "jazz": 2})
    (tmp_path / "Data/images_original/blues").mkdir(parents=True)
    (tmp_path / "Data/features_3_sec.csv").write_text("filename")
    message = refused(tmp_path / "Data", demo_params)
    assert "the 2 folders 'blues', 'jazz' lie in" in message
    assert f"{tmp_path}/Data/genres_original" in message


def test_genres_any_number_of_levels_deeper_are_pointed_to(tmp_path: Path, demo_params: Params) -> None:
    write_tracks(tmp_path / "GTZAN/Data/genres_original", {"blues": 2, "jazz": 2})
    assert f"lie in '{tmp_path}/GTZAN/Data/genres_original'" in refused(tmp_path, demo_params)


def test_tracks_in_no_genre_s_folder_are_named(
    collection: Path, demo_params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("loose.wav", "also.mp3", "notes.txt"):
        (collection / name).touch()
    assert list_audio(collection, demo_params)["genre"].nunique() == 3
    assert "in no genre's folder: 2 tracks (also.mp3, loose.wav)" in capsys.readouterr().err


def test_a_flat_folder_is_pointed_to_other_labels(tmp_path: Path, demo_params: Params) -> None:
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "a.wav").touch()
    message = refused(tmp_path / "music", demo_params)
    assert "but 1 track in no folder" in message and "--labels" in message


def test_more_than_a_hundred_classes(tmp_path: Path, demo_params: Params) -> None:
    for number in range(101):
        (tmp_path / "music" / str(number)).mkdir(parents=True)
        (tmp_path / "music" / str(number) / "a.wav").touch()
    message = refused(tmp_path / "music", demo_params)
    assert "101 folders; valid: " in message and "--labels" in message


@pytest.mark.parametrize("name", ["two\nlines", " spaces ", "tab\t", "bell\a"])
def test_a_folder_name_that_cannot_be_a_label(collection: Path, demo_params: Params, name: str) -> None:
    write_tracks(collection, {name: 1})
    assert "cannot be a label" in refused(collection, demo_params)


def test_too_few_usable_tracks_name_genre_and_counts(collection: Path, demo_params: Params) -> None:
    soundfile.write(collection / "blues/blues.00001.wav", np.zeros(RATE * 4), RATE)
    message = refused(collection, demo_params, minimum=3)
    assert "'blues' keeps 2 usable of 3 tracks (1 silent)" in message
    assert "'jazz' keeps 2 usable of 2 tracks" in message
    assert "corpus.minimum_tracks is 3" in message
    assert "rock" not in message


def test_an_unknown_source(collection: Path, demo_params: Params) -> None:
    with pytest.raises(CorpusError, match=r"'video' is not in params\.yaml; valid: audio"):
        corpus.run("video", params=pointed_at(demo_params, audio=collection))


# --- pictures and tables name the tracks as audio does


def test_pictures(tmp_path: Path, demo_params: Params) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (4, 288, 432, 4), dtype=np.uint8)
    for number, pixels in enumerate(noise):
        genre = ("jazz", "rock")[number % 2]
        (tmp_path / genre).mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / genre / f"{genre}{number:05d}.png")
    listing = corpus.run(
        "pictures", params=pointed_at(demo_params, pictures=tmp_path), root=tmp_path / ".data"
    )
    assert listing["track"].tolist() == ["jazz.00000", "jazz.00002", "rock.00001", "rock.00003"]
    assert (listing["fault"] == "").all()
    assert (listing["segments"] == 0).all()


def test_a_table_of_pieces(tmp_path: Path, demo_params: Params) -> None:
    table = table_of({"jazz.00000": "jazz", "jazz.00001": "jazz", "rock.00000": "rock", "my song": "rock"})
    table.to_csv(tmp_path / "table.csv", index=False)
    listing = corpus.run("table", params=pointed_at(demo_params, table=tmp_path / "table.csv"), root=tmp_path)
    assert listing["track"].tolist() == ["jazz.00000", "jazz.00001", "rock.00000", "rock/my song"]
    assert (listing["segments"] == 3).all()
    assert (listing["path"] == "").all()


# --- the public collection


@pytest.mark.real
def test_the_hundred_real_tracks(test_data: Path, tmp_path: Path, demo_params: Params) -> None:
    params = pointed_at(demo_params, audio=test_data / "gtzan-mini/genres_original")
    listing = corpus.run("audio", params=params, root=tmp_path)
    assert len(corpus_store.usable(listing)) == 100
    assert listing["genre"].nunique() == 10
    assert listing["seconds"].between(29.9, 30.5).all()


@pytest.mark.real
def test_the_public_corrupt_file_has_no_riff_header(
    test_data: Path, collection: Path, demo_params: Params
) -> None:
    content = (test_data / "faulty/jazz.00054.wav").read_bytes()
    (collection / "jazz/jazz.00054.wav").write_bytes(content)
    row = list_audio(collection, demo_params).set_index("track").loc["jazz.00054"]
    assert row["fault"].startswith("no RIFF header")


@pytest.mark.real
def test_audio_pictures_and_table_share_their_tracks(
    test_data: Path, tmp_path: Path, demo_params: Params
) -> None:
    sources = {
        "audio": test_data / "gtzan-mini/genres_original",
        "pictures": test_data / "gtzan/images_original",
        "table": test_data / "gtzan/features_30_sec.csv",
    }
    params = pointed_at(demo_params, **sources)
    tracks = {
        name: set(corpus_store.usable(corpus.run(name, params=params, root=tmp_path))["track"])
        for name in sources
    }
    assert {name: len(found) for name, found in tracks.items()} == {
        "audio": 100,
        "pictures": 999,
        "table": 1000,
    }
    assert tracks["audio"] <= tracks["pictures"] < tracks["table"]
    assert tracks["table"] - tracks["pictures"] == {"jazz.00054"}


# --- what an earlier listing knows


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each file that is decoded."""
    decoded: list[str] = []
    measure = audio_files.measure

    def noted(row: Row, file: BufferedReader, *, params: Params) -> Row:
        decoded.append(row.path)
        return measure(row, file, params=params)

    monkeypatch.setitem(corpus._FOLDERS, "audio", (audio.SUFFIXES, noted))
    return decoded


def aged(folder: Path) -> None:
    """Give all files a time before any listing of theirs."""
    for path in folder.rglob("*.wav"):
        os.utime(path, (1.5e9, 1.5e9))


def test_a_new_song_costs_one_song(
    collection: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    (collection / "rock/empty.wav").touch()
    aged(collection)
    first = list_audio(collection, demo_params)
    decoded = counted(monkeypatch)
    pd.testing.assert_frame_equal(list_audio(collection, demo_params), first)
    assert decoded == []
    soundfile.write(collection / "rock/new.wav", tone(), RATE)
    assert "rock/new" in set(list_audio(collection, demo_params)["track"])
    assert decoded == ["rock/new.wav"]


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-2]),
        lambda path: os.utime(path, (1.6e9, 1.6e9)),
        Path.unlink,
    ],
    ids=["size", "time", "gone"],
)
def test_what_changed_is_read_again(
    collection: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]
) -> None:
    aged(collection)
    list_audio(collection, demo_params)
    decoded = counted(monkeypatch)
    change(collection / "rock/rock.00001.wav")
    listing = list_audio(collection, demo_params)
    there = (collection / "rock/rock.00001.wav").exists()
    assert decoded == (["rock/rock.00001.wav"] if there else [])
    assert ("rock.00001" in set(listing["track"])) == there


def test_a_file_of_just_now_is_read_again(
    collection: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    list_audio(collection, demo_params)
    decoded = counted(monkeypatch)
    list_audio(collection, demo_params)
    assert len(decoded) == 9


def test_other_settings_and_verify_read_all_again(
    collection: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged(collection)
    list_audio(collection, demo_params)
    decoded = counted(monkeypatch)
    params, root = pointed_at(demo_params, audio=collection), collection.parent / "data"
    corpus.run("audio", params=params, root=root, verify=True)
    assert len(decoded) == 9
    segments = demo_params.segments.model_copy(update={"seconds": 2.0})
    corpus.run("audio", params=params.model_copy(update={"segments": segments}), root=root)
    assert len(decoded) == 18


def test_a_damaged_memory_of_files_is_none(collection: Path, demo_params: Params) -> None:
    aged(collection)
    first = list_audio(collection, demo_params)
    for path in (collection.parent / "data/.listings").iterdir():
        path.write_bytes(b"PAR1")
    pd.testing.assert_frame_equal(list_audio(collection, demo_params), first)


# --- links


def following(params: Params, folder: Path) -> Params:
    made = pointed_at(params, audio=folder)
    return made.model_copy(update={"corpus": made.corpus.model_copy(update={"follow_links": True})})


def test_genre_folders_made_of_links_are_followed_where_params_say_so(
    tmp_path: Path, demo_params: Params
) -> None:
    albums = write_tracks(tmp_path / "albums", {"blue": 2, "red": 2})
    music = tmp_path / "music"
    (music / "rock").mkdir(parents=True)
    (music / "jazz").symlink_to(albums / "blue")
    (music / "rock/red").symlink_to(albums / "red")
    (music / "rock/round").symlink_to(music / "rock")
    (music / "rock/device.wav").symlink_to("/dev/zero")
    listing = corpus.run("audio", params=following(demo_params, music), root=tmp_path / "data")
    faults = listing[listing["fault"] != ""].set_index("path")["fault"].to_dict()
    assert faults == {
        "rock/round": "link that leads in a circle",
        "rock/device.wav": "not a regular file: a device",
    }
    assert corpus_store.usable(listing)["genre"].value_counts().to_dict() == {"jazz": 2, "rock": 2}
    with pytest.raises(CorpusError, match=r"1 link to a folder"):
        corpus.run("audio", params=pointed_at(demo_params, audio=music), root=tmp_path / "data")


@pytest.mark.parametrize("named", [False, True])
def test_links_into_dvcs_own_cache_are_the_collection(
    tmp_path: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    workspace = tmp_path / "workspace"
    folder = write_tracks(workspace / "music", {"jazz": 2, "rock": 2})
    cache = tmp_path / "elsewhere" if named else workspace / ".dvc/cache"
    (workspace / ".dvc").mkdir()
    (workspace / ".dvc/config").write_text(f"[cache]\n    dir = {cache}\n" if named else "")
    for number, path in enumerate(sorted(folder.rglob("*.wav"))):
        kept = cache / f"files/md5/00/{number:030d}"
        kept.parent.mkdir(parents=True, exist_ok=True)
        path.rename(kept)
        path.symlink_to(kept)
    monkeypatch.chdir(workspace)
    listing = corpus.run("audio", params=pointed_at(demo_params, audio=folder), root=workspace / "data")
    assert (listing["fault"] == "").all()


# --- labels from tags and manifests


def melodies(folder: Path, tags: dict[str, dict[str, str]]) -> Path:
    """Songs of eight seconds by name, each with its tags."""
    for number, (name, said) in enumerate(tags.items()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / name, melody(number, seconds=8), RATE)
        if said:
            file = mutagen.File(folder / name)
            file.update(said)
            file.save()
    return folder


def labelled(folder: Path, params: Params, **values: object) -> Params:
    params = pointed_at(params, audio=folder)
    block = SourceParams.model_validate({"path": str(folder), "form": "audio", **values})
    return params.model_copy(
        update={"corpus": params.corpus.model_copy(update={"sources": {"audio": block}})}
    )


def test_genres_and_artists_may_be_in_the_files_tags(
    tmp_path: Path, demo_params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    tags = {
        f"x/{n}.flac": {"genre": ("Jazz", "jazz ", "Dub")[n % 3], "artist": f"artist {n % 4}"}
        for n in range(9)
    }
    folder = melodies(tmp_path / "music", {**tags, "none.flac": {}, "y/ska.flac": {"genre": "Ska"}})
    (folder / "genres.csv").write_text("spelling,genre\njazz,jazz\n")
    params = labelled(folder, demo_params, labels="tags", genres="genres.csv")
    listing = corpus.run("audio", params=params, root=tmp_path / "data").set_index("track")
    assert listing["genre"].value_counts().to_dict() == {"jazz": 6, "Dub": 3, "": 2}
    assert listing.loc["none", "fault"] == "no genre tag"
    assert listing.loc["y/ska", "fault"].startswith("rare genre: Ska")
    assert (listing.loc["x/0", "genre"], listing.loc["x/2", "genre"]) == ("jazz", "Dub")
    # A listing that is made again from what is known of the files is the same.
    again = corpus.run("audio", params=params, root=tmp_path / "data").set_index("track")
    pd.testing.assert_frame_equal(listing, again)
    split.run(params=params, root=tmp_path / "data")
    said = capsys.readouterr().out
    assert "artists: of 9 of 9 tracks" in said


def test_a_changed_manifest_holds_at_once(tmp_path: Path, demo_params: Params) -> None:
    names = [f"{n // 1000:03d}/{n:06d}.flac" for n in range(8)]
    folder = melodies(tmp_path / "music", {name: {} for name in names})
    params = labelled(folder, demo_params, labels="manifest", manifest="labels.csv")
    for artist in ("Ann", "Bob"):
        rows = [f"{name},{'jazz' if n % 2 else 'rock'},{artist}" for n, name in enumerate(names)]
        (folder / "labels.csv").write_text("\n".join(["path,genre,artist", *rows]))
        listing = corpus.run("audio", params=params, root=tmp_path / "data")
        assert set(listing["artist"]) == {artist} and listing["track"][0] == "000/000000"


def test_a_song_in_two_encodings_is_one_recording_and_two_labels_of_one_are_named(
    tmp_path: Path, demo_params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "music"
    for number in range(24):
        genre = ("jazz", "rock")[number % 2]
        (folder / genre).mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / genre / f"{number}.wav", melody(number, seconds=8), RATE)
    soundfile.write(folder / "jazz/copy.mp3", melody(0, seconds=8), RATE, format="MP3")
    soundfile.write(folder / "jazz/cut.flac", melody(2, seconds=8)[300:], RATE)
    params = pointed_at(demo_params, audio=folder)
    corpus.run("audio", params=params, root=tmp_path / "data")
    table = split.run(params=params, root=tmp_path / "data")
    sides = table.groupby("track")["part"].first()
    assert sides["jazz/copy"] == sides["jazz/0"] and sides["jazz/cut"] == sides["jazz/2"]
    assert "recordings: 2 of 4 tracks together" in capsys.readouterr().out
    soundfile.write(folder / "rock/other.ogg", melody(4, seconds=8), RATE)
    corpus.run("audio", params=params, root=tmp_path / "data")
    with pytest.raises(CorpusError, match=r"1 recordings? .*jazz/4 \(jazz\) and rock/other \(rock\)"):
        split.run(params=params, root=tmp_path / "data")
    allowed = params.validation.model_copy(update={"max_conflicting_tracks": 1})
    split.run(params=params.model_copy(update={"validation": allowed}), root=tmp_path / "data")
    assert "jazz/4 (jazz) and rock/other (rock)" in capsys.readouterr().out
