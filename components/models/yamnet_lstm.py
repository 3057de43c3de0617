"""A stack of LSTM layers on the sequence of frozen YAMNet frames, with an optional extra layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.models import Hyperparameters
from components.models import layers as pieces

if TYPE_CHECKING:
    import keras


def build(hp: Hyperparameters, *, input_shape: tuple[int, ...], classes: int) -> keras.Model:
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
    from keras import Model, layers

    inputs, x = pieces.begin(input_shape, axes=2, views=False)
    x = pieces.standardise(x) if hp["standardise"] else x
    stack = [hp["units_1"], hp["units_2"]]
    if hp["has_additional_layer"]:
        stack.append(hp["units_additional"])
    for number, units in enumerate(stack, start=1):
        x = layers.LSTM(units, activation=hp["activation"], return_sequences=True, name=f"lstm_{number}")(x)
        if hp.get(f"dropout_{number}"):
            x = layers.Dropout(hp[f"dropout_rate{number}"], name=f"dropout_{number}")(x)
    x = layers.LSTM(hp["units_3"], activation=hp["activation"], name="lstm_last")(x)
    outputs = layers.Dense(classes, activation="softmax", name="genre")(x)
    return Model(inputs, outputs, name="yamnet_lstm")


def build_best(hp: Hyperparameters, *, input_shape: tuple[int, ...], classes: int) -> keras.Model:
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
    from keras import Model

    inputs, x = pieces.begin(input_shape, axes=2, views=True)
    x = pieces.compress(x) if hp["compress"] else x
    x = pieces.prepared(pieces.standardise(x, clip=hp["clip"]))
    outputs = pieces.average_views(pieces.read_both_ways(x, hp, classes=classes))
    return Model(inputs, outputs, name="yamnet_lstm")
