"""Arrays: only the parts that are named, labels from train alone, and repeats under another name are caught."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from components.core.errors import FeatureError, LeakError
from components.splits import store as split_store
from components.training import dataset, stored_rows
from components.training.dataset import Part
from tests.support.small_project import GENRES


def test_rows_follow_the_split(small_project: Path) -> None:
    data = dataset.load("mfcc_summary", parts=("train", "validation"), root=small_project)
    table, _ = split_store.read(small_project)
    for part in ("train", "validation"):
        expected = set(table.loc[table["part"] == part, "track"])
        assert set(data[part].rows["track"]) == expected
        assert data[part].x.dtype == np.float32
        assert [GENRES[code] for code in data[part].y] == data[part].rows["genre"].tolist()


def test_a_part_not_asked_for_is_not_there(small_project: Path) -> None:
    data = dataset.load("mfcc_summary", parts=("train", "validation"), root=small_project)
    with pytest.raises(LeakError, match="test"):
        data["test"]


def test_a_repeat_under_another_name_is_a_leak(small_project: Path) -> None:
    folder = small_project / "features" / "mfcc_summary"
    index, values = pd.read_parquet(folder / "index.parquet"), np.load(folder / "values.npy")
    table, _ = split_store.read(small_project)
    sides = table.groupby("part")["track"].first()
    source, copy = (np.flatnonzero(index["track"] == sides[part]) for part in ("train", "test"))
    values[copy] = values[source]
    np.save(folder / "values.npy", values)
    with pytest.raises(LeakError, match=sides["test"]):
        dataset.load("mfcc_summary", parts=("train", "test"), root=small_project)


def test_a_sample_is_stratified_and_seeded(small_project: Path) -> None:
    train = dataset.load("mfcc_summary", parts=("train",), root=small_project)["train"]
    sample = dataset.at_most(train, 30, seed=3)
    assert len(sample.y) == 30
    assert np.bincount(sample.y).min() >= 9
    assert sample.rows.equals(dataset.at_most(train, 30, seed=3).rows)
    assert dataset.at_most(train, None, seed=3) is train


def test_a_song_counts_as_one(small_project: Path) -> None:
    folder = small_project / "features" / "mfcc_summary"
    whole = dataset.load("mfcc_summary", parts=("train", "validation"), root=small_project)
    assert whole["train"].weights is None
    index, values = pd.read_parquet(folder / "index.parquet"), np.load(folder / "values.npy")
    short = index["track"].isin(whole["train"].rows["track"].unique()[:3]) & (index["segment"] > 0)
    index[~short].to_parquet(folder / "index.parquet", index=False)
    np.save(folder / "values.npy", values[~short])
    cut = dataset.load("mfcc_summary", parts=("train", "validation"), root=small_project)
    both = dataset.join(cut["train"], cut["validation"])
    for part in (cut["train"], both):
        assert part.weights is not None
        assert part.weights.mean() == pytest.approx(1.0)
        by_song = pd.Series(part.weights).groupby(part.rows["track"]).sum()
        np.testing.assert_allclose(by_song, by_song.iloc[0], rtol=1e-5)
    few = dataset.at_most(cut["train"], 30, seed=0)
    assert few.weights is not None
    assert set(few.weights) == set(cut["train"].weights)


def test_augmented_views_go_with_the_rows_that_may_be_fitted_on(small_project: Path) -> None:
    folder = small_project / "features" / "mfcc_summary"
    values = np.load(folder / "values.npy")
    np.save(folder / "augmented.npy", np.stack([values + 1, values + 2]))
    data = dataset.load("mfcc_summary", parts=("train", "validation", "test"), root=small_project)
    train, validation = data["train"], data["validation"]
    for part in (train, validation, train.take(np.array([5, 3])), dataset.join(train, validation)):
        assert part.augmented is not None
        np.testing.assert_array_equal(part.augmented, np.stack([part.x + 1, part.x + 2]))
    assert data["test"].augmented is None
    assert dataset.join(train, data["test"]).augmented is None
    np.save(folder / "augmented.npy", values[None, :-1])
    with pytest.raises(FeatureError, match="genre stage features mfcc_summary"):
        dataset.load("mfcc_summary", parts=("train",), root=small_project)


def test_more_rows_than_fit_into_memory_stay_on_disk_and_are_the_same(
    small_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = small_project / "features" / "mfcc_summary"
    values = np.load(folder / "values.npy")
    np.save(folder / "augmented.npy", np.stack([values + 1, values + 2]))
    parts = ("train", "validation", "test")
    held = dataset.load("mfcc_summary", parts=parts, root=small_project)
    monkeypatch.setattr(
        stored_rows, "IN_MEMORY", sum(x.nbytes for part in parts for x in held[part].arrays) - 1
    )
    stored = dataset.load("mfcc_summary", parts=parts, root=small_project)
    both = [dataset.join(data["train"], data["validation"]) for data in (held, stored)]
    for one, other in [*((held[part], stored[part]) for part in parts), both]:
        assert other.is_stored and not one.is_stored
        assert other.rows.equals(one.rows)
        for x, y in zip(one.arrays, other.arrays, strict=True):
            np.testing.assert_array_equal(x, y[:])
    # A sample of them fits.
    few = [dataset.at_most(data["train"], 30, seed=0) for data in (held, stored)]
    assert not few[1].is_stored
    for x, y in zip(few[0].arrays, few[1].arrays, strict=True):
        np.testing.assert_array_equal(x, y)


def test_balanced_genres_weigh_alike_and_songs_of_one_too() -> None:
    rows = pd.DataFrame({"track": ["a", "a", "b", "c", "c"], "genre": ["x", "x", "x", "y", "y"]})
    part = Part(
        x=np.zeros((5, 1)), y=np.array([0, 0, 0, 1, 1]), rows=rows, weights=dataset.song_weights(rows)
    )
    weights = dataset.balanced(part).weights
    assert weights is not None and weights.mean() == pytest.approx(1.0)
    assert weights[:3].sum() == pytest.approx(weights[3:].sum())
    assert weights[:2].sum() == pytest.approx(weights[2])


def test_parts_that_were_loaded_together_are_joined_without_a_copy(small_project: Path) -> None:
    data = dataset.load("mfcc_summary", parts=("train", "validation"), root=small_project)
    for names in (("train", "validation"), ("validation", "train"), ("train", "train")):
        parts = [data[name] for name in names]
        joined = dataset.join(*parts)
        np.testing.assert_array_equal(joined.x, np.concatenate([part.x for part in parts]))
        assert np.shares_memory(joined.x, data["train"].x) == (names == ("train", "validation"))
