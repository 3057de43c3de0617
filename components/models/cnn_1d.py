"""Convolutions along time over mel bands, pooled over the whole clip, and softmax."""

from __future__ import annotations

from keras import Model, layers

from components.models import Hyperparameters
from components.models import layers as pieces


def build(hp: Hyperparameters, *, input_shape: tuple[int, ...], classes: int) -> Model:
    """Build the network.

    Every filter of the first block spans all bands and slides along time alone, as in S. Dieleman and B. Schrauwen,
    "End-to-end learning for music audio", ICASSP 2014.

    Parameters
    ----------
    hp : mapping
        ``clip`` (deviations); ``blocks`` of ``filters`` with a ``kernel_size`` in frames, each with batch
        normalisation, ``activation`` and maxima over ``pool_size`` frames; ``statistics`` of the last block's
        output over time (see :func:`components.models.layers.pool`); ``dropout_rate``, and ``units_1``,
        ``units_2`` ... where Dense layers come before the softmax.
    input_shape : tuple of int
        ``(frames, bands)``.
    classes : int
        Number of genres.

    Returns
    -------
    keras.Model
        Uncompiled; output ``(rows, classes)``, each row summing to 1.
    """
    inputs = layers.Input(input_shape)
    x = pieces.prepared(pieces.standardise(inputs, clip=hp["clip"]))
    for number in range(1, hp["blocks"] + 1):
        x = layers.Conv1D(
            hp["filters"], hp["kernel_size"], padding="same", use_bias=False, name=f"convolution_{number}"
        )(x)
        x = layers.BatchNormalization(name=f"normalisation_{number}")(x)
        x = layers.Activation(hp["activation"], name=f"activation_{number}")(x)
        x = layers.MaxPooling1D(hp["pool_size"], padding="same", name=f"maximum_{number}")(x)
    x = pieces.pool(x, statistics=hp["statistics"])
    x = layers.Dropout(hp["dropout_rate"], name="dropout")(x)
    return Model(inputs, pieces.head(x, hp, classes=classes), name="cnn_1d")
