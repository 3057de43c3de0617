"""The smoke test: its exit status depends on the model's prediction of an example song."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from components.registry import smoke_test
from components.serving.pyfunc_model import PyfuncModel
from components.tracking import integrity
from tests.support import constant_model


@pytest.mark.parametrize(("genres", "status"), [(constant_model.GENRES, 0), (["blues", "polka"], 1)])
def test_one_probability_a_genre_passes(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    genres: list[str],
    status: int,
) -> None:
    import mlflow

    served = PyfuncModel()
    served.model = constant_model.model()
    monkeypatch.setattr(integrity, "checked", lambda *_: tmp_path)
    monkeypatch.setattr(mlflow, "MlflowClient", lambda: None)
    monkeypatch.setattr(
        mlflow.pyfunc,
        "load_model",
        lambda _: type("Loaded", (), {"predict": lambda _, x: served.predict(None, x)})(),
    )
    assert smoke_test.main("models:/genre/1", json.dumps(genres)) == status
    output = capsys.readouterr()
    assert "predicted 'jazz' with 3 probabilities" in output.out if status == 0 else "jazz" in output.err
