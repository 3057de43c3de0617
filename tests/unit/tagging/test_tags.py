"""One field of a file's tags, in every format: what is written is read again, and nothing else changes."""

from __future__ import annotations

import mutagen
import pytest
from mutagen.apev2 import APEv2
from mutagen.id3 import ID3, TALB, TCON, TDRC, TPE1, TXXX

from components.core.errors import AudioError, TaggingError
from components.corpus.tags import read as read_by_the_listing
from components.tagging import tags
from tests.support import id3_files, tagged_files

VALUES = ("R&B / Soul", "Café, \N{SNOWMAN}")
FIELDS = ("genre", "grouping", "mood", "My-Genre")


@pytest.fixture(params=tagged_files.FORMATS)
def file(request, tmp_path):
    return tagged_files.make(tmp_path / f"song{request.param}")


def others(path):
    """What a file's tags hold but for the genre, in the words of its format."""
    genre = ("TCON", "GENRE", "\xa9GEN", "WM/GENRE")
    found = mutagen.File(path).tags
    return {key: str(found[key]) for key, _ in found.items() if key.upper() not in genre}


@pytest.mark.parametrize("field", FIELDS)
def test_what_is_written_is_read_again_and_the_sound_stays(file, field):
    before = tagged_files.sound(file)
    tags.write(file, VALUES, field=field)
    assert tags.read(file, field=field) == (VALUES, True, VALUES)
    tags.write(file, ["Jazz"], field=field)
    assert tags.read(file, field=field).values == ("Jazz",)
    assert tagged_files.sound(file) == before
    assert all(tags.read(file, field=other).values == () for other in FIELDS if other != field)


def test_other_tags_stay(file):
    for name, value in (("artist", "Somebody"), ("my field", "mine")):
        tags.write(file, [value], field=name)
    kept = others(file)
    assert len(kept) >= 2
    tags.write(file, VALUES)
    assert others(file) == kept
    tags.write(file, [])
    assert others(file) == kept
    assert tags.read(file).values == ()


def test_a_file_that_had_no_tags_has_none_again(file):
    had = tags.read(file).tagged
    tags.write(file, VALUES)
    tags.write(file, [], tagged=False)
    left = tags.read(file)
    assert left.values == ()
    assert left.tagged <= (had or file.suffix in (".flac", ".ogg", ".opus", ".m4a", ".wma"))


@pytest.mark.parametrize("version", [3, 4])
def test_id3_keeps_its_version_and_its_frames(tmp_path, version):
    path = tagged_files.make(tmp_path / "song.mp3")
    first = ID3()
    frames = (
        TPE1(3, ["A", "B"]), TALB(3, ["Album"]), TDRC(3, ["2001-02-03"]), TXXX(3, "mine", ["x"]), TCON(3, ["17"]),
    )  # fmt: skip
    for frame in frames:
        first.add(frame)
    if version == 3:
        first.update_to_v23()
    first.save(path, v2_version=version, v23_sep=None)
    assert tags.read(path).values == ("Rock",)
    before = {key: str(frame) for key, frame in ID3(path).items() if key != "TCON"}
    tags.write(path, VALUES)
    after = ID3(path)
    assert after.version == (2, version, 0)
    assert tags.read(path).values == VALUES
    assert {key: str(frame) for key, frame in after.items() if key != "TCON"} == before


def test_a_damaged_file_that_mutagen_does_not_foresee_is_named(tmp_path):
    path = tagged_files.make(tmp_path / "song.wv")
    content = bytearray(path.read_bytes())
    # Bits 23 to 26 of the flags: a sample rate that is none of the table's.
    flags = int.from_bytes(content[24:28], "little") | 15 << 23
    content[24:28] = flags.to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(TaggingError, match=r"^its tags cannot be used"):
        tags.read(path)
    with pytest.raises(AudioError, match="tags cannot be read"):
        read_by_the_listing(path)


@pytest.mark.parametrize("content", [b"", b"no audio at all", b"RIFF\x04\x00\x00\x00WAVE"])
def test_what_has_no_tags_is_named(tmp_path, content):
    path = tmp_path / "song.wav"
    path.write_bytes(content)
    with pytest.raises(TaggingError, match=r"^(its tags|no tags)"):
        tags.read(path)
    with pytest.raises(TaggingError, match=r"^(its tags|no tags)"):
        tags.write(path, ["Jazz"])
    assert path.read_bytes() == content


@pytest.mark.parametrize("suffix", [".wv", ".mp3"])
def test_an_id3v1_tag_at_the_end_stays(tmp_path, suffix):
    path = tagged_files.make(tmp_path / f"song{suffix}")
    tags.write(path, ["Polka"])
    with path.open("ab") as file:
        file.write(id3_files.ID3V1)
    for values in (["Jazz"], [], ["R&B"]):
        tags.write(path, values)
        assert tags.read(path).own == tuple(values)
        assert path.read_bytes().endswith(id3_files.ID3V1)


def test_a_genre_beside_the_tags_that_are_written_is_read_and_stays(tmp_path):
    path = tagged_files.make(tmp_path / "song.mp3")
    ape = APEv2()
    ape["Genre"] = ["Blues", "Soul"]
    ape.save(path)
    before = path.read_bytes()
    assert tags.read(path) == (("Blues", "Soul"), False, ())
    tags.write(path, ["Jazz"])
    assert tags.read(path) == (("Jazz",), True, ("Jazz",))
    tags.write(path, [], tagged=False)
    assert path.read_bytes() == before


@pytest.mark.parametrize("suffix", [".aac", ".ac3"])
def test_a_format_that_is_known_and_has_no_tags_is_named(tmp_path, suffix):
    path = tmp_path / f"song{suffix}"
    tagged_files.encode(path, *{".aac": ("adts", "aac"), ".ac3": ("ac3", "ac3")}[suffix])
    assert tags.read(path) == ((), False, ())
    for use in (tags.check_file, lambda path: tags.write(path, ["Jazz"])):
        with pytest.raises(TaggingError, match=r"^no tags are written in this format"):
            use(path)


def test_a_wrong_name_and_an_id3_tag_before_aac_are_no_hindrance(tmp_path):
    wav = tagged_files.make(tmp_path / "song.wav").rename(tmp_path / "song.flac")
    aac = tmp_path / "song.aac"
    tagged_files.encode(aac, "adts", "aac")
    id3_files.put(aac, version=4, content=id3_files.text("TIT2", "x"))
    for path in (wav, aac):
        sound = tagged_files.sound(path)
        tags.write(path, ["Jazz"])
        assert tags.read(path).own == ("Jazz",)
        assert read_by_the_listing(path).genre == "Jazz"
        assert tagged_files.sound(path) == sound
