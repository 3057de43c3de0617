"""The pass over the values: pictures counted as bytes give what adding up gives, and equal rows are found anywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from components.features.pipeline import store as feature_store
from components.validation import scan as module
from components.validation.scan import pieces, scan

TRACKS = np.array(["a", "a", "b", "c", "c", "d"], dtype=object)


@pytest.fixture
def pictures() -> np.ndarray:
    """Six pictures of whole numbers; no channel has both ends, and the last picture repeats the first."""
    values = np.random.default_rng(0).integers(3, 250, (6, 8, 5, 3)).astype(np.float32)
    values[-1] = values[0]
    values[2] = 0
    return values


def test_bytes_are_summed_up_as_other_numbers_are(
    pictures: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = scan(pictures, tracks=TRACKS)
    monkeypatch.setattr(feature_store, "as_bytes", lambda x: x)
    added_up = scan(pictures, tracks=TRACKS)
    rows, others = counted.rows.drop(columns="digest"), added_up.rows.drop(columns="digest")
    pd.testing.assert_frame_equal(rows, others, check_exact=False, rtol=1e-12)
    pd.testing.assert_frame_equal(counted.columns, added_up.columns, check_exact=False, rtol=1e-12)
    assert np.array_equal(counted.profiles, added_up.profiles)
    assert counted.constant_elements == added_up.constant_elements


def test_equal_rows_have_equal_digests_whatever_lies_beside_them(
    pictures: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures[1, 0, 0, 0] = 0.5
    monkeypatch.setattr(module, "PIECE_BYTES", 2 * pictures[0].nbytes)
    digests = scan(pictures, tracks=TRACKS).rows["digest"]
    assert digests[0] == digests[5]
    assert digests.nunique() == 5


def test_what_is_not_finite_is_counted_and_else_left_out(pictures: np.ndarray) -> None:
    pictures[3, 0, 0] = np.nan, np.inf, 7
    found = scan(pictures, tracks=TRACKS)
    assert found.rows["not_finite"].tolist() == [0, 0, 0, 2, 0, 0]
    assert found.columns["not_finite"].tolist() == [1, 1, 0]
    assert np.isfinite(found.columns.drop(columns="column").to_numpy(dtype=float)).all()


def test_a_map_of_a_file_gives_the_pieces_of_the_array(tmp_path: Path, pictures: np.ndarray) -> None:
    np.save(tmp_path / "values.npy", pictures)
    mapped = np.load(tmp_path / "values.npy", mmap_mode="r")
    assert np.array_equal(np.concatenate(list(pieces(mapped))), pictures)
    assert np.array_equal(np.concatenate(list(pieces(mapped[2:]))), pictures[2:])
