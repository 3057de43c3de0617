"""Genre, artist, album and title in the tags of files of every format."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import av
import mutagen
import numpy as np
import pytest
import soundfile
from mutagen import apev2, asf, id3, mp4, wave
from mutagen.easyid3 import EasyID3

from components.core.errors import AudioError
from components.corpus import tags
from components.corpus.tags import Tags

SAID = Tags("Jazz", "Ann", "One", "Many", "Tune")
#: Muxer and encoder of PyAV for what libsndfile does not write.
ENCODED = {".m4a": ("ipod", "aac"), ".wma": ("asf", "wmav2")}


def sound(path: Path) -> Path:
    if path.suffix not in ENCODED:
        soundfile.write(path, np.zeros(8000, dtype=np.float32), 8000)
        return path
    muxer, encoder = ENCODED[path.suffix]
    with av.open(str(path), "w", format=muxer) as container:
        stream = container.add_stream(encoder, rate=44_100, layout="mono")
        stream.bit_rate = 64_000
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44_100
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return path


def tagged(path: Path, said: Tags = SAID) -> Path:
    """Tag a file as players do: by the names that its format has."""
    file = mutagen.File(sound(path))
    if isinstance(file, wave.WAVE) or path.suffix in (".mp3", ".aiff"):
        file.add_tags()
        for key, names in tags.NAMES.items():
            file.tags.add(getattr(id3, names[1])(encoding=3, text=[getattr(said, key)]))
    elif isinstance(file, mp4.MP4):
        atoms = {
            "genre": "\xa9gen",
            "artist": "\xa9ART",
            "album": "\xa9alb",
            "album_artist": "aART",
            "title": "\xa9nam",
        }
        for key, atom in atoms.items():
            file[atom] = [getattr(said, key)]
    elif isinstance(file, asf.ASF):
        for key, names in tags.NAMES.items():
            file[names[2]] = [getattr(said, key)]
    else:
        for key, names in tags.NAMES.items():
            file[names[0]] = [getattr(said, key)]
    file.save()
    return path


@pytest.mark.parametrize("suffix", [".wav", ".aiff", ".flac", ".ogg", ".mp3", ".m4a", ".wma"])
def test_what_a_file_is_tagged_with_is_read_from_a_path_and_an_open_file(tmp_path: Path, suffix: str) -> None:
    path = tagged(tmp_path / f"a{suffix}")
    assert tags.read(path) == SAID
    with path.open("rb") as file:
        file.read(100)
        assert tags.read(file) == SAID


def test_the_keys_of_ape_are_read(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.mp3")
    ape = apev2.APEv2()
    for key, names in tags.NAMES.items():
        ape[names[3]] = getattr(SAID, key)
    ape.save(path)
    assert tags.read(path) == SAID
    with path.open("rb") as file:
        assert tags.read(file) == SAID
    # What ID3 says comes before.
    EasyID3().save(path)
    one = EasyID3(path)
    one["genre"] = "Polka"
    one.save()
    assert tags.read(path) == replace(SAID, genre="Polka")


def test_what_the_info_of_a_wav_file_says_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with soundfile.SoundFile(path, "w", 8000, 1) as file:
        file.genre, file.artist, file.album, file.title = "Jazz", "Ann", "One", "Tune"
        file.write(np.zeros(8000))
    assert tags.read(path) == Tags("Jazz", "Ann", "One", "", "Tune")
    with path.open("rb") as opened:
        assert tags.read(opened) == Tags("Jazz", "Ann", "One", "", "Tune")


def test_a_file_of_a_wrong_name_is_read_by_its_content(tmp_path: Path) -> None:
    path = tagged(tmp_path / "a.wav").rename(tmp_path / "a.flac")
    assert tags.read(path) == SAID
    with path.open("rb") as file:
        assert tags.read(file) == SAID


def test_a_number_of_the_list_of_genres_is_its_name(tmp_path: Path) -> None:
    assert tags.read(tagged(tmp_path / "a.wav", Tags(genre="(17)"))).genre == "Rock"


def test_of_several_values_the_first_counts(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.flac")
    file = mutagen.File(path)
    file["genre"] = ["Dub", "Reggae"]
    file.save()
    assert tags.read(path) == Tags(genre="Dub")


@pytest.mark.parametrize("name", ["a.flac", "a.m4a"])
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(
        b"fLaC" + bytes(20) if name == "a.flac" else b"\0\0\0\x20ftypM4A " + bytes(9)
    )
    with pytest.raises(AudioError, match="tags cannot be read"):
        tags.read(tmp_path / name)
    with pytest.raises(AudioError, match="tags cannot be read"):
        tags.read(tmp_path / "none.flac")


def test_what_has_no_tags_has_none(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"text")
    assert tags.read(tmp_path / "a.txt") == tags.read(sound(tmp_path / "a.wav")) == Tags()
    assert tags.read(io.BufferedReader(io.BytesIO(b""))) == Tags()


def test_the_length_that_a_header_promises_is_read_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"text")
    (tmp_path / "b.flac").write_bytes(b"fLaC" + bytes(20))
    assert tags.promised_seconds(sound(tmp_path / "a.wav")) == 1.0
    assert [tags.promised_seconds(tmp_path / name) for name in ("a.txt", "b.flac", "none.mp3")] == [0.0] * 3
