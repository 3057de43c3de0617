"""VGG16's view of a mel-spectrogram picture: each block's output, summed up over the picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from components.config.strict import Strict
from components.corpus.image_files import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from components.features.encoders.base import Encoder

SAMPLE_RATE = None
READS = ("pictures", "mel_image")
UNITS = ("track", "segment")
NAMES = None
ENCODERS = ("vgg16",)

Statistic = Literal["mean", "std", "max", "min", "time_std"]


class Pooling(Strict):
    """One way to sum up maps.

    ``blocks``: of the encoder's five, those whose pooled output is summed up. ``statistics``: what is taken of
    each channel over time and frequency (``time_std``: how its mean over frequency deviates in time); or
    ``gram``, which channels are active in the same places (the root of the mean product of each pair, places
    averaged 2 by 2); or ``flatten``, which keeps every value. ``bands``: take the statistics in so many bands
    of frequency, top to bottom, since low and high sounds differ by their place; more
    than one band leaves the picture's white margins out.
    """

    blocks: Annotated[tuple[Annotated[int, Field(ge=1, le=5)], ...], Field(min_length=1)] = (3, 4, 5)
    statistics: tuple[Statistic, ...] | Literal["gram", "flatten"] = ("mean", "std")
    bands: Annotated[int, Field(ge=1, le=13)] = 1

    @model_validator(mode="after")
    def _pooled(self) -> Pooling:
        if sorted(set(self.blocks)) != list(self.blocks):
            raise ValueError(f"blocks is {list(self.blocks)}; valid: rising numbers, each once")
        if self.bands > 1 and isinstance(self.statistics, str):
            raise ValueError(f"bands is {self.bands}; valid with {self.statistics}: 1")
        if not self.statistics:
            raise ValueError("statistics is empty; valid: mean, std, max, min, time_std, or gram, or flatten")
        return self


class Options(Pooling):
    """What can be chosen.

    ``preparation``: ``raw`` (0 to 255), ``scaled`` (0 to 1) or ``preprocess_input`` (Keras' own for VGG16: blue,
    green, red, less ImageNet's means). ``crop``: ``content`` (cut the white margins off), or keep only so many
    pixels from the upper left corner. ``shrink``: average squares of so many pixels a side first; the encoder then
    costs the square of that less. ``also``: further poolings, whose values follow. ``windows``: more than
    one gives each row a second axis: the whole picture, then windows of half its length, evenly laid.
    """

    preparation: Literal["raw", "scaled", "preprocess_input"] = "preprocess_input"
    crop: Annotated[int, Field(ge=32, le=288)] | Literal["content"] | None = None
    shrink: Literal[1, 2, 4] = 1
    also: tuple[Pooling, ...] = ()
    windows: Annotated[int, Field(ge=1, le=9)] = 1

    @model_validator(mode="after")
    def _fit_together(self) -> Options:
        if self.bands > 1 and isinstance(self.crop, int):
            raise ValueError(f"bands is {self.bands}; valid with crop in pixels: 1")
        for pooling in (self, *self.also):
            # The shortest picture that is pooled is the content, and a band needs a row of cells.
            rows = (BOTTOM - TOP) // (self.shrink * 2 ** max(pooling.blocks)) - 1
            if pooling.bands > max(rows, 1):
                raise ValueError(
                    f"bands is {pooling.bands} of block {max(pooling.blocks)} with shrink {self.shrink}; "
                    f"valid: 1 to {max(rows, 1)}"
                )
        if self.statistics == "flatten" and self.windows > 1:
            raise ValueError(f"windows is {self.windows}; valid with flatten: 1")
        return self


def extract(clips: np.ndarray, *, options: Options, encoders: Sequence[Encoder]) -> np.ndarray:
    """Embed each picture.

    Parameters
    ----------
    clips : ndarray of float32, shape (n, height, width, 3)
        Pictures: red, green, blue, 0 to 255.
    options : Options
        See there.
    encoders : sequence of Encoder
        VGG16, loaded.

    Returns
    -------
    ndarray of float32, shape (n, values) or (n, windows, values)
        Pooling after pooling, block after block, statistic after statistic, band after band; 256 + 512 + 512
        channels times two statistics by default. 0 and up.
    """
    (encoder,) = encoders
    if options.crop == "content":
        clips = clips[:, TOP : BOTTOM + 1, LEFT : RIGHT + 1]
    elif options.crop:
        clips = clips[:, : options.crop, : options.crop]
    if options.shrink > 1:
        clips = _shrink(clips, options.shrink)
    pairs = [(block, pooling) for pooling in (options, *options.also) for block in pooling.blocks]
    blocks = tuple(sorted({block for block, _ in pairs}))
    rows = []
    for start in range(0, len(clips), encoder.batch):
        group = np.asarray(clips[start : start + encoder.batch], dtype=np.float32)
        # The last call is filled up, so that a row does not depend on how many others are beside it; but a picture that
        # is alone, as a song in prediction, costs one.
        missing = 0 if len(clips) == 1 else encoder.batch - len(group)
        full = np.concatenate([group, np.repeat(group[-1:], missing, axis=0)])
        outputs = encoder.run(prepare(full, preparation=options.preparation), blocks=blocks)
        maps = {block: output[: len(group)] for block, output in zip(blocks, outputs, strict=True)}
        views = []
        for view in range(options.windows):
            seen = {block: _window(output, view, of=options.windows) for block, output in maps.items()}
            parts = [_reduce(seen[block], pooling, cut=options.crop) for block, pooling in pairs]
            views.append(np.concatenate(parts, axis=1))
        rows.append(views[0] if options.windows == 1 else np.stack(views, axis=1))
    return np.concatenate(rows)


def _shrink(pictures: np.ndarray, by: int) -> np.ndarray:
    n, height, width, channels = pictures.shape
    even = pictures[:, : height - height % by, : width - width % by]
    squares = even.reshape(n, height // by, by, width // by, by, channels)
    return squares.mean(axis=(2, 4), dtype=np.float32)


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
    if preparation == "preprocess_input":
        from keras.applications.vgg16 import preprocess_input

        return preprocess_input(pictures.copy())
    return pictures / np.float32(255) if preparation == "scaled" else pictures


def _window(output: np.ndarray, view: int, *, of: int) -> np.ndarray:
    # The first is the whole map; the others are half as long, from its left end to its right.
    if view == 0:
        return output
    length = output.shape[2] // 2
    first = int(np.rint(np.linspace(0, output.shape[2] - length, of - 1))[view - 1])
    return output[:, :, first : first + length]


def _reduce(output: np.ndarray, pooling: Pooling, *, cut: int | str | None) -> np.ndarray:
    if pooling.statistics == "flatten":
        return output.reshape(len(output), -1)
    if pooling.statistics == "gram":
        return _gram(output)
    if pooling.bands > 1 and cut != "content":
        rows, columns = output.shape[1:3]
        inside = output[:, _inside(TOP, BOTTOM, size=HEIGHT, cells=rows)]
        output = inside[:, :, _inside(LEFT, RIGHT, size=WIDTH, cells=columns)]
    parts = np.array_split(output, pooling.bands, axis=1)
    return np.concatenate([_statistic(part, name) for name in pooling.statistics for part in parts], axis=1)


def _statistic(part: np.ndarray, name: str) -> np.ndarray:
    return part.mean(axis=1).std(axis=1) if name == "time_std" else getattr(part, name)(axis=(1, 2))


def _gram(output: np.ndarray) -> np.ndarray:
    n, height, width, channels = output.shape
    even = output[:, : height - height % 2, : width - width % 2]
    # Means of squares in the order in which NumPy adds them up, which takes ten times as long.
    first, second = (even[:, row::2] for row in (0, 1))
    added = first[:, :, ::2] + first[:, :, 1::2] + second[:, :, ::2] + second[:, :, 1::2]
    places = (added / np.float32(4)).reshape(n, -1, channels)
    products = places.transpose(0, 2, 1) @ places / np.float32(places.shape[1])
    upper = np.triu_indices(channels)
    return np.sqrt(np.maximum(products[:, upper[0], upper[1]], 0))


def _inside(first: int, last: int, *, size: int, cells: int) -> slice:
    # Cells of a pooled map that lie wholly within pixels first to last.
    return slice(math.ceil(first * cells / size), max((last + 1) * cells // size, 1))
