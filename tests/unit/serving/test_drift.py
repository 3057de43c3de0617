"""Drift: which columns are watched, and when they count as drifted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from components.features.pipeline.record import FeatureRecord
from components.serving import drift
from tests.support.records import FEATURE


def feature(**changes: object) -> FeatureRecord:
    return FeatureRecord.model_validate(FEATURE | changes)


NAMED = feature(names=["tempo", "rms", "zero crossings"], shape=[3])


def songs(count: int, *, shift: float = 0.0, columns: int = 20, seed: int = 0) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(size=(count, columns))
    values[:, :5] += shift
    return pd.DataFrame(values, columns=[f"column {number}" for number in range(columns)])


class TestWhatIsWatched:
    def test_a_features_own_names(self):
        assert drift.names([NAMED]) == ["tempo", "rms", "zero crossings"]

    @pytest.mark.parametrize("shape", [[1024], [6, 1024]])
    def test_of_many_columns_evenly_spaced_ones(self, shape):
        names = drift.names([feature(shape=shape)])
        assert len(names) == drift.COLUMNS
        assert (names[0], names[-1]) == ("column 0", "column 1023")

    def test_a_song_is_the_mean_of_its_moments(self):
        rows = np.array([[[0, 10], [2, 20]], [[4, 30], [6, 40]]], dtype=np.float32)
        assert drift.summary([rows]).tolist() == [3, 25]

    def test_names_and_summary_mean_the_same_columns(self):
        row = np.arange(300, dtype=np.float32)[np.newaxis]
        names = drift.names([feature(shape=[300])])
        assert names == [f"column {value:.0f}" for value in drift.summary([row])]

    def test_of_several_features_the_columns_of_each_under_its_name(self):
        other = feature(feature="yamnet_embedding", shape=[6, 2])
        assert drift.names([NAMED, other])[2:] == [
            "mfcc_summary: zero crossings",
            "yamnet_embedding: column 0",
            "yamnet_embedding: column 1",
        ]
        rows = [np.ones((4, 3), dtype=np.float32), np.full((5, 6, 2), 7, dtype=np.float32)]
        assert drift.summary(rows).tolist() == [1, 1, 1, 7, 7]


class TestTheReference:
    def test_one_row_a_training_song_and_no_other(self):
        index = pd.DataFrame({"track": ["a", "a", "b", "c"]})
        values = np.array([[1, 1, 1], [3, 3, 3], [9, 9, 9], [5, 5, 5]], dtype=np.float32)
        found = drift.reference([(index, values)], features=[NAMED], tracks=["c", "a"])
        assert list(found.columns) == NAMED.names
        assert found["rms"].tolist() == [2, 5]

    def test_of_several_features_the_songs_that_have_all(self):
        one = pd.DataFrame({"track": ["a", "b", "c"]}), np.arange(9, dtype=np.float32).reshape(3, 3)
        other = pd.DataFrame({"track": ["b", "b", "c"]}), np.array([[2], [4], [5]], dtype=np.float32)
        features = [NAMED, feature(feature="loudness", names=["mean"], shape=[1])]
        found = drift.reference([one, other], features=features, tracks=["a", "b", "c"])
        assert found["loudness: mean"].tolist() == [3, 5]
        assert found["mfcc_summary: tempo"].tolist() == [3, 6]

    def test_of_a_large_collection_evenly_spaced_songs(self, monkeypatch):
        monkeypatch.setattr(drift, "SONGS", 3)
        index = pd.DataFrame({"track": [f"{number:02}" for number in range(11)]})
        values = np.repeat(np.arange(11, dtype=np.float32)[:, np.newaxis], 3, axis=1)
        found = drift.reference([(index, values)], features=[NAMED], tracks=index["track"])
        assert found["tempo"].tolist() == [0, 5, 10]


class TestWhetherItDrifted:
    def test_songs_like_those_of_the_training_have_not(self):
        assert drift.measure(songs(150, seed=1), reference=songs(200))["drifted"].sum() == 0

    def test_the_columns_that_moved_are_named_first(self):
        found = drift.measure(songs(150, shift=2.0, seed=1), reference=songs(200))
        assert found["drifted"].sum() == 5
        assert set(found["column"][:5]) == {f"column {number}" for number in range(5)}
        assert found["distance"].is_monotonic_decreasing

    def test_a_sure_but_small_difference_does_not_count(self):
        found = drift.measure(songs(5000, shift=0.2, seed=1), reference=songs(5000))
        assert found["p"].min() < 1e-6
        assert found["drifted"].sum() == 0

    def test_one_song_proves_nothing(self):
        assert drift.measure(songs(1, shift=50.0, seed=1), reference=songs(200))["drifted"].sum() == 0

    def test_a_column_that_never_varied_and_still_does_not(self):
        still = songs(30).assign(**{"column 7": 0.0})
        found = drift.measure(still, reference=still)
        assert found["drifted"].sum() == 0
        assert np.isfinite(found["p"]).all()
