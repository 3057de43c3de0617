"""VGG16 without its top, by Keras: the pooled output of each of its five blocks."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from components.core import hashing
from components.core.errors import MissingWeightsError
from components.features.encoders import base
from components.features.encoders.base import SEED, Encoder

LICENCE = "CC BY 4.0"
TRAINED_ON = "ImageNet, photographs"
PARAMETERS = 14_714_688
REQUIREMENTS = ()
#: Pictures in one call of the encoder, on a processor and on a GPU (their maps of the first block take 4 GB there).
BATCH, GPU_BATCH = 4, 64
_OFFICIAL = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"


def locate(value: str) -> Path:
    """Return the weights file; it may not exist.

    Parameters
    ----------
    value : str
        A path, or ``imagenet``: then Keras' own copy, in ``KERAS_HOME`` where that is set.
    """
    if value != "imagenet":
        return Path(value)
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models" / _OFFICIAL


def load(value: str) -> Encoder:
    """Load a weights file; ``imagenet`` is downloaded where Keras has no copy.

    Returns
    -------
    Encoder
        ``run(pictures, blocks=blocks)`` takes prepared pictures ``(n, height, width, 3)`` and numbers of blocks,
        1 to 5, and returns each block's pooled output, ``(n, height, width, channels)``.
    """
    from keras.applications import VGG16

    path, reason = locate(value), "no such file"
    if value == "imagenet" or path.is_file():
        try:
            # By path where the file is there: Keras deletes a file of the official name and another hash.
            model = VGG16(weights=str(path) if path.is_file() else "imagenet", include_top=False)
        except Exception as error:  # noqa: BLE001 - Keras raises the bare class where a download fails
            reason = f"cannot be loaded ({' '.join(str(error).split())[:200]})"
        else:
            return _encoder(model, origin="imagenet" if value == "imagenet" else path.name, trained=True)
    raise MissingWeightsError(
        f"{reason}; valid: the path of {_OFFICIAL} or of another weights file of keras.applications.VGG16 without top"
    )


def untrained() -> Encoder:
    """Build the same network with He's initialisation."""
    from keras.applications import VGG16

    model = VGG16(weights=None, include_top=False)
    # Drawn by NumPy: the same on every machine, and no other random state is touched.
    random = np.random.default_rng(SEED)
    weights = []
    for shape in (np.shape(weight) for weight in model.get_weights()):
        fan_in = int(np.prod(shape[:-1]))
        scale = (2.0 / fan_in) ** 0.5 if len(shape) > 1 else 0.0
        weights.append(random.normal(0.0, 1.0, shape).astype(np.float32) * np.float32(scale))
    model.set_weights(weights)
    return _encoder(model, origin=f"seed {SEED}", trained=False)


def _encoder(model: Any, *, origin: str, trained: bool) -> Encoder:
    import keras
    import tensorflow as tf

    model.trainable = False

    @lru_cache(maxsize=4)
    def graph(blocks: tuple[int, ...]) -> Any:
        outputs = [model.get_layer(f"block{number}_pool").output for number in blocks]
        part = keras.Model(model.input, outputs)
        return tf.function(lambda pictures: part(pictures, training=False))

    def run(pictures: np.ndarray, *, blocks: tuple[int, ...]) -> list[np.ndarray]:
        outputs = graph(blocks)(tf.constant(pictures))
        return [np.asarray(output) for output in (outputs if isinstance(outputs, list) else [outputs])]

    return Encoder(
        "vgg16",
        run,
        origin=origin,
        trained=trained,
        sha256=hashing.arrays(model.get_weights()),
        batch=base.batch(cpu=BATCH, gpu=GPU_BATCH),
    )
