"""A watched folder's files are read once; what has changed, or may have, is read again."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from components.core import hashing
from components.serving.hashed_files import hashes

EARLIER = 1_700_000_000


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = [tmp_path / name for name in ("a.wav", "b.wav")]
    for file in made:
        written(file, file.stem)
    return made


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    noted: list[str] = []

    def file(source: Path) -> str:
        noted.append(source.name)
        return of(source.read_text())

    monkeypatch.setattr(hashing, "file", file)
    return noted


def written(file: Path, text: str, *, time: float = EARLIER) -> None:
    file.write_text(text)
    os.utime(file, (time, time))


def of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_each_is_read_once(files: list[Path], tmp_path: Path, reads: list[str]) -> None:
    kept = tmp_path / "_files.json"
    expected = {files[0]: of("a"), files[1]: of("b")}
    assert hashes(files, kept=kept) == (expected, {})
    assert hashes(files, kept=kept) == (expected, {})
    assert reads == ["a.wav", "b.wav"]


def test_what_has_changed_is_read_again(files: list[Path], tmp_path: Path) -> None:
    kept = tmp_path / "_files.json"
    hashes(files, kept=kept)
    written(files[0], "other", time=EARLIER + 1)
    assert hashes(files, kept=kept)[0] == {files[0]: of("other"), files[1]: of("b")}


def test_what_was_just_written_may_change_within_the_same_time(tmp_path: Path, files: list[Path]) -> None:
    kept, now = tmp_path / "_files.json", files[0].parent.stat().st_mtime
    written(files[0], "one", time=now)
    hashes(files, kept=kept)
    written(files[0], "two", time=now)
    assert hashes(files, kept=kept)[0][files[0]] == of("two")


@pytest.mark.parametrize("damage", [b"{", b"[]", b'{"a": 1}', b"\xff"])
def test_where_what_is_kept_is_damaged_all_are_read(
    damage: bytes, files: list[Path], tmp_path: Path, reads: list[str]
) -> None:
    kept = tmp_path / "_files.json"
    kept.write_bytes(damage)
    assert hashes(files, kept=kept)[0] == {files[0]: of("a"), files[1]: of("b")}
    assert len(reads) == 2


def test_one_that_cannot_be_read_has_the_reason(files: list[Path], tmp_path: Path) -> None:
    files[0].unlink()
    found, unread = hashes(files, kept=tmp_path / "_files.json")
    assert [*found] == [files[1]] and unread == {files[0]: "No such file or directory"}


def test_a_name_need_not_be_utf_8(tmp_path: Path, reads: list[str]) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.wav"))
    written(file, "a")
    for _ in range(2):
        assert hashes([file], kept=tmp_path / "_files.json")[0] == {file: of("a")}
    assert len(reads) == 1
