"""Temperature scaling: one number that makes a network's probabilities as sure as validation songs are right.

C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from components.config.strict import Strict
from components.core.errors import PredictionsError
from components.evaluation import aggregation
from components.evaluation.metrics import SMALLEST_PROBABILITY

if TYPE_CHECKING:
    import keras
    import pandas as pd

#: Temperatures that are searched. What lies beyond a factor of four is chance of a small part, or a broken network.
BOUNDS = (0.25, 4.0)
#: A temperature of fewer songs is noise: from 20 songs it is off by about a fifth, from 200 by a fifteenth.
FEWEST_SONGS = 20
#: Logarithms are taken of no less: a softmax in float32 gives 0 where the odds are longer.
SMALLEST = 1e-30
#: Name of the layer that divides by the temperature in a calibrated network.
LAYER = "temperature"


class Calibration(Strict):
    """A temperature, and what it was fitted on, or why none was.

    Attributes
    ----------
    temperature : float
        Logarithms of the probabilities are divided by it: above 1 they become less sure, below 1 surer.
    songs : int
        Validation songs it was fitted on; 0 where it was not fitted.
    reason : str
        One clause, to be shown beside the number.
    """

    temperature: float = 1.0
    songs: int = 0
    reason: str = "training.calibrate is false"

    def __str__(self) -> str:
        """Write the temperature and its reason in one line."""
        return f"{self.temperature:.3g}: {self.reason}"


def scale(probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Divide the logarithms of probabilities by a temperature.

    Parameters
    ----------
    probabilities : ndarray, shape (rows, genres)
        Each row sums to 1.
    temperature : float
        Above 0.

    Returns
    -------
    ndarray of float64, shape (rows, genres)
        ``p ** (1 / temperature)``, each row divided by its sum. The order within a row stays.
    """
    from scipy.special import softmax

    logs = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), SMALLEST))
    return np.asarray(softmax(logs / temperature, axis=1))


def song_log_loss(
    probabilities: NDArray[np.floating], *, songs: NDArray[np.integer], actual: NDArray[np.integer]
) -> float:
    """Return the mean log loss of songs, each by the mean of its rows: the way predictions are aggregated.

    Parameters
    ----------
    probabilities : ndarray, shape (rows, genres)
        Each row sums to 1.
    songs : ndarray of int, shape (rows,)
        Number of each row's song, from 0, none left out.
    actual : ndarray of int, shape (rows,)
        Place of each row's genre.

    Returns
    -------
    float
        Nats, 0 or more.
    """
    given = probabilities[np.arange(len(probabilities)), actual]
    means = np.bincount(songs, weights=given) / np.bincount(songs)
    return float(-np.log(np.clip(means, SMALLEST_PROBABILITY, 1.0)).mean())


def fit(predictions: pd.DataFrame, *, genres: Sequence[str]) -> Calibration:
    """Fit the temperature that gives songs the lowest log loss.

    Parameters
    ----------
    predictions : DataFrame
        Of the validation part alone, one row a segment (or song), as of
        :func:`components.results.predict.predict`.
    genres : sequence of str
        Label order.

    Returns
    -------
    Calibration
        With temperature 1 where there are fewer than :data:`FEWEST_SONGS` songs, or all are right: then the log
        loss falls without end, however sure the network becomes.

    Raises
    ------
    PredictionsError
        If the table has rows of another part than validation, or cannot be a model's predictions.
    """
    from scipy.optimize import minimize_scalar

    names = aggregation.check(predictions, genres=genres)
    if others := sorted(set(predictions["part"]) - {"validation"}):
        raise PredictionsError(f"a temperature is fitted on part {others[0]!r}; valid: validation alone")
    table = aggregation.songs(predictions)
    if len(table) < FEWEST_SONGS:
        return Calibration(reason=f"{len(table)} validation songs are too few, {FEWEST_SONGS} are needed")
    if table["correct"].all():
        return Calibration(reason=f"all {len(table)} validation songs are right, which sets it no limit")
    values = aggregation.probabilities(predictions, genres=names)
    songs = predictions.groupby("track", sort=True).ngroup().to_numpy()
    actual = aggregation.labels(predictions["genre"], genres=names)

    def loss(log_temperature: float) -> float:
        return song_log_loss(scale(values, np.exp(log_temperature)), songs=songs, actual=actual)

    found = minimize_scalar(loss, bounds=np.log(BOUNDS), method="bounded", options={"xatol": 1e-4})
    return Calibration(
        temperature=float(np.exp(found.x)),
        songs=len(table),
        reason=f"log loss of {len(table)} validation songs {loss(0.0):.3f} before, {found.fun:.3f} after",
    )


def calibrated(network: keras.Model, temperature: float) -> keras.Model:
    """Put the temperature behind a network's softmax.

    Parameters
    ----------
    network : keras.Model
        Ends in probabilities, shape (rows, genres).
    temperature : float
        Above 0; 1 returns the network itself.

    Returns
    -------
    keras.Model
        The network with layers of Keras alone behind it, which its safe mode loads: its probabilities as
        :func:`scale` makes them. The weights are shared.
    """
    import keras

    if temperature == 1.0:
        return network
    # A model of its own: Keras names operations itself, and a network's layers may have the same names.
    given = keras.Input(network.output_shape[1:])
    logs = keras.ops.log(keras.ops.maximum(given, SMALLEST))
    scaled = keras.layers.Rescaling(1.0 / temperature, name="scale")(logs)
    calibrator = keras.Model(given, keras.layers.Softmax()(scaled), name=LAYER)
    return keras.Model(network.input, calibrator(network.output), name=network.name)
