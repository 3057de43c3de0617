"""Three LSTM layers on MFCC sequences."""

from __future__ import annotations

from keras import Model, layers

from components.models import Hyperparameters
from components.models import layers as pieces


def build(hp: Hyperparameters, *, input_shape: tuple[int, ...], classes: int) -> Model:
    """Build the study's network.

    With ``activation`` tanh and the layers' other defaults Keras may use cuDNN's kernels (the conditions are
    listed in the documentation of ``keras.layers.LSTM``).

    Parameters
    ----------
    hp : mapping
        ``standardise``, ``activation``, ``units_1`` to ``units_3``, ``dropout_1``, ``dropout_rate1``,
        ``dropout_2``, ``dropout_rate2``.
    input_shape : tuple of int
        ``(frames, coefficients)``.
    classes : int
        Number of genres.

    Returns
    -------
    keras.Model
        Uncompiled; output ``(rows, classes)``, each row summing to 1.
    """
    inputs = layers.Input(input_shape)
    x = pieces.standardise(inputs) if hp["standardise"] else inputs
    units = [hp[f"units_{number}"] for number in (1, 2, 3)]
    return Model(inputs, pieces.lstm_stack(x, hp, units=units, classes=classes), name="lstm")


def build_best(hp: Hyperparameters, *, input_shape: tuple[int, ...], classes: int) -> Model:
    """Build the better network: LSTM layers that read both ways, summed up over time.

    Parameters
    ----------
    hp : mapping
        ``clip`` (deviations), ``frames_at_once`` (neighbours averaged before the first layer), and those of
        :func:`components.models.layers.read_both_ways`.
    input_shape : tuple of int
        ``(frames, coefficients)``.
    classes : int
        Number of genres.

    Returns
    -------
    keras.Model
        Uncompiled; output ``(rows, classes)``, each row summing to 1.
    """
    inputs = layers.Input(input_shape)
    x = pieces.standardise(inputs, clip=hp["clip"])
    if hp["frames_at_once"] > 1:
        x = layers.AveragePooling1D(hp["frames_at_once"], name="frames")(x)
    outputs = pieces.read_both_ways(pieces.prepared(x), hp, classes=classes)
    return Model(inputs, outputs, name="lstm")
