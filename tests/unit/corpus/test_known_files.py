"""What an earlier listing found: kept for files that are as they were, and for nothing else."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from components.config.params import Params
from components.corpus import known_files
from components.corpus.contents import look
from components.corpus.store import Row, Rows

#: Path, stamp, fault.
Listed = tuple[str, str, str]


def rows(*listed: Listed, seconds: float = 0.0) -> Rows:
    made = Rows("stamp")
    for path, stamp, fault in listed:
        made.add(Row(path, "jazz", path, fault=fault, seconds=seconds), stamp)
    return made


def keep(*listed: Listed, params: Params, root: Path) -> None:
    """Keep what was found of files: three seconds each, or a fault."""
    batches = rows(*listed, seconds=3.0).batches()
    known_files.write(batches, "audio", params=params, root=root, began=time.time_ns())


def known(*there: tuple[str, str], params: Params, root: Path) -> dict[str, tuple[float, str]]:
    """Return seconds and fault of those files that are known, of those that are there."""
    found = rows(*((path, stamp, "") for path, stamp in there))
    read, left = known_files.read(found, "audio", params=params, root=root)
    table = read.table()
    assert sorted([*table["path"], *left.table()["path"]]) == sorted(path for path, _ in there)
    return dict(zip(table["path"], zip(table["seconds"], table["fault"], strict=True), strict=True))


#: Stamps of files that were written long ago.
A, B, C = "5 1000 1", "5 1000 2", "5 1000 3"


def test_a_stamp_changes_with_size_time_and_file(tmp_path: Path) -> None:
    file, other = tmp_path / "a.wav", tmp_path / "b.wav"
    file.write_bytes(b"sound")
    before = known_files.stamp(file.stat())
    assert known_files.stamp(file.stat()) == before
    file.write_bytes(b"other sound")
    other.write_bytes(b"other sound")
    assert len({before, known_files.stamp(file.stat()), known_files.stamp(other.stat())}) == 3


def test_what_was_found_is_known_of_files_that_are_the_same(tmp_path: Path, demo_params: Params) -> None:
    there = {"params": demo_params, "root": tmp_path}
    assert known(("a.wav", A), **there) == {}
    keep(("a.wav", A, ""), ("b.wav", B, "silent"), ("c.wav", C, ""), **there)
    found = known(("a.wav", A), ("b.wav", B), ("c.wav", "6 1000 3"), ("d.wav", C), **there)
    assert found == {"a.wav": (3.0, ""), "b.wav": (3.0, "silent")}


@pytest.mark.parametrize("fault", ["vanished during the listing", "not readable: permission denied"])
def test_what_says_nothing_of_the_content_is_not_kept(
    tmp_path: Path, demo_params: Params, fault: str
) -> None:
    there = {"params": demo_params, "root": tmp_path}
    new = f"5 {time.time_ns()} 4"
    keep(("a.wav", A, fault), ("b.wav", "", ""), ("new.wav", new, ""), ("c.wav", C, ""), **there)
    assert list(known(("a.wav", A), ("b.wav", ""), ("new.wav", new), ("c.wav", C), **there)) == ["c.wav"]


def test_with_other_segments_nothing_is_known_and_the_older_file_goes(
    tmp_path: Path, demo_params: Params
) -> None:
    keep(("a.wav", A, ""), params=demo_params, root=tmp_path)
    segments = demo_params.segments.model_copy(update={"per_track": demo_params.segments.per_track + 1})
    other = demo_params.model_copy(update={"segments": segments})
    assert known(("a.wav", A), params=other, root=tmp_path) == {}
    keep(("a.wav", A, ""), params=other, root=tmp_path)
    assert len(list((tmp_path / known_files.FOLDER).iterdir())) == 1


def test_with_other_code_of_the_room_nothing_is_known(
    tmp_path: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {"params": demo_params, "root": tmp_path}
    keep(("a.wav", A, ""), **there)
    read = []
    monkeypatch.setattr(known_files.hashing, "files", lambda paths: read.extend(paths) or "other")
    assert known(("a.wav", A), **there) == {}
    assert {Path(known_files.__file__), Path(look.__file__)} <= set(read)


def test_a_damaged_file_of_what_is_known_is_as_none(tmp_path: Path, demo_params: Params) -> None:
    keep(("a.wav", A, ""), params=demo_params, root=tmp_path)
    (kept,) = (tmp_path / known_files.FOLDER).iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    assert known(("a.wav", A), params=demo_params, root=tmp_path) == {}
