"""`genre tag`: nothing is written unless one says so, and what was is taken back."""

from __future__ import annotations

import csv
import io
import json
import os

import pytest
from mutagen.apev2 import APEv2
from typer.testing import CliRunner

from components import cli
from components.config import presets
from components.core import atomic
from components.core.errors import TaggingError
from components.serving import load
from components.tagging import tags
from tests.support import constant_model, tagged_files
from tests.support.constant_model import song


@pytest.fixture
def genre(tmp_path, monkeypatch):
    """The command in a folder of songs, with a model that gives jazz 0.7, rock 0.2 and blues 0.1."""
    monkeypatch.setattr(load, "store", lambda: None)
    monkeypatch.setattr(load, "address", lambda *_, **__: "models:/genre/1")
    monkeypatch.setattr(load, "load", lambda *_, **__: constant_model.loaded_model())
    monkeypatch.chdir(tmp_path)
    presets.use("demo", target=tmp_path / "params.yaml")
    music = tmp_path / "music"
    music.mkdir()
    for name in ("new.flac", "old.flac", "new.wav"):
        song(music / name)
    tags.write(music / "old.flac", ["Polka"])
    (music / "bad.flac").write_bytes(b"x")
    return lambda *words: CliRunner().invoke(cli.app, ["tag", *words])


def held(folder):
    return {path.name: tags.read(path).values for path in sorted(folder.iterdir()) if path.name != "bad.flac"}


def test_without_write_it_shows_and_changes_nothing(genre, tmp_path):
    music = tmp_path / "music"
    before = {path: path.read_bytes() for path in music.iterdir()}
    done = genre("music", "--json")
    assert {path: path.read_bytes() for path in music.iterdir()} == before
    assert not (tmp_path / "data" / "tagging").exists()
    assert done.exit_code == 1
    songs = {one["file"]: one for one in json.loads(done.stdout)["songs"]}
    assert songs["music/old.flac"]["existing"] == ["Polka"]
    assert songs["music/old.flac"]["outcome"] == "kept"
    assert songs["music/old.flac"]["proposed"] == [{"genre": "jazz", "confidence": pytest.approx(0.7)}]
    assert songs["music/new.flac"]["outcome"] == "proposed"
    assert songs["music/bad.flac"]["outcome"] == "failed"


def test_write_fills_what_is_missing_and_undo_takes_it_back(genre, tmp_path):
    music = tmp_path / "music"
    sounds = {path: tagged_files.sound(path) for path in music.glob("*w.*")}
    rows = {
        row["file"]: row for row in csv.DictReader(io.StringIO(genre("music", "--write", "--csv").stdout))
    }
    assert held(music) == {"new.flac": ("jazz",), "new.wav": ("jazz",), "old.flac": ("Polka",)}
    assert rows["music/new.wav"]["outcome"] == "written"
    assert {path: tagged_files.sound(path) for path in sounds} == sounds
    assert genre("--undo").exit_code == 0
    assert held(music) == {"new.flac": (), "new.wav": (), "old.flac": ("Polka",)}
    assert not tags.read(music / "new.wav").tagged
    assert isinstance(genre("--undo").exception, TaggingError)


def test_overwrite_several_field_and_minimum(genre, tmp_path):
    music = tmp_path / "music"
    genre("music", "--write", "--overwrite", "--min-confidence", "0.8")
    assert held(music) == {"new.flac": (), "new.wav": (), "old.flac": ("Polka",)}
    genre("music", "--write", "--overwrite", "--to", "mood")
    assert tags.read(music / "old.flac", field="mood").values == ("jazz",)
    assert held(music) == {"new.flac": (), "new.wav": (), "old.flac": ("Polka",)}
    genre("music", "--write", "--overwrite")
    assert set(held(music).values()) == {("jazz",)}
    # One run after another, the last first.
    genre("--undo")
    assert held(music)["old.flac"] == ("Polka",)
    assert tags.read(music / "old.flac", field="mood").values == ("jazz",)
    genre("--undo")
    assert tags.read(music / "old.flac", field="mood").values == ()


def test_undo_leaves_alone_what_was_changed_since_and_says_so(genre, tmp_path):
    music = tmp_path / "music"
    genre("music", "--write")
    tags.write(music / "new.wav", ["by hand"])
    done = genre("--undo")
    assert done.exit_code == 1
    assert "by hand" in done.stdout
    assert held(music) == {"new.flac": (), "new.wav": ("by hand",), "old.flac": ("Polka",)}


def test_a_file_that_is_gone_does_not_bar_the_way_to_earlier_runs(genre, tmp_path):
    music = tmp_path / "music"
    genre("music", "--write")
    genre("music", "--write", "--to", "mood", "--overwrite")
    (music / "new.wav").unlink()
    assert genre("--undo").exit_code == 1
    assert genre("--undo").exit_code == 1
    assert held(music) == {"new.flac": (), "old.flac": ("Polka",)}
    assert isinstance(genre("--undo").exception, TaggingError)


def test_a_name_that_is_no_text_is_written_and_taken_back(genre, tmp_path):
    music = tmp_path / "music"
    files = [music / os.fsdecode(name) for name in (b"la\xe9.flac", b"new\nline.flac")]
    for file in files:
        song(music / "made.flac").rename(file)
    assert genre(*map(str, files), "--write").exit_code == 0
    assert [tags.read(file).values for file in files] == [("jazz",)] * 2
    assert genre("--undo").exit_code == 0
    assert [tags.read(file).values for file in files] == [()] * 2


