"""A champion on another split's songs: it is given what the challenger predicted, and no song that it was fitted on."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import soundfile

from components.config.params import Params
from components.core.errors import RegistryError
from components.registry import rescore as rescoring
from tests.support.constant_model import RATE, song
from tests.support.records import training_record
from tests.support.small_project import GENRES

#: Of a song of 30 s, four segments of 3 s are used in the small project.
SECONDS = 12.0


class Champion:
    """Notes the seconds it is given; predicts jazz."""

    def __init__(self) -> None:
        self.given: list[float] = []

    def predict(self, songs: pd.DataFrame) -> pd.DataFrame:
        y, rate = soundfile.read(io.BytesIO(songs["audio"][0]))
        self.given.append(len(y) / rate)
        return pd.DataFrame(
            [{"genre": "jazz", "timeline": [], **{f"probability.{genre}": 1 / 3 for genre in GENRES}}]
        )


@pytest.fixture
def rescore(small_project: Path, small_params: Params, monkeypatch: pytest.MonkeyPatch):
    """Play the validation songs, each 30 s long, to a champion fitted on given tracks."""
    import mlflow

    champion = Champion()
    folder = Path(small_params.corpus.sources["audio"].path)
    for path in pd.read_parquet(small_project / "corpus/audio.parquet")["path"]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        song(folder / path, seconds=30.0)
    monkeypatch.setattr(rescoring.integrity, "checked", lambda *_: small_project)
    monkeypatch.setattr(mlflow.pyfunc, "load_model", lambda _: champion)

    def rescore(
        *, unit: str, fitted_on: list[str], genres: tuple[str, ...] = GENRES
    ) -> tuple[Champion, pd.DataFrame]:
        folder = small_project / "training"
        training_record(train_tracks=fitted_on, genres=list(genres)).write(folder / "training.json")
        client = SimpleNamespace(download_artifacts=lambda *_: str(folder))
        version = SimpleNamespace(run_id="1", name="genre", version="1")
        return champion, rescoring.validation_predictions(
            client, version, unit=unit, params=small_params, root=small_project
        )

    return rescore


@pytest.mark.parametrize(("unit", "seconds"), [("segment", SECONDS), ("track", 30.0)])
def test_it_is_given_what_the_challenger_predicted(rescore, unit, seconds):
    champion, found = rescore(unit=unit, fitted_on=[])
    assert set(champion.given) == {seconds}
    assert set(found["predicted"]) == {"jazz"}
    assert set(found["part"]) == {"validation"}


def test_songs_it_was_fitted_on_play_no_part(rescore):
    _, before = rescore(unit="segment", fitted_on=[])
    _, found = rescore(unit="segment", fitted_on=before["track"].tolist()[:2])
    assert set(found["track"]) == set(before["track"][2:])
    _, none = rescore(unit="segment", fitted_on=before["track"].tolist())
    assert none.empty


def test_other_genres_are_refused(rescore):
    with pytest.raises(RegistryError, match="blues, polka"):
        rescore(unit="segment", fitted_on=[], genres=("blues", "polka"))


def test_the_opening_holds_the_same_samples(tmp_path, small_params):
    path = song(tmp_path / "a.wav", seconds=5.0)
    opening, rate = soundfile.read(
        io.BytesIO(rescoring.opening(path, seconds=2.0, params=small_params)), dtype="float32"
    )
    whole, _ = soundfile.read(path, dtype="float32")
    assert rate == RATE
    np.testing.assert_array_equal(opening, whole[: 2 * RATE])
