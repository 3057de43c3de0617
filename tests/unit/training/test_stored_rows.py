"""Rows on disk: what is read is what an array in memory gives, and nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from components.core.errors import FeatureError
from components.training import stored_rows
from components.training.stored_rows import StoredRows
from tests.support.stored import store

ROWS = np.random.default_rng(0).normal(size=(40, 3, 5)).astype(np.float32)


@pytest.fixture
def rows(tmp_path: Path) -> StoredRows:
    return store(ROWS, tmp_path / "feature" / "values.npy")


@pytest.mark.parametrize(
    "which",
    [slice(None), slice(3, 11), slice(0, 0), np.array([5, 5, 0, 39]), np.array([], dtype=int)],
    ids=str,
)
def test_it_is_indexed_like_an_array(rows: StoredRows, which: slice | np.ndarray) -> None:
    assert (len(rows), rows.shape, rows.ndim, rows.nbytes) == (40, ROWS.shape, 3, ROWS.nbytes)
    np.testing.assert_array_equal(rows[which], ROWS[which])


def test_a_view_of_all_rows_is_found_in_a_file_of_several(tmp_path: Path) -> None:
    path = tmp_path / "feature" / "augmented.npy"
    path.parent.mkdir()
    np.save(path, np.stack([ROWS, ROWS + 1]))
    values = np.load(path, mmap_mode="r")
    for view in range(2):
        np.testing.assert_array_equal(
            stored_rows.stored(values, view=view)[np.array([7, 3])], values[view, [7, 3]]
        )


def test_bytes_are_read_as_numbers(tmp_path: Path) -> None:
    path = tmp_path / "feature" / "values.npy"
    path.parent.mkdir()
    np.save(path, np.arange(12, dtype=np.uint8).reshape(4, 3))
    read = stored_rows.stored(np.load(path, mmap_mode="r"))[1:3]
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, [[3, 4, 5], [6, 7, 8]])


@pytest.mark.parametrize("piece", [1, 4 * 15 * 7, stored_rows.PIECE])
def test_a_pass_sees_each_row_once_and_in_order(
    rows: StoredRows, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_rows, "PIECE", piece)
    for x in (rows, ROWS):
        np.testing.assert_array_equal(np.concatenate(list(stored_rows.blocks(x))), ROWS)
    np.testing.assert_array_equal(stored_rows.in_memory(rows), ROWS)


def test_views_are_split_unread_as_an_array_s_are(rows: StoredRows) -> None:
    for change in (stored_rows.each_view, stored_rows.first_view):
        split = change(rows)
        assert isinstance(split, StoredRows)
        np.testing.assert_array_equal(stored_rows.in_memory(split), change(ROWS))


def test_parts_of_one_file_are_joined_unread(rows: StoredRows, tmp_path: Path) -> None:
    parts = [stored_rows.take(rows, np.arange(30, 40)), stored_rows.take(rows, np.arange(5))]
    joined = stored_rows.join(parts)
    assert isinstance(joined, StoredRows)
    np.testing.assert_array_equal(joined[:], np.concatenate([ROWS[30:], ROWS[:5]]))
    other = store(ROWS + 1, tmp_path / "feature" / "other.npy")
    np.testing.assert_array_equal(stored_rows.join([rows, other]), np.concatenate([ROWS, ROWS + 1]))


@pytest.mark.parametrize("fits", [True, False])
def test_what_is_made_of_rows_is_on_disk_where_it_is_large_and_leaves_no_file(
    rows: StoredRows, fits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_rows, "IN_MEMORY", 2 * ROWS.nbytes if fits else 0)
    before = sorted(tmp_path.rglob("*"))
    made = stored_rows.collect((2 * block for block in (ROWS[:25], ROWS[25:])), count=40, like=rows)
    assert isinstance(made, np.ndarray) == fits
    np.testing.assert_array_equal(stored_rows.in_memory(made), 2 * ROWS)
    assert sorted(tmp_path.rglob("*")) == before
    assert isinstance(stored_rows.collect(iter([ROWS]), count=40, like=ROWS), np.ndarray)


def test_a_file_that_became_shorter_is_named(rows: StoredRows, tmp_path: Path) -> None:
    path = tmp_path / "feature" / "values.npy"
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(FeatureError, match=r"values\.npy has become shorter"):
        rows[:]
