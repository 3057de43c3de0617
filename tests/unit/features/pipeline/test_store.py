"""Extracted rows on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from components.core import atomic
from components.core.errors import FeatureError
from components.features.pipeline import store as feature_store
from components.features.pipeline.record import FeatureRecord

FEW = FeatureRecord(
    feature="few", unit="track", shape=[3], names=None, sample_rate=22_050, options={}, pretrained=[]
)


def test_reading_what_was_not_extracted_says_how_to(tmp_path: Path) -> None:
    with pytest.raises(FeatureError, match="genre stage features mel_image"):
        feature_store.read("mel_image", root=tmp_path)


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    index = pd.DataFrame({"track": ["a", "b"], "segment": 0, "start": 0.0, "genre": "rock"})
    values = np.ones((2, 3), dtype=np.float32)
    index = index.assign(**feature_store.summary(values))
    feature_store.write(FEW, index=index, values=[values], root=tmp_path)
    assert feature_store.read("few", root=tmp_path)[2] == FEW
    np.save(tmp_path / "features" / "few" / "values.npy", values[:1])
    with pytest.raises(FeatureError, match=r"\(1, 3\).*2 rows"):
        feature_store.read("few", root=tmp_path)
    with pytest.raises(FeatureError, match="1 rows"):
        feature_store.write(FEW, index=index, values=[values[:1]], root=tmp_path)


def test_a_damaged_description_is_refused_but_opened_as_it_is_for_validation(tmp_path: Path) -> None:
    index = pd.DataFrame({"track": ["a", "b"], "segment": 0, "start": 0.0, "genre": "rock"})
    values = np.ones((2, 3), dtype=np.float32)
    index = index.assign(**feature_store.summary(values))
    feature_store.write(FEW, index=index, values=[values], root=tmp_path)
    damaged = FEW.model_dump(mode="json") | {"unit": "song"}
    atomic.write_json(tmp_path / "features" / "few" / "meta.json", damaged)
    assert feature_store.load("few", root=tmp_path)[2] == damaged
    with pytest.raises(FeatureError, match=r"unit is 'song'.*genre stage features few"):
        feature_store.read("few", root=tmp_path)


def test_rows_are_read_as_they_are_and_never_short(tmp_path: Path) -> None:
    path = tmp_path / "values.npy"
    array = np.arange(60, dtype=np.float32).reshape(10, 2, 3)
    np.save(path, array)
    values = np.load(path, mmap_mode="r")
    for begin, end in ((0, 10), (3, 7), (9, 10), (4, 4)):
        np.testing.assert_array_equal(feature_store.read_rows(values, begin=begin, end=end), array[begin:end])
    # A part of a map is read as what it is.
    np.testing.assert_array_equal(feature_store.read_rows(values[2:], begin=1, end=3), array[3:5])
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 4)
    with pytest.raises(FeatureError, match="shorter"):
        feature_store.read_rows(values, begin=9, end=10)


@pytest.mark.parametrize(
    ("values", "kind"),
    [([0, 255], "uint8"), ([0, 256], "float32"), ([-1, 3], "float32"), ([0.5, 3], "float32")],
)
def test_whole_numbers_of_a_picture_are_bytes(values: list[float], kind: str) -> None:
    found = feature_store.as_bytes(np.array(values, dtype=np.float32))
    assert found.dtype == kind and found.tolist() == values
