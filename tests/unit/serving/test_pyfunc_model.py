"""The served model: requests of a server."""

from __future__ import annotations

import pandas as pd
import pytest

from components.serving.pyfunc_model import LARGEST_REQUEST, PyfuncModel
from tests.support import constant_model
from tests.support.constant_model import song


class TestARequest:
    """What :meth:`PyfuncModel.predict` is given by a server."""

    def predict(self, *songs):
        served = PyfuncModel()
        served.model = constant_model.model()
        return served.predict(None, pd.DataFrame({"audio": list(songs)}))

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
