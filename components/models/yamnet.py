"""Mean and deviation of frozen YAMNet frames over time, three Dense layers, softmax."""

from __future__ import annotations

from keras import Model

from components.models import Hyperparameters
from components.models import layers as pieces


def build(hp: Hyperparameters, *, input_shape: tuple[int, ...], classes: int) -> Model:
    """Build the study's part above the frozen encoder, whose output is the feature ``yamnet_embedding``.

    Parameters
    ----------
    hp : mapping
        ``standardise``, ``activation``, ``units_1`` to ``units_3``, ``dropout``, ``dropout_rate``.
    input_shape : tuple of int
        ``(frames, 1024)``, a row a patch (see :func:`components.features.encoders.yamnet.patch_starts`). Of several
        speeds, ``(views, frames, 1024)``, the clip as it is counts alone.
    classes : int
        Number of genres.

    Returns
    -------
    keras.Model
        Uncompiled; output ``(rows, classes)``, each row summing to 1.
    """
    inputs, x = pieces.begin(input_shape, axes=2, views=False)
    x = pieces.pool(x, statistics=("mean", "std"))
    x = pieces.standardise(x) if hp["standardise"] else x
    return Model(inputs, pieces.head(x, hp, classes=classes), name="yamnet")


def build_best(hp: Hyperparameters, *, input_shape: tuple[int, ...], classes: int) -> Model:
    """Build the better part above the encoder: small values spread, outliers cut off, less to fit.

    Parameters
    ----------
    hp : mapping
        ``statistics`` (over time, of ``mean``, ``std``, ``max``), ``compress``, ``clip`` (deviations), ``activation``,
        ``units_1``, ``units_2``, ``dropout_rate``.
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
    x = pieces.pool(x, statistics=hp["statistics"])
    x = pieces.compress(x) if hp["compress"] else x
    x = pieces.prepared(pieces.standardise(x, clip=hp["clip"]))
    return Model(inputs, pieces.average_views(pieces.head(x, hp, classes=classes)), name="yamnet")
