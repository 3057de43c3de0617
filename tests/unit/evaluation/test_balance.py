"""Unequal genres: the constant answer, figures that count genres alike, and genres that a model never names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from components.evaluation import aggregation, balance, bootstrap
from tests.unit.evaluation.tables import GENRES, random_table, table

ROCK, JAZZ, BLUES = [0.0, 0.1, 0.9], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1]


def songs(*named: tuple[str, list[float]]) -> pd.DataFrame:
    return table([(f"s{number}", genre, values) for number, (genre, values) in enumerate(named)])


def test_always_naming_the_larger_of_two_genres_is_guessing_by_every_measure() -> None:
    frame = songs(*[("rock", ROCK)] * 9, ("jazz", ROCK))
    measured = balance.measure(aggregation.songs(frame), genres=GENRES, seed=0)
    assert measured["guessing"] == 0.9 and measured["genres"] == 2
    assert measured["balanced_accuracy"] == 0.5 and measured["balanced_accuracy_low"] <= 0.5
    assert measured["macro_f1"] == pytest.approx(measured["guessing_macro_f1"])
    assert balance.unnamed(frame, genres=GENRES) == ["jazz"]


def test_measures_agree_with_scikit_learn() -> None:
    frame = aggregation.songs(random_table(songs=50, segments=3, skill=1.0, seed=2))
    truth, named = (frame[column].to_numpy(dtype=object) for column in ("genre", "predicted"))
    measured = balance.measure(frame, genres=GENRES, seed=0)
    assert tuple(measured) == balance.MEASURES
    assert measured["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(truth, named))
    assert measured["macro_f1"] == pytest.approx(f1_score(truth, named, average="macro"))
    largest = pd.Series(truth).mode()[0]
    constant = f1_score(truth, np.full(len(truth), largest, dtype=object), average="macro", zero_division=0)
    assert measured["guessing_macro_f1"] == pytest.approx(constant)
    assert (
        measured["balanced_accuracy_low"] < measured["balanced_accuracy"] < measured["balanced_accuracy_high"]
    )
    assert np.mean(list(balance.recalls(frame, genres=GENRES).values())) == measured["balanced_accuracy"]


def test_the_interval_of_equal_genres_is_near_that_of_accuracy() -> None:
    hits, genres = (np.random.default_rng(7).random(90) < 0.7).astype(float), np.arange(90) % 3
    balanced = bootstrap.balanced_accuracy(hits, genres, seed=1)
    assert balanced == pytest.approx(bootstrap.accuracy(hits, np.ones(90), seed=1), abs=0.02)
    whole = bootstrap.balanced_accuracy(np.ones(10), genres[:10], seed=1)
    assert whole == bootstrap.accuracy(np.ones(10), np.ones(10), seed=1)


def test_a_genre_that_one_segment_is_predicted_as_is_named_and_one_without_songs_is_not_missed() -> None:
    frame = table([("a", "jazz", JAZZ), ("a", "jazz", ROCK), ("a", "jazz", ROCK), ("b", "rock", ROCK)])
    assert aggregation.songs(frame)["predicted"].tolist() == ["rock", "rock"]
    assert balance.unnamed(frame, genres=GENRES) == []
    assert balance.unnamed(songs(("jazz", BLUES), ("blues", BLUES)), genres=GENRES) == ["jazz"]
