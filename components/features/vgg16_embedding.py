"""VGG16's view of a mel-spectrogram picture: each block's output, summed up over the picture."""

from __future__ import annotations

import math
import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from components.features import encoder as encoders
from components.features.encoder import Encoder
from components.features.mel_image import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from components.params import PretrainedParams, Strict

SAMPLE_RATE = None
READS = ("pictures", "mel_image")
UNITS = ("track", "segment")
NAMES = None
ENCODER = "vgg16"

#: Pictures in one call of the encoder. The last call is filled up, so that a row does not depend on how many
#: others are beside it; but a picture that is alone, as a song in prediction, costs one and not four.
BATCH = 4
Statistic = Literal["mean", "std", "max", "min"]


class Options(Strict):
    """What can be chosen.

    ``preparation``: ``raw`` (0 to 255), ``scaled`` (0 to 1) or ``preprocess_input`` (Keras' own for VGG16: blue,
    green, red, less ImageNet's means). ``blocks``: of the encoder's five, those whose pooled output is kept.
    ``statistics``: what is taken of each channel over time and frequency; or ``flatten``, which keeps every
    value of the blocks. ``bands``: take the statistics in so many bands of frequency, top to bottom, since what
    sounds low and what sounds high is told apart by its place; more than one band leaves the picture's white
    margins out. ``crop``: keep only so many pixels from the upper left corner.
    """

    preparation: Literal["raw", "scaled", "preprocess_input"] = "preprocess_input"
    blocks: Annotated[tuple[Annotated[int, Field(ge=1, le=5)], ...], Field(min_length=1)] = (3, 4, 5)
    statistics: tuple[Statistic, ...] | Literal["flatten"] = ("mean", "std")
    bands: Annotated[int, Field(ge=1, le=9)] = 1
    crop: Annotated[int, Field(ge=32, le=288)] | None = None

    @model_validator(mode="after")
    def _no_repeats(self) -> Options:
        if sorted(set(self.blocks)) != list(self.blocks):
            raise ValueError(f"blocks is {list(self.blocks)}; valid: rising numbers, each once")
        if self.bands > 1 and (self.crop or self.statistics == "flatten"):
            raise ValueError(f"bands is {self.bands}; valid with crop or flatten: 1")
        if not self.statistics:
            raise ValueError("statistics is empty; valid: mean, std, max, min, or flatten")
        return self


def extract(clips: np.ndarray, *, options: Options, encoder: Encoder) -> np.ndarray:
    """Embed each picture.

    Parameters
    ----------
    clips : ndarray of float32, shape (n, height, width, 3)
        Pictures: red, green, blue, 0 to 255.
    options : Options
        See there.
    encoder : Encoder
        From :func:`load_encoder`.

    Returns
    -------
    ndarray of float32, shape (n, values)
        Block after block, statistic after statistic, band after band; 256 + 512 + 512 channels times two
        statistics by default. 0 and up.
    """
    if options.crop:
        clips = clips[:, : options.crop, : options.crop]
    rows = []
    for start in range(0, len(clips), BATCH):
        group = np.asarray(clips[start : start + BATCH], dtype=np.float32)
        missing = 0 if len(clips) == 1 else BATCH - len(group)
        full = np.concatenate([group, np.repeat(group[-1:], missing, axis=0)])
        outputs = encoder.run(prepare(full, preparation=options.preparation), blocks=options.blocks)
        rows.append(
            np.concatenate([_reduce(o, options.statistics, options.bands) for o in outputs], axis=1)[
                : len(group)
            ]
        )
    return np.concatenate(rows)


def prepare(pictures: np.ndarray, *, preparation: str) -> np.ndarray:
    """Prepare pictures for the encoder.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, height, width, 3)
        Red, green, blue, 0 to 255.
    preparation : str
        See :class:`Options`.

    Returns
    -------
    ndarray of float32
        Of the same shape.
    """
    match preparation:
        case "scaled":
            return pictures / np.float32(255)
        case "preprocess_input":
            from keras.applications.vgg16 import preprocess_input

            return preprocess_input(pictures.copy())
        case _:
            return pictures


