"""A playlist a genre, that can be moved with the music."""

from __future__ import annotations

import os

from components.tagging import playlists


def test_each_line_leads_from_the_playlist_to_the_song(tmp_path):
    music = tmp_path / "music"
    music.mkdir()
    songs = [music / "#1 é.mp3", music / "b.flac"]
    for song in songs:
        song.write_bytes(b"")
    genres = {"R&B/Soul": [(songs[0], 61.4)], "Jazz": [(songs[1], 0.0), (songs[0], 61.4)]}
    written = playlists.write(tmp_path / "lists", genres)
    assert [path.name for path in written] == ["Jazz.m3u8", "R&B-Soul.m3u8"]
    for path in written:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0] == "#EXTM3U"
        places = [line for line in lines if not line.startswith("#")]
        assert all((path.parent / place).resolve() in songs for place in places)
        assert len(places) == sum(line.startswith("#EXTINF:") for line in lines)
    assert "#EXTINF:61,#1 é" in written[1].read_text(encoding="utf-8")


def test_a_song_beside_its_playlist_whose_name_begins_as_a_comment(tmp_path):
    song = tmp_path / "#1.mp3"
    song.write_bytes(b"")
    (path,) = playlists.write(tmp_path, {"Jazz": [(song, 1.0)]})
    assert path.read_text(encoding="utf-8").splitlines()[-1] == "./#1.mp3"


def test_a_name_of_several_lines_is_one_line_and_one_that_is_no_text_its_own_bytes(tmp_path):
    songs = [(tmp_path / os.fsdecode(name), 2.0) for name in (b"two\nlines.mp3", b"la\xe9.mp3")]
    (path,) = playlists.write(tmp_path, {"Jazz": songs})
    _, _, *lines = path.read_bytes().splitlines()
    assert lines == [
        b"#EXTINF:2,two\\nlines", os.fsencode(tmp_path.as_uri()) + b"/two%0Alines.mp3",
        b"#EXTINF:2,la\\xe9", b"la\xe9.mp3",
    ]  # fmt: skip


def test_names_are_files_names_of_every_system_and_differ():
    assert playlists.name('a/b\\c:d*e?"<f>|', taken=[]) == "a-b-c-d-e---f--"
    assert playlists.name("..", taken=[]) == "genre"
    assert playlists.name("jazz", taken=["Jazz", "jazz 2"]) == "jazz 3"
    assert playlists.name("音" * 400, taken=[]) == "音" * 66
