"""Layers of frozen encoders side by side, each encoder's of one weight; Dense layers or least squares, softmax."""

from __future__ import annotations

from keras import Model, layers

from components.models import Hyperparameters
from components.models import layers as pieces


def build(hp: Hyperparameters, *, input_shape: tuple[int, ...], classes: int) -> Model:
    """Build Dense layers above the frozen encoders, whose output is a row of the feature.

    Parameters
    ----------
    hp : mapping
        ``clip`` (deviations), ``blocks`` (columns of each layer of an encoder, in the feature's order),
        ``activation``, ``units_1``, ``units_2``, ``dropout_rate``.
    input_shape : tuple of int
        ``(columns,)``.
    classes : int
        Number of genres.

    Returns
    -------
    keras.Model
        Uncompiled; output ``(rows, classes)``, each row summing to 1.
    """
    inputs = layers.Input(input_shape)
    x = pieces.prepared(_blocks(inputs, hp))
    return Model(inputs, pieces.head(x, hp, classes=classes), name="encoders")


def build_best(hp: Hyperparameters, *, input_shape: tuple[int, ...], classes: int) -> Model:
    """Build the better head: least squares on the genres, which overfits a few hundred songs less than a softmax.

    Parameters
    ----------
    hp : mapping
        ``clip`` and ``blocks`` as in :func:`build`; ``ridge`` (see :func:`components.models.layers.least_squares`);
        ``sharpness``, by which scores are multiplied before the softmax: its probabilities are of the right size
        for songs that were not fitted on, and calibration mends what is left.
    input_shape : tuple of int
        ``(columns,)``.
    classes : int
        Number of genres.

    Returns
    -------
    keras.Model
        Uncompiled; output ``(rows, classes)``, each row summing to 1. Nothing in it is trained in epochs.
    """
    inputs = layers.Input(input_shape)
    scores = pieces.least_squares(_blocks(inputs, hp), classes=classes, ridge=hp["ridge"])
    sharp = layers.Rescaling(hp["sharpness"], name="sharpness")(pieces.prepared(scores))
    return Model(inputs, layers.Softmax(name="genre")(sharp), name="encoders")


def _blocks(x: layers.Layer, hp: Hyperparameters) -> layers.Layer:
    return pieces.scale_blocks(pieces.standardise(x, clip=hp["clip"]), widths=hp["blocks"])
