"""A tag takes effect whole or not at all."""

from __future__ import annotations

import os

import pytest

from components.core.errors import TaggingError
from components.tagging import tags, write
from tests.support import tagged_files


@pytest.fixture
def file(tmp_path):
    return tagged_files.make(tmp_path / "song.flac")


def test_it_is_noted_before_the_file_changes(file):
    seen = []
    write.write(
        file,
        ["Jazz"],
        field="genre",
        expected=write.state(file),
        note=lambda: seen.append(tags.read(file).values),
    )
    assert seen == [()]
    assert tags.read(file).values == ("Jazz",)


def test_an_interrupted_write_leaves_the_file_and_nothing_beside_it(file):
    before = file.read_bytes()

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write.write(file, ["Jazz"], field="genre", expected=write.state(file), note=interrupted)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_changed_meanwhile_is_left_alone(file):
    state = write.state(file)
    tags.write(file, ["of somebody else"])
    with pytest.raises(TaggingError, match="changed meanwhile"):
        write.write(file, ["Jazz"], field="genre", expected=state)
    assert tags.read(file).values == ("of somebody else",)


def test_a_read_only_file_is_named(file):
    file.chmod(0o444)
    before = file.read_bytes()
    with pytest.raises(TaggingError, match="read-only"):
        write.write(file, ["Jazz"], field="genre", expected=write.state(file))
    assert file.read_bytes() == before


def test_a_read_only_folder_is_named_before_anything_is_written(file, monkeypatch):
    link = file.parent.parent / "link.flac"
    link.symlink_to(file)
    monkeypatch.setattr(os, "access", lambda path, _: path != file.parent)
    with pytest.raises(TaggingError, match="folder is read-only"):
        write.check(link)


def test_rights_stay_links_are_followed_and_other_names_keep_their_bytes(file):
    file.chmod(0o640)
    link, other = file.with_name("link.flac"), file.with_name("other.flac")
    link.symlink_to(file.name)
    other.hardlink_to(file)
    before = other.read_bytes()
    write.write(link, ["Jazz"], field="genre", expected=write.state(link))
    assert link.is_symlink()
    assert tags.read(file).values == ("Jazz",)
    assert file.stat().st_mode & 0o777 == 0o640
    assert other.read_bytes() == before


def test_a_file_that_vanished_is_named(file):
    state = write.state(file)
    file.unlink()
    with pytest.raises(TaggingError, match=r"no such file.*left alone"):
        write.write(file, ["Jazz"], field="genre", expected=state)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TaggingError, match="no such file"):
        write.state(tmp_path / "gone.mp3")


def test_where_other_tags_would_not_stay_the_file_is_left_alone(file, monkeypatch):
    tags.write(file, ["Somebody"], field="artist")
    before = file.read_bytes()
    whole = tags.write

    def lossy(path, values, **about):
        whole(path, [], field="artist")
        whole(path, values, **about)

    monkeypatch.setattr(tags, "write", lossy)
    with pytest.raises(TaggingError, match="other tags"):
        write.write(file, ["Jazz"], field="genre", expected=write.state(file))
    assert file.read_bytes() == before
