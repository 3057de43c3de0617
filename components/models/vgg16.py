"""Dense layers on frozen VGG16 features of the mel-spectrogram picture."""

from __future__ import annotations

from keras import Model

from components.models import Hyperparameters
from components.models import layers as pieces


def build(hp: Hyperparameters, *, input_shape: tuple[int, ...], classes: int) -> Model:
    """Build the study's part above the frozen encoder, whose output is the feature ``vgg16_embedding``.

    Parameters
    ----------
    hp : mapping
        ``standardise``, ``activation``, ``units_1`` to ``units_4``, ``dropout_1`` to ``dropout_4``,
        ``dropout_rate``, ``has_fourth_layer``.
    input_shape : tuple of int
        ``(values,)``; of windows, ``(windows, values)``, the whole picture alone counts.
    classes : int
        Number of genres.

    Returns
    -------
    keras.Model
        Uncompiled; output ``(rows, classes)``, each row summing to 1.
    """
    inputs, x = pieces.begin(input_shape, axes=1, views=False)
    x = pieces.standardise(x) if hp["standardise"] else x
    outputs = pieces.head(x, hp, classes=classes, depth=4 if hp["has_fourth_layer"] else 3)
    return Model(inputs, outputs, name="vgg16")


def build_best(hp: Hyperparameters, *, input_shape: tuple[int, ...], classes: int) -> Model:
    """Build the better part above the encoder: principal components, then Dense; windows are averaged.

    Parameters
    ----------
    hp : mapping
        ``windows`` (false: the whole picture alone), ``clip`` (deviations), ``components``, ``activation``,
        ``units_1``, ``units_2``, ``dropout_rate``.
    input_shape : tuple of int
        ``(values,)`` or, of the whole picture and windows of it in time, ``(windows, values)``.
    classes : int
        Number of genres.

    Returns
    -------
    keras.Model
        Uncompiled; output ``(rows, classes)``, each row summing to 1.
    """
    inputs, x = pieces.begin(input_shape, axes=1, views=hp["windows"])
    x = pieces.standardise(x, clip=hp["clip"])
    x = pieces.prepared(pieces.principal_components(x, count=hp["components"]))
    return Model(inputs, pieces.average_views(pieces.head(x, hp, classes=classes)), name="vgg16")
