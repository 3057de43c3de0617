"""MLP on the 57 summarised features: two hidden Dense layers, one more, softmax."""

from __future__ import annotations

import numpy as np
from keras import Model, layers, ops

from components.core.errors import ParamsError
from components.models import Hyperparameters
from components.models import layers as pieces

#: Which of the 57 columns of the public table are variances: eight pairs of mean and variance, the tempo, and twenty
#: pairs more.
COLUMNS = 57
VARIANCES = np.r_[1:17:2, 18:57:2]
#: Which follow the level of a recording: RMS, the harmonic and the percussive part (mean and variance), the first MFCC.
LEVEL = np.r_[2:4, 12:16, 17]


def build(hp: Hyperparameters, *, input_shape: tuple[int, ...], classes: int) -> Model:
    """Build the study's network.

    Parameters
    ----------
    hp : mapping
        ``standardise``, ``activation``, ``units_1`` to ``units_3``, ``dropout_1`` to ``dropout_3``,
        ``dropout_rate``.
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
    x = pieces.standardise(inputs) if hp["standardise"] else inputs
    return Model(inputs, pieces.head(x, hp, classes=classes), name="mlp")


def build_best(hp: Hyperparameters, *, input_shape: tuple[int, ...], classes: int) -> Model:
    """Build the better network: variances as logarithms, outliers cut off, bins, dropout behind every layer.

    Parameters
    ----------
    hp : mapping
        ``log_variances`` (of the 57 columns alone), ``level`` (of these, false leaves out those that follow the
        level of a recording; true where not given), ``clip`` (deviations), ``bins`` (so many a
        column, beside its value, where given), ``activation``, ``units_1``, ``units_2``, ``dropout_rate``.
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
    columns, x = input_shape[0], inputs
    for name, value in (("log_variances", True), ("level", False)):
        if hp.get(name, not value) == value and columns != COLUMNS:
            raise ParamsError(
                f"{name} is {str(value).lower()} for {columns} columns; valid: for the {COLUMNS} of mfcc_summary"
            )
    if hp["log_variances"]:
        x = pieces.log_columns(x, columns=np.isin(np.arange(columns), VARIANCES))
    if not hp.get("level", True):
        kept = np.delete(np.arange(columns), LEVEL)
        x, columns = ops.take(x, kept, axis=-1), len(kept)
    x = pieces.standardise(x, clip=hp["clip"])
    if bins := hp.get("bins", 0):
        x = ops.concatenate([x, pieces.piecewise(x, bins=bins, columns=columns)], axis=-1)
    x = pieces.prepared(x)
    return Model(inputs, pieces.head(x, hp, classes=classes), name="mlp")
