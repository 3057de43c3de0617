"""Frames of ID3 stay what they are, whatever they are."""

from __future__ import annotations

import pytest
from mutagen.apev2 import APEv2
from mutagen.id3 import ID3

from components.core.errors import TaggingError
from components.tagging import id3, tags, write
from tests.support import id3_files, tagged_files


@pytest.fixture
def file(tmp_path):
    return tagged_files.make(tmp_path / "song.mp3")


def written_and_taken_back(path, *, field="genre"):
    """Return the frames after a genre was written, without it, and after it was taken back."""
    held = tags.read(path, field=field)
    write.write(path, ["Jazz"], field=field, expected=write.state(path))
    assert tags.read(path, field=field).own == ("Jazz",)
    between = [frame for frame in id3_files.frames(path) if b"J\0a\0z\0z" not in frame]
    write.write(path, held.own, field=field, expected=write.state(path), tagged=held.tagged)
    assert tags.read(path, field=field) == held
    return between, id3_files.frames(path)


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("field", ["genre", "mood", "AI genre"])
def test_all_other_frames_stay_byte_for_byte(file, version, field):
    sound = id3_files.put(file, version=version)
    assert written_and_taken_back(file, field=field) == (id3_files.FRAMES, id3_files.FRAMES)
    assert file.read_bytes()[3] == version
    assert file.read_bytes().endswith(sound)


def test_frames_of_22_have_their_names_of_23(file):
    def short(name, value):
        return name.encode() + (len(value) + 1).to_bytes(3, "big") + b"\0" + value.encode()

    picture = b"\0PNG\3c\0" + b"\x89PNG"
    content = b"".join(short(name, f"of {name}") for name in id3_files.FRAMES_22)
    id3_files.put(file, version=2, content=content + b"PIC" + len(picture).to_bytes(3, "big") + picture)
    expected = {name: f"of {old}".encode() for old, name in id3_files.FRAMES_22.items()}
    for found in written_and_taken_back(file):
        kept = {frame[:4].decode(): frame[11:].rstrip(b"\0") for frame in found}
        assert kept.pop("APIC") == b"image/png\0\3c\0\x89PNG"
        assert kept == expected


@pytest.mark.parametrize("frame", [b"CRM\0\0\5a\0b\0c", b"XYZ\0\0\2\0x"])
def test_a_frame_of_22_that_23_has_no_name_for_is_named_before_anything_is_written(file, frame):
    id3_files.put(file, version=2, content=b"TT2\0\0\2\0x" + frame)
    before = file.read_bytes()
    with pytest.raises(TaggingError, match=frame[:3].decode()):
        tags.check_file(file)
    with pytest.raises(TaggingError, match=frame[:3].decode()):
        write.write(file, ["Jazz"], field="genre", expected=write.state(file))
    assert file.read_bytes() == before


def test_frames_without_a_valid_name_are_not_dropped_in_silence(file):
    id3_files.put(file, version=3, content=id3_files.text("TIT2", "x") + id3_files.text("t it", "other"))
    before = file.read_bytes()
    with pytest.raises(TaggingError, match="valid name"):
        write.write(file, ["Jazz"], field="genre", expected=write.state(file))
    assert file.read_bytes() == before


def test_unsynchronised_tags_and_extended_headers(file):
    picture = id3_files.frame("APIC", b"\0image/jpeg\0\3c\0\xff\xe0\xff\x00\xff")
    content = id3_files.text("TIT2", "x") + picture
    # Of 2.3 the whole tag, of 2.4 each frame by itself; both have a zero after each 0xff.
    whole = content.replace(b"\xff", b"\xff\0")
    id3_files.put(file, version=3, content=bytes([0, 0, 0, 6, 0, 0, 0, 0, 0, 0]) + whole, flags=0xC0)
    assert written_and_taken_back(file)[1] == [id3_files.text("TIT2", "x"), picture]
    file.unlink()
    tagged_files.make(file)
    each = id3_files.frame("APIC", picture[10:].replace(b"\xff", b"\xff\0"))
    id3_files.put(file, version=4, content=id3_files.text("TIT2", "x") + each, flags=0x80)
    before = ID3(file)["APIC:c"].data
    written_and_taken_back(file)
    assert ID3(file)["APIC:c"].data == before == picture[25:]


def test_long_frames_of_24_whose_size_is_written_as_in_23(file):
    """As old versions of iTunes did."""
    long = id3_files.text("TIT3", "long " * 60)
    id3_files.put(file, version=4, content=long + id3_files.text("TIT2", "x"))
    written_and_taken_back(file)
    assert str(ID3(file)["TIT3"]) == "long " * 60
    assert str(ID3(file)["TIT2"]) == "x"


def test_id3v1_and_apev2_behind_the_sound_stay_what_they_are(file):
    ape = APEv2()
    ape["Genre"], ape["Artist"] = "Blues", "Somebody"
    ape.save(file)
    with file.open("ab") as end:
        end.write(id3_files.ID3V1)
    before = file.read_bytes()
    write.write(file, ["Jazz"], field="genre", expected=write.state(file))
    assert file.read_bytes().endswith(before)
    # Who reads ID3v2 alone has title and artist all the same.
    assert ID3(file, load_v1=False)["TIT2"] == "Title"
    write.write(file, [], field="genre", expected=write.state(file), tagged=False)
    assert file.read_bytes() == before


@pytest.mark.parametrize("suffix", [".dsf", ".dff"])
def test_dsd_has_its_own_size_and_sound_before_and_after(tmp_path, suffix):
    path = tmp_path / f"song{suffix}"
    samples = tagged_files.dsd(path)
    write.write(path, ["Jazz"], field="genre", expected=write.state(path))
    assert tags.read(path).own == ("Jazz",)
    write.write(path, [], field="genre", expected=write.state(path), tagged=False)
    assert tags.read(path).values == ()
    content = path.read_bytes()
    assert samples in content
    size = (
        int.from_bytes(content[12:20], "little") if suffix == ".dsf" else int.from_bytes(content[4:12]) + 12
    )
    assert size == len(content)


@pytest.mark.parametrize("suffix", [".wav", ".aiff", ".dsf", ".dff"])
def test_a_chunk_keeps_its_frames_too(tmp_path, suffix):
    path = tmp_path / f"song{suffix}"
    make = tagged_files.dsd if suffix.startswith(".d") else tagged_files.make
    make(path)
    tags.write(path, ["Polka"])
    kind = type(tags._open(path).tags)
    id3.write(kind, path, id3.Tag(3, tuple(id3_files.FRAMES)))
    write.write(path, ["Jazz"], field="genre", expected=write.state(path))
    assert tags.read(path).own == ("Jazz",)
    write.write(path, [], field="genre", expected=write.state(path))
    assert id3.read(kind, path) == id3.Tag(3, tuple(id3_files.FRAMES))


def test_a_tag_with_a_footer_is_left_alone(file):
    id3_files.put(file, version=4, flags=0x10)
    with pytest.raises(TaggingError, match="footer"):
        tags.check_file(file)
