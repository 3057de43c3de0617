"""Places of files: a path is taken as it is, a URL's content is copied once for each tag of it."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

from components.core.errors import CorpusError
from components.corpus import locations


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> fsspec.AbstractFileSystem:
    """fsspec's filesystem in memory, and an empty cache."""
    monkeypatch.setenv(locations.CACHE, str(tmp_path / "cache"))
    store = fsspec.filesystem("memory")
    store.pipe_file("/music/jazz/one.WAV", b"first")
    yield store
    store.rm("/music", recursive=True)


def copies() -> list[Path]:
    return [path for path in locations.cache().rglob("*") if path.is_file()]


def test_a_path_is_taken_as_it_is() -> None:
    assert locations.local("data/raw/one.wav") == Path("data/raw/one.wav")


@pytest.mark.usefixtures("memory")
def test_a_url_is_copied_once() -> None:
    first = locations.local("memory://music/jazz/one.WAV")
    assert (first.read_bytes(), first.suffix) == (b"first", ".wav")
    assert locations.local("memory://music/jazz/one.WAV") == first
    assert copies() == [first]


def test_changed_content_is_copied_anew(memory: fsspec.AbstractFileSystem) -> None:
    first = locations.local("memory://music/jazz/one.WAV")
    memory.pipe_file("/music/jazz/one.WAV", b"another")
    assert locations.local("memory://music/jazz/one.WAV").read_bytes() == b"another"
    assert first.read_bytes() == b"first"


def test_a_copy_that_failed_leaves_nothing(
    memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: str, local: str) -> None:
        Path(local).write_bytes(b"half")
        raise ConnectionResetError("reset by peer")

    monkeypatch.setattr(type(memory), "get_file", lambda self, *paths: fail(*paths))
    with pytest.raises(CorpusError, match=r"memory://music/jazz/one\.WAV cannot be read: reset by peer"):
        locations.local("memory://music/jazz/one.WAV")
    assert copies() == []


def refuse(method: str, text: str, *, until: pytest.MonkeyPatch) -> None:
    """Have fsspec's filesystem in memory refuse an operation with a reason."""

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(text)

    until.setattr(fsspec.get_filesystem_class("memory"), method, refused)


@pytest.mark.usefixtures("memory")
def test_why_a_file_may_not_be_read_is_the_reason_of_reading_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as until:
        refuse("info", "Forbidden", until=until)
        refuse("cat_file", "Access Denied", until=until)
        with pytest.raises(PermissionError, match="Access Denied"):
            locations.local("memory://music/jazz/one.WAV")


@pytest.mark.usefixtures("memory")
def test_why_a_folder_cannot_be_reached_is_the_reason_of_listing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as until:
        until.setattr(locations, "PROTOCOLS", ("memory",))
        refuse("info", "Forbidden", until=until)
        locations.require_reachable("memory://music/jazz", key="the key")
        refuse("ls", "not in our records", until=until)
        with pytest.raises(
            CorpusError, match=r"the key is .*memory://music/jazz.*cannot be read: not in our records"
        ):
            locations.require_reachable("memory://music/jazz", key="the key")


@pytest.mark.usefixtures("memory")
def test_what_is_not_there_is_an_error_of_the_file() -> None:
    with pytest.raises(FileNotFoundError):
        locations.local("memory://music/jazz/two.wav")


@pytest.mark.parametrize("place", ["ftp://host/music", "s3://", "file:///music"])
def test_another_kind_of_url_is_refused_with_the_valid_ones(place: str) -> None:
    with pytest.raises(CorpusError, match=r"corpus\.sources\.audio\.path is .*valid: a path, or s3://"):
        locations.check(place, key="corpus.sources.audio.path")
