"""Results: figures over fits and songs, costs, and gains on the splits that both sides share."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from components.features.encoders import vgg16
from components.study import results
from components.study.fits import Fit
from components.study.plan import DATA
from components.study.results import Outcome
from tests.unit.study import workspace
from tests.unit.study.workspace import GENRES, outcome, outcomes


def folds(name: str, *accuracies: float, protocol: str = "segment") -> Outcome:
    """An experiment under one protocol, a fold an accuracy; each fold tests the same hundred songs."""
    fits, tables = [], []
    for fold, accuracy in enumerate(accuracies):
        made = outcome(name, accuracy=accuracy)
        fits += [fit.model_copy(update={"fold": fold}) for fit in made.under(protocol)]
        tables.append(made.predictions[made.predictions["protocol"] == protocol].assign(fold=fold))
    return replace(made, fits=fits, predictions=pd.concat(tables, ignore_index=True))


def test_a_gain_is_of_the_folds_that_both_were_run_with() -> None:
    whole, part = folds("mlp_best", 0.8, 0.6, 0.1, 0.1, 0.1), folds("mlp_best_no_log", 0.7, 0.6)
    assert results.gains(part, whole=whole) == pytest.approx({"segment": 0.05})


def test_without_a_fold_in_common_there_is_no_gain() -> None:
    whole, part = folds("mlp_best", 0.8, 0.7), folds("mlp_best_no_log", 0.7)
    whole = replace(whole, fits=whole.fits[1:])
    assert results.gains(part, whole=whole) == {}


def test_a_failed_fit_counts_on_neither_side() -> None:
    whole, part = folds("mlp_best", 0.8, 0.6), folds("mlp_best_no_log", 0.7, 0.6)
    part.fits[1] = Fit(protocol="segment", fold=1, seed=0, failed="the loss became nan")
    assert results.gains(part, whole=whole) == pytest.approx({"segment": 0.1})


def test_the_interval_is_over_songs_not_over_fits() -> None:
    once = folds("mlp", 0.8).figures["segment"]
    twice = folds("mlp", 0.8, 0.8).figures["segment"]
    assert (once.fits, twice.fits) == (1, 2)
    assert once.songs == twice.songs == 100
    assert once.segment_accuracy_low < once.segment_accuracy < once.segment_accuracy_high
    assert (twice.segment_accuracy_low, twice.segment_accuracy_high) == (
        once.segment_accuracy_low,
        once.segment_accuracy_high,
    )


@pytest.mark.parametrize("protocol", ["segment", "artist"])
def test_guessing_is_the_share_of_the_largest_genre_in_what_was_tested(protocol: str) -> None:
    made = folds("mlp", 0.8, 0.6, protocol=protocol)
    songs = made.predictions["part"] == "test"
    largest = made.predictions["genre"] == GENRES[0]
    few = made.predictions["track"].str.removeprefix("t").astype(int) >= 80
    made = replace(made, predictions=made.predictions[~songs | few | largest])
    counts = made.songs(protocol)["genre"].value_counts()
    assert counts.max() > 2 * counts.min()
    figures = made.figures[protocol]
    assert figures.guessing == figures.song_guessing == counts.max() / counts.sum()


def test_the_encoder_s_weights_belong_to_a_model_s_size() -> None:
    cost = outcome("vgg16_audio", encoder="vgg16", size=1_000_000).cost
    assert cost["file_bytes"] == 1e6
    assert cost["weights_bytes"] == 1e6 + 4 * vgg16.PARAMETERS


def test_a_feature_s_cost_holds_that_of_the_feature_it_reads(tmp_path: Path) -> None:
    block = workspace.make_plan().features["toy"]
    plan = workspace.make_plan(
        features={"pictures": block, "toy": block.model_copy(update={"reads": "data/features/pictures"})}
    )
    (tmp_path / DATA / "costs").mkdir(parents=True)
    for name, cost in (("pictures", (3.0, 900.0)), ("toy", (2.0, 100.0))):
        text = json.dumps(dict(zip(("seconds", "peak_memory_mib"), cost, strict=True)))
        (tmp_path / DATA / "costs" / f"{name}.json").write_text(text)
    assert results.extraction_cost("toy", plan=plan, root=tmp_path) == {
        "seconds": 5.0,
        "peak_memory_mib": 900.0,
    }
    assert results.extraction_cost("other", plan=plan, root=tmp_path) == {}


def test_models_tested_on_the_same_songs_are_compared_two_by_two() -> None:
    ran = {"mlp": outcome("mlp", accuracy=0.9), "lstm": outcome("lstm", accuracy=0.5)}
    (pair,) = results.compared(outcomes() | ran, seed=0)["audio"]
    assert pair.apart
    assert "mlp names 40.0 points more of 100 songs right than lstm" in pair.sentence


def test_with_artists_apart_the_songs_that_headlines_count_are_measured_all_folds_together() -> None:
    made = folds("mlp", 1.0, 0.0, protocol="artist")
    found = made.figures["artist"]
    assert found.genres == tuple(workspace.GENRES[: workspace.COUNTED])
    assert found.confounded == tuple(workspace.GENRES[workspace.COUNTED :])
    assert (found.fits, found.songs, found.artists) == (2, 80, 40)
    assert found.song_accuracy == found.segment_accuracy == 0.5
    assert found.song_accuracy_sd == 0.5
    assert len(made.songs("artist")) == 160


def test_folds_of_unequal_size_are_pooled_and_not_averaged() -> None:
    made = folds("mlp", 1.0, 0.0, protocol="artist")
    few = made.predictions.query("fold == 0 or track == 't0'")
    found = replace(made, predictions=few).figures["artist"]
    assert found.song_accuracy == pytest.approx(80 / 81)


def test_songs_of_one_artist_are_drawn_together() -> None:
    alone = folds("mlp", 0.8, protocol="artist")
    one = alone.predictions.assign(artist=lambda table: table["genre"])
    together = replace(alone, predictions=one)
    widths = [
        found.song_accuracy_high - found.song_accuracy_low
        for found in (alone.figures["artist"], together.figures["artist"])
    ]
    assert widths[0] != widths[1]
    assert together.figures["artist"].artists == workspace.COUNTED


def test_where_no_test_song_counts_there_is_no_figure_with_artists_apart() -> None:
    made = outcome("mlp")
    confounded = replace(made, predictions=made.predictions.assign(headline=False))
    assert set(made.figures) == {"segment", "track", "artist", "fault_filtered"}
    assert set(confounded.figures) == {"segment", "track", "fault_filtered"}


def test_validation_with_artists_apart_is_of_the_songs_that_headlines_count() -> None:
    made = folds("mlp", 0.8, protocol="artist")
    rows = made.predictions.assign(part="validation")
    rows["headline"] = rows["predicted"] == rows["genre"]
    both = replace(made, predictions=pd.concat([made.predictions, rows]))
    assert both.figures["artist"].validation == 1.0
    assert both.figures["artist"].song_accuracy == made.figures["artist"].song_accuracy


def test_a_failed_experiment_has_its_reason_and_no_older_figure(tmp_path: Path) -> None:
    plan = workspace.build(tmp_path, experiments={"mlp": workspace.experiment(group="model")})
    folder = tmp_path / DATA / "experiments" / "mlp"
    folder.mkdir(parents=True)
    (folder / "failure.json").write_text(json.dumps({"reason": "genre: a file is gone"}), encoding="utf-8")
    found = results.read(plan, root=tmp_path)
    assert found["mlp"].reason == "failed: genre: a file is gone"
    assert found["mlp"].figures == {}
    assert found["lstm"].reason == results.NOT_YET
