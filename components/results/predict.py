"""Predictions of a fitted model, their measures, and hashes of what made them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from components.evaluation import aggregation
from components.evaluation import metrics as evaluation
from components.results import calibration
from components.training import dataset, inference

if TYPE_CHECKING:
    import keras
    import pandas as pd


def predict(model: keras.Model, *, part: dataset.Part, name: str, genres: list[str]) -> pd.DataFrame:
    """Give each row of a part its probabilities.

    Parameters
    ----------
    model : keras.Model
        A fitted model.
    part : Part
        The rows.
    name : str
        What to call the part.
    genres : list of str
        Label order.

    Returns
    -------
    DataFrame
        From :func:`components.evaluation.aggregation.table`.
    """
    values = inference.probabilities(model, part.x)
    return aggregation.table(part.rows.assign(part=name), values=values, genres=genres)


def score(predictions: pd.DataFrame, *, genres: list[str], seed: int) -> dict[str, float]:
    """Evaluate both parts.

    Parameters
    ----------
    predictions : DataFrame
        From :func:`predict`, both parts.
    genres : list of str
        Label order.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    dict of str to float
        ``validation.<metric>`` and ``test.<metric>``.
    """
    return {
        f"{part}.{metric}": value
        for part in ("validation", "test")
        for metric, value in evaluation.evaluate(predictions, genres=genres, part=part, seed=seed).items()
    }


def weights_hash(model: keras.Model) -> str:
    """Hash a model's weights, and its temperature: equal ones give the same hash, however they were saved.

    Parameters
    ----------
    model : keras.Model
        Any model.

    Returns
    -------
    str
        SHA-256, 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(f"{weight.dtype}{weight.shape}".encode())
        digest.update(np.ascontiguousarray(weight).tobytes())
    for layer in model.layers:
        if layer.name == calibration.LAYER:
            digest.update(f"{layer.get_layer('scale').scale!r}".encode())
    return digest.hexdigest()