def _reduce(output: np.ndarray, statistics: tuple[str, ...] | str, bands: int) -> np.ndarray:
    if isinstance(statistics, str):
        return output.reshape(len(output), -1)
    if bands > 1:
        rows, columns = output.shape[1:3]
        inside = output[:, _inside(TOP, BOTTOM, size=HEIGHT, cells=rows)]
        output = inside[:, :, _inside(LEFT, RIGHT, size=WIDTH, cells=columns)]
    parts = np.array_split(output, bands, axis=1)
    return np.concatenate([getattr(part, name)(axis=(1, 2)) for name in statistics for part in parts], axis=1)


def _inside(first: int, last: int, *, size: int, cells: int) -> slice:
    # Cells of a pooled map that lie wholly within pixels first to last.
    return slice(math.ceil(first * cells / size), max((last + 1) * cells // size, 1))


def weights_file(value: str) -> Path:
    """Return the file that ``pretrained.vgg16`` stands for.

    Parameters
    ----------
    value : str
        A path, or ``imagenet``: then Keras' own copy.

    Returns
    -------
    Path
        It may not exist.
    """
    if value != "imagenet":
        return Path(value)
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    return home / "models" / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"


def load_encoder(pretrained: PretrainedParams) -> Encoder:
    """Load VGG16 without its top.

    Parameters
    ----------
    pretrained : PretrainedParams
        For ``vgg16`` (a path, ``imagenet``, or ``untrained``) and ``allow_untrained``.

    Returns
    -------
    Encoder
        ``run`` takes prepared pictures and ``blocks``, and gives each block's pooled output,
        ``(n, height, width, channels)``.

    Raises
    ------
    PretrainedError
        If the weights cannot be had and ``allow_untrained`` is false.
    """
    return _load(pretrained.vgg16, pretrained.allow_untrained)


@lru_cache(maxsize=2)
def _load(value: str, allow_untrained: bool) -> Encoder:
    from keras.applications import VGG16

    reason, path = "", weights_file(value)
    if value != encoders.UNTRAINED:
        if value != "imagenet" and not path.is_file():
            reason = "no such file"
        else:
            try:
                # By path where the file is there: Keras deletes a file of the official name and another hash.
                model = VGG16(weights=str(path) if path.is_file() else "imagenet", include_top=False)
            except Exception as error:  # noqa: BLE001 - Keras raises the bare class where a download fails
                reason = f"cannot be loaded ({' '.join(str(error).split())[:200]})"
            else:
                origin = "imagenet" if value == "imagenet" else path.name
                return _encoder(model, origin=origin, trained=True)
    encoders.say_untrained(
        "vgg16",
        key="pretrained.vgg16",
        value=value,
        reason=reason,
        remedy="put the path of vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5 (or another weights file of "
        "keras.applications.VGG16 without top) there",
        allowed=allow_untrained,
    )
    model = VGG16(weights=None, include_top=False)
    _seed(model)
    return _encoder(model, origin=f"seed {encoders.SEED}", trained=False)


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
        name="vgg16",
        run=run,
        origin=origin,
        trained=trained,
        sha256=encoders.sha256_of_arrays(model.get_weights()),
    )


def _seed(model: Any) -> None:
    # He's initialisation, drawn by NumPy: the same on every machine, and nobody else's random state is touched.
    random = np.random.default_rng(encoders.SEED)
    weights = []
    for shape in (np.shape(weight) for weight in model.get_weights()):
        fan_in = int(np.prod(shape[:-1]))
        scale = (2.0 / fan_in) ** 0.5 if len(shape) > 1 else 0.0
        weights.append(random.normal(0.0, 1.0, shape).astype(np.float32) * np.float32(scale))
    model.set_weights(weights)
