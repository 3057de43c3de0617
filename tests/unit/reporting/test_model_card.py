"""The card: what a reader must know is on it, first what makes the numbers mean less; and it fits its page."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import yaml

from components.config import presets
from components.config.params import Protocol, parse
from components.reporting import model_card
from components.results.record import TrainingRecord
from tests.support.records import ENCODER, FEATURE, training_record

GENRES = [f"genre {letter}" for letter in "abcdefghij"]


def record(*, preset: str = "demo", path: str | None = None, **other: Any) -> TrainingRecord:
    return training_record(
        **{
            "model": "yamnet",
            "preset": preset,
            "params": parse(presets.compose(preset, places={"audio": path} if path else None)),
            "genres": GENRES,
            "feature": feature(trained=False),
            "parameters": 1234567,
            "train_tracks": ["a"] * 76,
            "validation_tracks": ["b"] * 20,
            **other,
        }
    )


def feature(*, trained: bool) -> dict[str, Any]:
    return FEATURE | {"feature": "yamnet_embedding", "pretrained": [ENCODER | {"trained": trained}]}


@pytest.fixture
def metrics() -> dict[str, float]:
    found = {f"test.recall.{genre}": 0.1 * at for at, genre in enumerate(GENRES)}
    for part, songs in (("validation", 20), ("test", 24)):
        for metric in ("song_accuracy", "segment_accuracy", "balanced_accuracy"):
            found |= {f"{part}.{metric}": 0.75, f"{part}.{metric}_low": 0.5, f"{part}.{metric}_high": 0.9}
        found |= {f"{part}.songs": songs, f"{part}.segments": 4 * songs, f"{part}.macro_f1": 0.7}
        found |= {f"{part}.headline_songs": songs, f"{part}.guessing": 0.25}
    return found


def test_it_holds_what_and_on_what_and_how_well_and_how_to_make_it_again(metrics):
    text = model_card.card(record(), metrics=metrics, commit="abc123")
    for said in (
        "**yamnet**", "10 genres", "genre a, genre b", "yamnet_embedding", "76 songs", "20 songs", "Protocol `track`",
        "75.0 % of 24 songs (50 to 90)", "75.0 % of 96 segments",
        "largest genre gives 25.0 %", "genre a 0 %, genre b 10 %", "git checkout abc123",
        "genre config use demo", "genre run --model yamnet", "c" * 16,
    ):  # fmt: skip
        assert said in text, said


def test_what_makes_the_numbers_mean_less_comes_first(metrics):
    text = model_card.card(record(protocol="segment"), metrics=metrics, commit="")
    composed, untrained, leaky = (
        text.index(mark) for mark in ("Composed songs", "Untrained encoder", "Leaky:")
    )
    assert composed < untrained < leaky < text.index("### What")
    assert "mean nothing about music" in text
    assert "git checkout" not in text


def test_real_music_and_a_real_encoder_need_no_warning(metrics):
    assert (
        model_card.warnings(record(preset="gtzan-mini", feature=feature(trained=True), artists="apart")) == []
    )


@pytest.mark.parametrize(
    ("preset", "path", "said"),
    [
        ("demo", None, "MIT"),
        ("gtzan-mini", None, "GTZAN has no licence"),
        ("gtzan-table", None, "GTZAN has no licence"),
        ("gtzan-mini", "/music", "user's own"),
    ],
)
def test_the_licence_is_of_the_data_that_was_used(preset, path, said):
    assert said in model_card.licence(record(preset=preset, path=path))


@pytest.mark.parametrize(("trained", "licence"), [(True, "Apache-2.0"), (False, "MIT")])
def test_the_licence_of_the_encoders_weights_is_named(metrics, trained, licence):
    card = model_card.card(record(feature=feature(trained=trained)), metrics=metrics, commit="")
    assert f"licence of the weights: {licence}" in card


def test_it_fits_where_it_is_kept(metrics):
    warnings = ["a search parameter lies on the edge of its range " * 4] * 40
    assert len(model_card.card(record(warnings=warnings), metrics=metrics, commit="")) == model_card.LONGEST


def test_the_description_names_which_version_serves_and_that_composed_songs_prove_nothing():
    text = model_card.of_the_name(registered_model="genre", composed=True)
    assert "@champion" in text and "nothing about music" in text
    assert "nothing about music" not in model_card.of_the_name(registered_model="genre", composed=False)


def test_a_presets_every_name_is_known(metrics):
    for name in presets.names():
        assert yaml.safe_load(presets.compose(name))["preset"] == name
        assert model_card.card(record(preset=name), metrics=metrics, commit="")


def test_each_protocol_is_described() -> None:
    assert set(model_card.PROTOCOLS) == set(get_args(Protocol))


def test_a_headline_says_of_which_songs_and_which_genres_it_leaves_out(metrics: dict[str, float]) -> None:
    metrics |= {"test.headline_songs": 12, "test.headline_accuracy": 0.5}
    metrics |= {"test.headline_accuracy_low": 0.3, "test.headline_accuracy_high": 0.7}
    apart = record(artists="apart", confounded=["genre a", "genre b"])
    text = model_card.card(apart, metrics=metrics, commit="")
    assert "headline 50.0 % of 12 songs of artists in no earlier part (30 to 70)" in text
    assert "Artist-confounded: genre a and genre b" in text
    assert "bootstrap over artists" in text
