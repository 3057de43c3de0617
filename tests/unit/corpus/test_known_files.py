"""What an earlier listing found: kept for files that are as they were, and for nothing else."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
import pytest

from components.config.params import Params
from components.corpus import known_files
from components.corpus.store import Row, Rows


def listing(*stamped: tuple[str, str, str]) -> pd.DataFrame:
    """Rows of paths, stamps and faults."""
    rows = Rows("stamp")
    for path, stamp, fault in stamped:
        rows.add(Row(path, "jazz", path, fault=fault, seconds=3.0), stamp)
    return rows.table()


def old(path: Path) -> str:
    """Write a file, and return its stamp as if it had been there for an hour."""
    path.write_bytes(b"sound")
    size, changed, inode = known_files.stamp(path.stat()).split(" ")
    return f"{size} {int(changed) - 3600 * 10**9} {inode}"


def test_a_stamp_changes_with_size_time_and_file(tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    file.write_bytes(b"sound")
    before = known_files.stamp(file.stat())
    assert known_files.stamp(file.stat()) == before
    file.write_bytes(b"other sound")
    larger = known_files.stamp(file.stat())
    other = tmp_path / "b.wav"
    other.write_bytes(b"other sound")
    assert len({before, larger, known_files.stamp(other.stat())}) == 3


def test_what_was_found_is_read_again(tmp_path: Path, demo_params: Params) -> None:
    table = listing(("a.wav", old(tmp_path / "a.wav"), ""), ("b.wav", old(tmp_path / "b.wav"), "silent"))
    assert known_files.read("audio", params=demo_params, root=tmp_path) is None
    known_files.write(table, "audio", params=demo_params, root=tmp_path, began=time.time_ns())
    found = known_files.read("audio", params=demo_params, root=tmp_path)
    assert found is not None
    pd.testing.assert_frame_equal(found, table, check_dtype=False)


@pytest.mark.parametrize("fault", ["vanished during the listing", "not readable: permission denied"])
def test_what_says_nothing_of_the_content_is_not_kept(
    tmp_path: Path, demo_params: Params, fault: str
) -> None:
    table = listing(
        ("a.wav", old(tmp_path / "a.wav"), fault),
        ("b.wav", "", "link out of the corpus"),
        ("new.wav", f"5 {time.time_ns()} 7", ""),
        ("c.wav", old(tmp_path / "c.wav"), ""),
    )
    known_files.write(table, "audio", params=demo_params, root=tmp_path, began=time.time_ns())
    found = known_files.read("audio", params=demo_params, root=tmp_path)
    assert found is not None and found["path"].to_list() == ["c.wav"]


def test_with_other_segments_nothing_is_known_and_the_older_file_goes(
    tmp_path: Path, demo_params: Params
) -> None:
    table = listing(("a.wav", old(tmp_path / "a.wav"), ""))
    known_files.write(table, "audio", params=demo_params, root=tmp_path, began=time.time_ns())
    segments = demo_params.segments.model_copy(update={"per_track": demo_params.segments.per_track + 1})
    other = demo_params.model_copy(update={"segments": segments})
    assert known_files.read("audio", params=other, root=tmp_path) is None
    known_files.write(table, "audio", params=other, root=tmp_path, began=time.time_ns())
    assert len(list((tmp_path / known_files.FOLDER).iterdir())) == 1


def test_a_damaged_file_of_what_is_known_is_as_none(tmp_path: Path, demo_params: Params) -> None:
    table = listing(("a.wav", old(tmp_path / "a.wav"), ""))
    known_files.write(table, "audio", params=demo_params, root=tmp_path, began=time.time_ns())
    (kept,) = (tmp_path / known_files.FOLDER).iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    assert known_files.read("audio", params=demo_params, root=tmp_path) is None
