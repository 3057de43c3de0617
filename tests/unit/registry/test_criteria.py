"""Promotion criteria: each is met or not, and gives its measured reason."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from components.config.params import Params
from components.core.errors import EvaluationError
from components.evaluation import metrics as measures
from components.external_evaluation import evaluate
from components.registry import criteria, rescore
from components.results.record import ModelRecord
from components.serving import load
from components.validation.result import ValidationResult
from tests.support import evaluated_models
from tests.support.records import ENCODER, FEATURE, training_record
from tests.support.validation_results import FAILURE, validation_result

GENRES = ["blues", "jazz"]
COMPOSED = training_record()
CHAMPION = SimpleNamespace(version="3", run_id="run", tags={"split_fingerprint": "f" * 64})


def predictions(right: str) -> pd.DataFrame:
    """Validation predictions of songs a, b, ...; 1 where right."""
    return pd.DataFrame(
        {
            "part": "validation",
            "track": [f"jazz.{number}" for number in range(len(right))],
            "segment": -1,
            "genre": "jazz",
            "artist": "",
            "headline": True,
            "predicted": ["jazz" if one == "1" else "blues" for one in right],
            "probability.blues": [1.0 - int(one) for one in right],
            "probability.jazz": [float(one) for one in right],
        }
    )


def validation(**changes: float) -> dict[str, float]:
    """Metrics of 20 validation songs of two equal genres, three of four named right."""
    found = {"song_accuracy": 0.75, "song_accuracy_low": 0.6, "songs": 20.0, "headline_songs": 20.0}
    found |= {"balanced_accuracy": 0.75, "balanced_accuracy_low": 0.6, "balanced_accuracy_high": 0.9}
    found |= {"macro_f1": 0.75, "genres": 2.0, "guessing": 0.5, "guessing_macro_f1": 1 / 3, **changes}
    return {f"validation.{key}": value for key, value in found.items()}


@pytest.mark.parametrize(("low", "met"), [(0.4, False), (0.5, False), (0.6, True)])
def test_the_interval_must_lie_above_guessing(low: float, met: bool) -> None:
    found = criteria.above_chance(training_record(), validation(song_accuracy_low=low))
    assert found.met is met and "75.0%" in found.reason and "50.0%" in found.reason


class TestUnequalGenres:
    """54 rock and 6 jazz songs."""

    @pytest.fixture
    def always_rock(self, tmp_path: Path) -> pd.DataFrame:
        genres = ["rock"] * 54 + ["jazz"] * 6
        table = predictions("0" * 60).assign(genre=genres, predicted="rock", part="validation")
        table["track"] = [f"song {number}" for number in range(60)]
        table = table.rename(columns={"probability.blues": "probability.rock"})
        (tmp_path / "models/mlp").mkdir(parents=True)
        table.to_parquet(tmp_path / "models/mlp/predictions.parquet")
        return table

    def test_always_naming_the_larger_genre_is_guessing(self, always_rock: pd.DataFrame) -> None:
        own = measures.evaluate(always_rock, genres=["jazz", "rock"], part="validation", seed=0)
        metrics = {f"validation.{key}": value for key, value in own.items()}
        found = criteria.above_chance(training_record(), metrics)
        assert not found.met and "largest genre gives 90.0%" in found.reason and "50.0%" in found.reason

    @pytest.mark.parametrize("allow", [False, True])
    def test_the_genre_that_is_never_named_is_named(
        self, always_rock: pd.DataFrame, tmp_path: Path, allow: bool
    ) -> None:
        record = training_record(genres=["jazz", "rock"])
        found = criteria.names_each_genre(record, root=tmp_path, allow_unnamed=allow)
        assert found.met is allow and "never names jazz (6 validation songs)" in found.reason

    def test_accuracy_is_not_required_of_a_model_whose_genres_were_made_to_weigh_alike(self) -> None:
        metrics = validation(song_accuracy=0.87, song_accuracy_low=0.8, guessing=0.9, guessing_macro_f1=0.47)
        weighed = {"epochs": 1, "patience": 1, "monitor": "val_loss", "class_weight": "balanced"}
        assert not criteria.above_chance(training_record(), metrics).met
        assert criteria.above_chance(training_record(training=weighed), metrics).met

    @pytest.mark.parametrize("changes", [{"balanced_accuracy_low": 0.5}, {"macro_f1": 0.3}])
    def test_each_genre_must_be_known_better_than_by_guessing(self, changes: dict[str, float]) -> None:
        assert not criteria.above_chance(training_record(), validation(**changes)).met


def test_the_feature_must_have_passed_its_suite(tmp_path: Path) -> None:
    record = training_record()
    missing = criteria.feature_validated(record, root=tmp_path)
    assert not missing.met and "dvc repro validate@mfcc_summary" in missing.reason
    for failed in ([], [FAILURE]):
        result = validation_result("mfcc_summary", *failed)
        result.write(ValidationResult.path("mfcc_summary", root=tmp_path))
        assert criteria.feature_validated(record, root=tmp_path).met is (not failed)


@pytest.mark.parametrize(
    ("encoders", "allow", "met"),
    [
        ([], False, True),
        ([ENCODER], False, True),
        ([ENCODER, ENCODER | {"trained": False}], False, False),
        ([ENCODER, ENCODER | {"trained": False}], True, True),
    ],
)
def test_an_untrained_encoder_must_be_allowed(encoders: list[dict], allow: bool, met: bool) -> None:
    record = training_record(feature=FEATURE | {"pretrained": encoders})
    assert criteria.encoder_trained(record, allow_untrained=allow).met is met


class TestAgainstTheChampion:
    @pytest.fixture
    def compare(self, tmp_path: Path, small_params: Params, monkeypatch: pytest.MonkeyPatch):
        def compare(
            own: str,
            theirs: str,
            *,
            fingerprint: str = "f" * 64,
            record: ModelRecord = COMPOSED,
            champion_s: ModelRecord = COMPOSED,
        ) -> criteria.Criterion:
            (tmp_path / "models/mlp").mkdir(parents=True)
            predictions(own).to_parquet(tmp_path / "models/mlp/predictions.parquet")
            champion = predictions(theirs)
            champion.to_parquet(tmp_path / "champion.parquet")
            monkeypatch.setattr(rescore, "validation_predictions", lambda *_, **__: champion)
            champion_s.write(tmp_path / "training.json")
            files = {
                "training/predictions.parquet": "champion.parquet",
                "training/training.json": "training.json",
            }
            client = SimpleNamespace(download_artifacts=lambda _, name: str(tmp_path / files[name]))
            return criteria.beats_champion(
                client,
                CHAMPION,
                record=record.model_copy(update={"fingerprint": fingerprint}),
                params=small_params,
                root=tmp_path,
            )

        return compare

    @pytest.mark.parametrize("fingerprint", ["f" * 64, "0" * 64])
    def test_a_gain_above_the_margin_is_needed(self, compare, fingerprint: str) -> None:
        found = compare("1111", "1100", fingerprint=fingerprint)
        assert found.met and "100.0% against 50.0% of 4 validation songs" in found.reason

    def test_an_equal_challenger_does_not_replace_it(self, compare) -> None:
        assert not compare("1100", "0011").met

    def test_songs_that_only_one_has_play_no_part(self, compare) -> None:
        assert "of 2 validation songs" in compare("1111", "11").reason

    def test_a_model_of_music_takes_the_place_of_one_of_composed_songs(self, compare) -> None:
        music = training_record(preset="gtzan-mini", genres=["dub", "polka"])
        found = compare("1100", "1111", fingerprint="0" * 64, record=music)
        assert found.met and "champion version 3 was trained on composed songs" in found.reason

    def test_a_model_of_composed_songs_never_takes_the_place_of_one_of_music(self, compare) -> None:
        music = training_record(preset="gtzan-mini")
        found = compare("1111", "1100", fingerprint="0" * 64, champion_s=music)
        assert not found.met and "composed songs" in found.reason

    def test_a_champion_of_other_genres_stays_and_the_way_out_is_named(self, compare) -> None:
        music = training_record(preset="gtzan-mini")
        other = training_record(preset="gtzan-mini", genres=["dub", "polka"])
        found = compare("1111", "1100", fingerprint="0" * 64, record=other, champion_s=music)
        assert not found.met
        for part in ("blues, jazz and rock", "dub and polka", "promotion.registered_model"):
            assert part in found.reason

    def test_no_song_to_compare_on_is_no_win(self, compare) -> None:
        assert not compare("11", "").met


@pytest.mark.parametrize(
    ("known", "songs", "allow", "met", "reason"),
    [
        ({"artists": "apart"}, 12.0, False, True, "12 validation songs"),
        ({"artists": "apart", "confounded": ["blues", "jazz"]}, 0.0, False, False, "blues, jazz"),
        ({"artists": "on both sides"}, 12.0, False, False, "one artist"),
        ({"artists": "on both sides"}, 12.0, True, True, "allow_confounded"),
        ({"artists": "apart", "protocol": "segment"}, 12.0, False, False, "one song"),
        ({"artists": "unknown"}, 12.0, False, True, "unknown"),
    ],
)
def test_figures_of_artists_must_be_allowed(
    known: dict, songs: float, allow: bool, met: bool, reason: str
) -> None:
    metrics = {
        "validation.headline_songs": songs,
        "validation.headline_accuracy": 0.75,
        "validation.headline_accuracy_low": 0.5,
    }
    found = criteria.artists_apart(training_record(**known), metrics, allow_confounded=allow)
    assert found.met is met and reason in found.reason


class TestOnOtherMusic:
    """Of five songs that neither was trained on the LSTM names two of blues, the MLP one or two of jazz."""

    @pytest.fixture
    def check(self, tmp_path: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch):
        def check(
            challenger: str, champion: str | None, *, trained_on: str = "rock/rock.1.wav"
        ) -> criteria.Criterion:
            folder = evaluated_models.music(tmp_path / "music")
            known = [evaluated_models.known_by(file) for file in folder.glob(trained_on)]
            evaluated_models.without_store(monkeypatch, songs=evaluated_models.training(*known))
            addresses = {"runs:/r": challenger, "models:/genre/3": champion}
            monkeypatch.setattr(load, "address", lambda _client, model, **_: addresses[model])
            promotion = demo_params.promotion.model_copy(update={"evaluate_on": str(folder)})
            return criteria.external_accuracy(
                "r",
                CHAMPION if champion else None,
                registered_model="genre",
                params=demo_params.model_copy(update={"promotion": promotion}),
            )

        return check

    def test_a_challenger_that_is_worse_than_the_champion_is_refused(self, check) -> None:
        found = check("mlp", "lstm", trained_on="jazz/jazz.1.wav")
        assert not found.met and "20.0% against 40.0%" in found.reason and "5 songs" in found.reason

    @pytest.mark.parametrize(("challenger", "champion"), [("lstm", "mlp"), ("mlp", "lstm")])
    def test_one_that_is_as_good_is_not(self, check, challenger: str, champion: str) -> None:
        found = check(challenger, champion)
        assert found.met and "40.0% against 40.0%" in found.reason

    def test_without_a_champion_it_must_be_above_guessing(self, check) -> None:
        found = check("mlp", None)
        assert not found.met and "largest genre gives" in found.reason

    def test_music_that_was_trained_on_shows_nothing(self, check) -> None:
        assert not check("mlp", "lstm", trained_on="*/*.wav").met

    def test_what_cannot_be_evaluated_is_no_win(self, check, monkeypatch: pytest.MonkeyPatch) -> None:
        def refused(*_: object, **__: object) -> None:
            raise EvaluationError("no song")

        monkeypatch.setattr(evaluate, "run", refused)
        assert check("mlp", "lstm").reason == "no song"
