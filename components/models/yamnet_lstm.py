"""A stack of LSTM layers on the sequence of frozen YAMNet frames, with an optional extra layer."""

from __future__ import annotations

from keras import Model

from components.models import Hyperparameters
from components.models import layers as pieces


def build(hp: Hyperparameters, *, input_shape: tuple[int, ...], classes: int) -> Model:
    """Build the study's part above the frozen encoder, whose output is the feature ``yamnet_embedding``.

    Parameters
    ----------
    hp : mapping
        ``standardise``, ``activation``, ``units_1`` to ``units_3``, ``units_additional``,
        ``has_additional_layer``, ``dropout_1``, ``dropout_rate1``, ``dropout_2``, ``dropout_rate2``.
    input_shape : tuple of int
        ``(frames, 1024)``; of several speeds, ``(views, frames, 1024)``, the clip as it is counts alone.
    classes : int
        Number of genres.

    Returns
    -------
    keras.Model
        Uncompiled; output ``(rows, classes)``, each row summing to 1.
    """
    inputs, x = pieces.begin(input_shape, axes=2, views=False)
    x = pieces.standardise(x) if hp["standardise"] else x
    additional = [hp["units_additional"]] if hp["has_additional_layer"] else []
    units = [hp["units_1"], hp["units_2"], *additional, hp["units_3"]]
    return Model(inputs, pieces.lstm_stack(x, hp, units=units, classes=classes), name="yamnet_lstm")


def build_best(hp: Hyperparameters, *, input_shape: tuple[int, ...], classes: int) -> Model:
    """Build the better part above the encoder: frames spread, read both ways, and summed up beside it.

    Parameters
    ----------
    hp : mapping
        ``compress``, ``clip`` (deviations), and those of :func:`components.models.layers.read_both_ways`.
    input_shape : tuple of int
        ``(frames, 1024)`` or, of several speeds, ``(views, frames, 1024)``.
    classes : int
        Number of genres.

    Returns
    -------
    keras.Model
        Uncompiled; output ``(rows, classes)``, each row summing to 1.
    """
    inputs, x = pieces.begin(input_shape, axes=2, views=True)
    x = pieces.compress(x) if hp["compress"] else x
    x = pieces.prepared(pieces.standardise(x, clip=hp["clip"]))
    outputs = pieces.average_views(pieces.read_both_ways(x, hp, classes=classes))
    return Model(inputs, outputs, name="yamnet_lstm")
