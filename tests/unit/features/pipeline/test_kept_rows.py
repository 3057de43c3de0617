"""Kept rows: what is read is what was written, and what is not that any more counts as not there."""

from __future__ import annotations

import errno
import os
import shutil
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.features.pipeline import kept_rows
from components.features.pipeline.kept_rows import AUGMENTED, VALUES, Block

ROWS = np.random.default_rng(0).normal(size=(6, 2, 3)).astype(np.float32)
VIEWS = np.stack([ROWS + 1, ROWS + 2])


def block(key: str, rows: np.ndarray, *, array: str = VALUES, first: int) -> Block:
    starts = [3.0 * number for number in range(len(rows))]
    return Block(key, array, first, zlib.crc32(rows.data), starts, [1] * len(rows))


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """A feature of two chunks and two views, kept."""
    feature, folder = tmp_path / "features" / "mfcc", tmp_path / "features" / ".chunks" / "mfcc"
    feature.mkdir(parents=True)
    folder.mkdir(parents=True)
    np.save(feature / VALUES, ROWS)
    np.save(feature / AUGMENTED, VIEWS)
    blocks = [block("a", ROWS[:4], first=0), block("b", ROWS[4:], first=4)]
    blocks.append(block("view", VIEWS[1, 4:], array=AUGMENTED, first=6 + 4))
    assert kept_rows.keep(blocks, feature=feature, folder=folder)
    return {"feature": feature, "folder": folder}


def test_each_chunk_s_rows_are_read_also_when_the_feature_is_gone(folders: dict[str, Path]) -> None:
    shutil.rmtree(folders["feature"])
    for key, rows in {"a": ROWS[:4], "b": ROWS[4:], "view": VIEWS[1, 4:]}.items():
        found = kept_rows.read(key, folder=folders["folder"])
        assert found is not None
        values, starts, counts = found
        np.testing.assert_array_equal(values, rows)
        assert (starts.tolist(), counts.tolist()) == ([3.0 * n for n in range(len(rows))], [1] * len(rows))


def test_an_unknown_chunk_is_not_there(folders: dict[str, Path], tmp_path: Path) -> None:
    assert kept_rows.read("c", folder=folders["folder"]) is None
    assert kept_rows.read("a", folder=tmp_path) is None


def test_a_chunk_whose_rows_were_changed_or_cut_off_is_not_there_and_others_are(
    folders: dict[str, Path],
) -> None:
    path = folders["feature"] / VALUES
    path.write_bytes(path.read_bytes()[:-20] + b"\1")
    assert kept_rows.read("b", folder=folders["folder"]) is None
    assert kept_rows.read("a", folder=folders["folder"]) is not None


@pytest.mark.parametrize("text", ["", "{", "[1]", '[["a"]]'])
def test_an_index_that_cannot_be_read_keeps_nothing(folders: dict[str, Path], text: str) -> None:
    (folders["folder"] / kept_rows.FOLDER / "index.json").write_text(text)
    assert kept_rows.read("a", folder=folders["folder"]) is None


def test_a_file_system_without_links_keeps_nothing_and_another_fault_is_raised(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = errno.EPERM

    def link(*_: Any) -> None:
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(os, "link", link)
    again = [block("a", ROWS[:4], first=0)]
    assert not kept_rows.keep(again, **folders)
    assert kept_rows.read("b", folder=folders["folder"]) is not None, "what was kept before stays"
    fault = errno.ENOSPC
    with pytest.raises(OSError, match="No space left"):
        kept_rows.keep(again, **folders)