def test_a_link_beside_its_file_is_one_file(genre, tmp_path):
    music = tmp_path / "music"
    (music / "link.flac").symlink_to("new.flac")
    done = genre("music/link.flac", "music/new.flac", "--write", "--json")
    assert done.exit_code == 0
    outcomes = [(one["outcome"], one["reason"]) for one in json.loads(done.stdout)["songs"]]
    assert outcomes == [("written", ""), ("written", "the same file as music/link.flac")]
    assert genre("--undo").exit_code == 0
    assert held(music)["new.flac"] == ()


def test_nothing_to_undo_makes_nothing(genre, tmp_path):
    assert isinstance(genre("--undo").exception, TaggingError)
    assert not (tmp_path / "data").exists()


def test_a_read_only_file_is_named_and_the_others_are_written(genre, tmp_path):
    music = tmp_path / "music"
    (music / "new.wav").chmod(0o444)
    done = genre("music/new.wav", "music/new.flac", "--write")
    assert done.exit_code == 1
    assert "read-only" in done.stdout
    assert held(music)["new.flac"] == ("jazz",)


def test_a_collection_with_all_of_its_genres_needs_no_model(genre, tmp_path, monkeypatch):
    monkeypatch.setattr(load, "load", lambda *_: pytest.fail("no model is needed"))
    assert genre("music/old.flac", "--write").exit_code == 0


def test_playlists_hold_the_genre_that_each_file_is_to_have(genre, tmp_path):
    genre("music", "--playlists", "lists")
    lists = {path.stem: path.read_text() for path in (tmp_path / "lists").iterdir()}
    assert sorted(lists) == ["Polka", "jazz"]
    assert "../music/new.wav" in lists["jazz"]


def test_playlists_hold_songs_whose_format_has_no_tags(genre, tmp_path):
    music = tmp_path / "music"
    song(music / "a.w64")
    song(music / "b.caf")
    for words in ((), ("--write",)):
        assert genre("music", "--playlists", "lists", *words).exit_code == 1
        songs = [
            line for line in (tmp_path / "lists/jazz.m3u8").read_text().splitlines() if line.startswith("../")
        ]
        assert sorted(songs) == [f"../music/{name}" for name in ("a.w64", "b.caf", "new.flac", "new.wav")]
    # A later run finds what the first has written, and the same songs.
    genre("music", "--playlists", "lists", "--write", "--min-confidence", "0.8")
    assert "a.w64" not in (tmp_path / "lists/jazz.m3u8").read_text()


def test_what_a_look_refuses_is_what_a_write_refuses(genre, tmp_path):
    music = tmp_path / "music"
    tagged_files.encode(music / "a.aac", "adts", "aac")
    content = (music / "new.wav").read_bytes()
    (music / "cut.wav").write_bytes(content[:-1001])
    (music / "new.flac").chmod(0o444)
    before = {path: path.read_bytes() for path in music.iterdir()}

    def failed(*words):
        songs = json.loads(genre("music", "--json", *words).stdout)["songs"]
        return {one["file"]: one["reason"] for one in songs if one["outcome"] == "failed"}

    looked = failed()
    assert set(looked) == {f"music/{name}" for name in ("a.aac", "bad.flac", "cut.wav", "new.flac")}
    written = failed("--write")
    assert written == looked
    assert {path for path in before if path.read_bytes() != before[path]} == {music / "new.wav"}


def test_copies_that_a_killed_run_has_left_are_named_by_a_look_and_removed_by_a_write(genre, tmp_path, capfd):
    music = tmp_path / "music"
    (music / "deep").mkdir()
    song(music / "deep" / "kept.flac")
    tags.write(music / "deep" / "kept.flac", ["Polka"])
    copy = music / "deep" / ".partial-4194305-1-abcd-gone.flac"
    copy.write_bytes(b"half a song")
    mine = music / f"{atomic.prefix()}new.flac"
    mine.write_bytes(b"of a run that goes on")
    genre("music")
    assert copy.name in capfd.readouterr().err
    assert copy.exists()
    genre("music", "--write")
    assert copy.name not in capfd.readouterr().err
    assert not copy.exists()
    assert mine.exists()
    copy.write_bytes(b"half a song")
    copy.rename(music / copy.name)
    genre("--undo")
    assert not (music / copy.name).exists()


def test_what_was_in_other_tags_is_shown_and_stays(genre, tmp_path):
    file = tagged_files.make(tmp_path / "music" / "a.mp3", seconds=6.5)
    ape = APEv2()
    ape["Genre"] = "Blues"
    ape.save(file)
    before = file.read_bytes()
    (shown,) = json.loads(genre(str(file), "--json", "--write").stdout)["songs"]
    assert (shown["existing"], shown["outcome"]) == (["Blues"], "kept")
    genre(str(file), "--write", "--overwrite")
    assert tags.read(file).values == ("jazz",)
    assert genre("--undo").exit_code == 0
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ("music", "--min-confidence", "1.5"),
        ("music", "--several", "0"),
        ("music", "--to", "a=b"),
        ("music", "--json", "--csv"),
        ("music", "--undo"),
        ("--undo", "--to", "mood"),
        ("--undo", "--min-confidence", "0.0"),
        ("--undo", "--only-missing"),
        ("--undo", "--csv"),
        ("",),
        ("music", "--playlists", ""),
        ("music", "--to", "title"),
        ("music", "--to", "ID3"),
        (),
        ("--undo",),
    ],
)
def test_what_cannot_be_done_is_named_and_changes_nothing(genre, tmp_path, words):
    before = held(tmp_path / "music")
    assert getattr(genre(*words).exception, "exit_status", None) == 2
    assert held(tmp_path / "music") == before
