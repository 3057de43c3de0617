"""Temperature scaling: a known temperature is found again, and the network gives what the formula does."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from components.core.errors import PredictionsError
from components.evaluation import aggregation, metrics
from components.results import calibration
from components.serving import safe_keras

GENRES = ["blues", "jazz", "pop", "rock"]


def predictions(
    *, songs: int, segments: int = 1, temperature: float = 1.0, sure: float = 2.0, part: str = "validation"
) -> pd.DataFrame:
    """Songs whose genres are drawn by their own probabilities, which are then changed by a temperature."""
    rng = np.random.default_rng(0)
    true = calibration.scale(rng.dirichlet(np.ones(len(GENRES)), size=songs), 1.0 / sure)
    drawn = [rng.choice(len(GENRES), p=row) for row in true]
    values = np.repeat(calibration.scale(true, 1.0 / temperature), segments, axis=0)
    frame = pd.DataFrame(values, columns=[aggregation.PREFIX + genre for genre in GENRES])
    names = np.array(GENRES, dtype=object)
    return frame.assign(
        part=part,
        track=np.repeat([f"song.{number:05d}" for number in range(songs)], segments),
        segment=np.tile(np.arange(segments), songs),
        genre=np.repeat(names[drawn], segments),
        artist="",
        headline=True,
        predicted=names[values.argmax(axis=1)],
    )


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
@pytest.mark.parametrize("segments", [1, 3])
def test_a_known_temperature_is_found_again(temperature: float, segments: int) -> None:
    frame = predictions(songs=3000, segments=segments, temperature=temperature)
    found = calibration.fit(frame, genres=GENRES)
    assert found.temperature == pytest.approx(temperature, rel=0.08)
    assert found.songs == 3000


def test_calibrated_songs_are_as_sure_as_they_are_right() -> None:
    frame = predictions(songs=600, segments=3, temperature=3.0)
    found = calibration.fit(frame, genres=GENRES)
    columns = [aggregation.PREFIX + genre for genre in GENRES]
    after = frame.assign(
        **dict(zip(columns, calibration.scale(frame[columns].to_numpy(), found.temperature).T, strict=True))
    )
    before, error = (
        metrics.expected_error(metrics.reliability(aggregation.songs(table), genres=GENRES))
        for table in (frame, after)
    )
    assert error < 0.06 < before / 2


def test_a_row_s_highest_probability_stays_the_highest() -> None:
    rows = np.random.default_rng(1).dirichlet(np.ones(10), size=200)
    for temperature in calibration.BOUNDS:
        scaled = calibration.scale(rows, temperature)
        assert (scaled.argmax(axis=1) == rows.argmax(axis=1)).all()
        np.testing.assert_allclose(scaled.sum(axis=1), 1.0)


def test_few_songs_leave_the_network_as_it_is() -> None:
    found = calibration.fit(predictions(songs=calibration.FEWEST_SONGS - 1, temperature=3.0), genres=GENRES)
    assert found.temperature == 1.0
    assert "19 validation songs" in found.reason


def test_songs_that_are_all_right_set_no_limit() -> None:
    frame = predictions(songs=40)
    found = calibration.fit(frame.assign(genre=frame["predicted"]), genres=GENRES)
    assert (found.temperature, found.songs) == (1.0, 0)


def test_test_songs_are_refused() -> None:
    with pytest.raises(PredictionsError, match="validation alone"):
        calibration.fit(predictions(songs=40, part="test"), genres=GENRES)


def network(*, scale: float = 1.0):
    import keras

    inputs = keras.layers.Input((3,))
    logits = keras.layers.Dense(len(GENRES), kernel_initializer=keras.initializers.RandomNormal(seed=0))(
        inputs * scale
    )
    return keras.Model(inputs, keras.layers.Softmax()(logits), name="mlp")


@pytest.mark.parametrize("temperature", [0.4, 2.0])
def test_the_saved_network_gives_scaled_probabilities(temperature: float, tmp_path: Path) -> None:
    own = network(scale=20.0)
    x = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    calibration.calibrated(own, temperature).save(tmp_path / "model.keras")
    loaded = safe_keras.load(tmp_path / "model.keras")
    expected = calibration.scale(own.predict(x, verbose=0), temperature)
    np.testing.assert_allclose(loaded.predict(x, verbose=0), expected, atol=1e-6)
    assert loaded.name == "mlp"


def test_odds_beyond_float32_stay_numbers(tmp_path: Path) -> None:
    x = np.full((1, 3), 1e4, dtype=np.float32)
    given = calibration.calibrated(network(scale=1e4), 2.0).predict(x, verbose=0)
    assert np.isfinite(given).all()


def test_a_temperature_of_one_adds_nothing() -> None:
    own = network()
    assert calibration.calibrated(own, 1.0) is own


def test_a_network_s_layers_may_have_any_name() -> None:
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(4, name="maximum")(inputs)
    hidden = keras.layers.Dense(4, name="log_1")(keras.layers.Dense(4, name="maximum_1")(hidden))
    network = keras.Model(inputs, keras.layers.Softmax(name="calibrated")(hidden))
    row = np.ones((1, 3), dtype=np.float32)
    made = calibration.calibrated(network, 2.0)
    np.testing.assert_allclose(made(row), calibration.scale(np.asarray(network(row)), 2.0), atol=1e-6)
