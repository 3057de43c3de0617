"""A model that predicts: any length, any rate, bad songs among good ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from components.config.params import UnsureParams
from components.core.errors import AudioError
from components.features.pipeline import compute
from components.results.calibration import Calibration, scale
from components.serving.certainty import Certainty
from components.serving.genre_model import Extracted, GenreModel, Rows
from tests.support import constant_model
from tests.support.constant_model import song, truncated
from tests.support.records import FEATURE, ensemble_record, training_record


class TestAnyLength:
    def test_a_song_has_a_row_a_segment_from_its_start(self, tmp_path):
        (row,) = constant_model.model().predict_songs([song(tmp_path / "a.wav", seconds=9.2)])
        assert [segment.start for segment in row.timeline] == [0, 3, 6]
        assert row.genre == "jazz"
        assert sum(row.probabilities.values()) == pytest.approx(1)

    def test_segments_go_on_past_what_training_used_of_a_track(self, tmp_path):
        (row,) = constant_model.model().predict_songs([song(tmp_path / "a.wav", seconds=50)])
        assert [segment.start for segment in row.timeline] == list(range(0, 48, 3))

    def test_a_second_is_repeated_to_a_segment_and_less_is_refused(self, tmp_path):
        made = constant_model.model()
        (second,) = made.predict_songs([song(tmp_path / "a.wav", seconds=1.0)])
        assert (len(second.timeline), second.seconds) == (1, 1.0)
        assert second.coverage == pytest.approx(1 / 3)
        (refused,) = made.predict_songs([song(tmp_path / "b.wav", seconds=0.9)])
        assert isinstance(refused, AudioError)
        assert "0.90 s" in str(refused) and "1 s or more" in str(refused)

    @pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
    def test_any_rate(self, tmp_path, rate):
        (row,) = constant_model.model().predict_songs([song(tmp_path / "a.wav", rate=rate)])
        assert [segment.start for segment in row.timeline] == [0, 3]


class TestManySongs:
    def test_the_network_runs_once_for_all(self, tmp_path):
        made = constant_model.model()
        made.predict_songs([song(tmp_path / f"{number}.wav") for number in range(5)])
        assert made.networks["mlp"].calls == [10]

    def test_a_bad_song_spoils_no_other(self, tmp_path):
        (tmp_path / "bad.wav").write_text("not audio")
        first, bad, last = constant_model.model().predict_songs(
            [song(tmp_path / "a.wav"), tmp_path / "bad.wav", song(tmp_path / "b.wav", seconds=3.5)]
        )
        assert isinstance(bad, AudioError) and "no RIFF header" in str(bad)
        assert (len(first.timeline), len(last.timeline)) == (2, 1)

    def test_of_a_damaged_song_what_decodes_is_used_and_what_is_lost_is_said(self, tmp_path):
        (row,) = constant_model.model().predict_songs([truncated(tmp_path / "a.wav")])
        assert (row.seconds, row.lost) == pytest.approx((6.5, 3.5))
        assert row.damage.startswith("truncated")
        (sound,) = constant_model.model().predict_songs([song(tmp_path / "b.wav")])
        assert (sound.lost, sound.damage) == (0.0, "")

    def test_only_bad_songs(self, tmp_path):
        (found,) = constant_model.model().predict_songs([b""])
        assert str(found) == "empty file"


def extracted(*, seconds: float = 9.0, **starts: list[float]) -> Extracted:
    """Rows of zeros of a song, by feature."""
    rows = {
        feature: Rows(np.zeros((len(begins), 57)), np.array(begins)) for feature, begins in starts.items()
    }
    return Extracted(rows, seconds)


def test_probabilities_are_the_mean_of_the_segments():
    made = constant_model.model()
    segments = np.array([[1, 0, 0], [0, 0.5, 0.5]], dtype=np.float32)
    row = made.aggregate(extracted(mfcc_summary=[0.0, 3.0]), [segments])
    assert row.genre == "blues"
    assert row.probabilities["jazz"] == pytest.approx(0.25)
    assert [segment.genre for segment in row.timeline] == ["blues", "jazz"]


def test_a_part_of_a_segment_is_less_sure_by_the_root_of_what_is_missing():
    made, segment = constant_model.model(), np.array([[0.2, 0.7, 0.1]])
    whole, half = (
        made.aggregate(extracted(mfcc_summary=[0.0], seconds=seconds), [segment]) for seconds in (3.0, 1.5)
    )
    assert (whole.coverage, half.coverage) == (1.0, 0.5)
    assert whole.probabilities["jazz"] == pytest.approx(0.7)
    odds = [np.log(row.probabilities["jazz"] / row.probabilities["blues"]) for row in (whole, half)]
    assert odds[1] == pytest.approx(odds[0] * np.sqrt(0.5))
    assert half.timeline[0].probability == pytest.approx(half.probabilities["jazz"])


def test_a_model_of_short_songs_is_calibrated_for_them():
    made, segment = constant_model.model(), np.array([[0.2, 0.7, 0.1]])
    made.songs = pd.DataFrame({"seconds": [2.0] * 10 + [30.0] * 10, "fitted": True})
    shares = [
        made.aggregate(extracted(mfcc_summary=[0.0], seconds=seconds), [segment]).probabilities["jazz"]
        for seconds in (3.0, 2.0, 1.0)
    ]
    assert shares[0] == pytest.approx(shares[1]) and shares[2] < shares[1]


#: What each network of an ensemble gives.
SHARES = {"mlp": [0.8, 0.1, 0.1], "lstm": [0.0, 0.6, 0.4]}


class TestAnEnsemble:
    """Two networks of their own features, 3 to 1."""

    def model(self, *features: str, temperature: float = 1.0) -> GenreModel:
        made = constant_model.model()
        networks = [
            training_record(model=name, genres=constant_model.GENRES, feature=FEATURE | {"feature": feature})
            for name, feature in zip(SHARES, features, strict=True)
        ]
        made.record = ensemble_record(
            (0.75, networks[0]), (0.25, networks[1]), calibration=Calibration(temperature=temperature)
        )
        made.networks = {name: constant_model.Network(shares) for name, shares in SHARES.items()}
        return made

    def test_it_predicts_the_weighted_mean_segment_by_segment(self, tmp_path):
        made = self.model("mfcc_summary", "mfcc_sequence")
        (row,) = made.predict_songs([song(tmp_path / "a.wav", seconds=9.2)])
        shares = list(row.probabilities.values())
        assert shares == pytest.approx([0.6, 0.225, 0.175])
        assert [segment.start for segment in row.timeline] == [0, 3, 6]
        assert row.timeline[0].probability == pytest.approx(0.6)

    def test_its_temperature_comes_after_the_mean(self, tmp_path):
        made = self.model("mfcc_summary", "mfcc_sequence", temperature=2.0)
        (row,) = made.predict_songs([song(tmp_path / "a.wav")])
        given = list(row.probabilities.values())
        assert given == pytest.approx(scale(np.array([[0.6, 0.225, 0.175]]), 2.0)[0].tolist())

    def test_a_feature_of_two_networks_is_computed_once(self, tmp_path, monkeypatch):
        computed = []
        own = compute.compute
        monkeypatch.setattr(
            compute, "compute", lambda name, *a, **k: computed.append(name) or own(name, *a, **k)
        )
        self.model("mfcc_summary", "mfcc_summary").predict_songs([song(tmp_path / "a.wav")])
        assert computed == ["mfcc_summary"]

    def test_networks_of_other_rows_share_one_segment(self):
        made = self.model("mfcc_summary", "mfcc_sequence")
        (row,) = made.predict_extracted([extracted(mfcc_summary=[0.0, 3.0, 6.0], mfcc_sequence=[0.0])])
        assert [(one.start, one.genre) for one in row.timeline] == [(0.0, "blues")]
        assert row.probabilities["blues"] == pytest.approx(0.6)


class TestUnsure:
    """What it does not know, by its validation songs or by another mind's params."""

    @pytest.fixture
    def row(self, tmp_path):
        def predicted(*, distance: float = 1e9, confidence: float = 0.6, **unsure: float):
            made = constant_model.model([0.1, 0.7, 0.2])
            rows = constant_model.reference().to_numpy()
            made.certainty = Certainty(
                rows, np.array([confidence, 0.1]), np.array([True, False]), np.array([distance])
            )
            made.unsure = UnsureParams(**unsure)
            return made.predict_songs([song(tmp_path / "a.wav")])[0]

        return predicted

    def test_a_song_like_the_training_that_the_model_is_sure_of(self, row):
        assert (row().genre, row().unsure) == ("jazz", "")
        assert row().confidence == pytest.approx(0.7)

    def test_a_song_unlike_the_training_keeps_its_genre_and_is_unsure(self, row):
        found = row(distance=1e-3)
        assert found.genre == "jazz"
        assert "unlike" in found.unsure

    def test_a_probability_that_was_too_often_wrong(self, row):
        assert "90%" in row(confidence=0.9).unsure
        assert row(confidence=0.9, precision=0.4).unsure == ""
