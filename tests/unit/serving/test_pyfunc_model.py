"""The served model: any length, any rate, bad songs among good ones, and requests of a server."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from components.core.errors import AudioError
from components.serving.pyfunc_model import LARGEST_REQUEST
from tests.support import constant_model
from tests.support.constant_model import song


class TestAnyLength:
    def test_a_song_has_a_row_a_segment_from_its_start(self, tmp_path):
        (row,) = constant_model.model().predict_songs([song(tmp_path / "a.wav", seconds=9.2)])
        assert [moment["start"] for moment in row["timeline"]] == [0, 3, 6]
        assert row["genre"] == "jazz"
        assert sum(value for key, value in row.items() if key.startswith("prob")) == pytest.approx(1)

    def test_segments_go_on_past_what_training_used_of_a_track(self, tmp_path):
        (row,) = constant_model.model().predict_songs([song(tmp_path / "a.wav", seconds=50)])
        assert [moment["start"] for moment in row["timeline"]] == list(range(0, 48, 3))

    def test_a_second_is_repeated_to_a_segment_and_less_is_refused(self, tmp_path):
        made = constant_model.model()
        (second,) = made.predict_songs([song(tmp_path / "a.wav", seconds=1.0)])
        assert (len(second["timeline"]), second["seconds"]) == (1, 1.0)
        assert second["coverage"] == pytest.approx(1 / 3)
        (refused,) = made.predict_songs([song(tmp_path / "b.wav", seconds=0.9)])
        assert isinstance(refused, AudioError)
        assert "0.90 s" in str(refused) and "1 s or more" in str(refused)

    @pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
    def test_any_rate(self, tmp_path, rate):
        (row,) = constant_model.model().predict_songs([song(tmp_path / "a.wav", rate=rate)])
        assert [moment["start"] for moment in row["timeline"]] == [0, 3]


class TestManySongs:
    def test_the_network_runs_once_for_all(self, tmp_path):
        made = constant_model.model()
        made.predict_songs([song(tmp_path / f"{number}.wav") for number in range(5)])
        assert made.model.calls == [10]

    def test_a_bad_song_spoils_no_other(self, tmp_path):
        (tmp_path / "bad.wav").write_text("not audio")
        first, bad, last = constant_model.model().predict_songs(
            [song(tmp_path / "a.wav"), tmp_path / "bad.wav", song(tmp_path / "b.wav", seconds=3.5)]
        )
        assert isinstance(bad, AudioError) and "no RIFF header" in str(bad)
        assert (len(first["timeline"]), len(last["timeline"])) == (2, 1)

    def test_only_bad_songs(self, tmp_path):
        (found,) = constant_model.model().predict_songs([b""])
        assert str(found) == "empty file"


class TestARequest:
    """What :meth:`GenreModel.predict` is given by a server."""

    def predict(self, *songs):
        return constant_model.model().predict(None, pd.DataFrame({"audio": list(songs)}))

    def test_a_good_one(self, tmp_path):
        found = self.predict(song(tmp_path / "a.wav").read_bytes())
        assert list(found["genre"]) == ["jazz"]

    @pytest.mark.parametrize(
        ("body", "reason"),
        [(b"", "empty"), (b"text", "not audio"), (bytes(LARGEST_REQUEST + 1), "more than a request")],
    )
    def test_a_bad_one_names_its_place_and_fault(self, tmp_path, body, reason):
        from mlflow.exceptions import MlflowException

        with pytest.raises(MlflowException, match=reason) as refused:
            self.predict(song(tmp_path / "a.wav").read_bytes(), body)
        assert "song 1" in str(refused.value)
        assert refused.value.get_http_status_code() == 400

    def test_a_path_is_not_opened(self, tmp_path):
        from mlflow.exceptions import MlflowException

        with pytest.raises(MlflowException, match="not a file's bytes"):
            self.predict(str(song(tmp_path / "a.wav")))

    def test_no_song(self):
        from mlflow.exceptions import MlflowException

        with pytest.raises(MlflowException, match="no song was given"):
            self.predict()


def test_probabilities_are_the_mean_of_the_segments():
    made = constant_model.model()
    segments = np.array([[1, 0, 0], [0, 0.5, 0.5]], dtype=np.float32)
    row = made.aggregate(segments, starts=np.array([0.0, 3.0]), seconds=6.0)
    assert row["genre"] == "blues"
    assert row["probability.jazz"] == pytest.approx(0.25)
    assert [moment["genre"] for moment in row["timeline"]] == ["blues", "jazz"]


def test_a_part_of_a_segment_is_less_sure_by_the_root_of_what_is_missing():
    made, segment = constant_model.model(), np.array([[0.2, 0.7, 0.1]])
    whole, half = (made.aggregate(segment, starts=np.zeros(1), seconds=seconds) for seconds in (3.0, 1.5))
    assert (whole["coverage"], half["coverage"]) == (1.0, 0.5)
    assert whole["probability.jazz"] == pytest.approx(0.7)
    odds = [np.log(row["probability.jazz"] / row["probability.blues"]) for row in (whole, half)]
    assert odds[1] == pytest.approx(odds[0] * np.sqrt(0.5))
    assert half["timeline"][0]["probability"] == pytest.approx(half["probability.jazz"])
