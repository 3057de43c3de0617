"""The public mel-spectrogram picture, drawn pixel for pixel: a whole track as 288 x 432 colours.

How the public pictures were drawn, found from the pictures themselves: 128 mel bands of power, turned to
decibels as if they were amplitudes (so 80 dB of picture are 40 dB of sound), relative to the loudest value,
in Matplotlib's *magma*, into the default axes of a 6 x 4 inch figure at 72 dots an inch.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from components.config.strict import Strict
from components.corpus.image_files import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from components.features.dsp import stft

#: Hz.
SAMPLE_RATE = 22_050
READS = ("audio",)
UNITS = ("track", "segment")
NAMES = None
ENCODERS: tuple[str, ...] = ()

#: Axes in pixels: Matplotlib's default margins (left 0.125, right 0.9, top 0.88) and the 0.125 at the bottom
#: of notebooks.
AXES_WIDTH, AXES_HEIGHT = WIDTH * (0.9 - 0.125), HEIGHT * (0.88 - 0.125)
#: The frame line is black at 0.8 of full cover.
LINE = 0.2


class Options(Strict):
    """There is nothing to choose: the picture is the public one."""


def extract(clips: np.ndarray, *, options: Options) -> np.ndarray:
    """Draw each clip.

    Parameters
    ----------
    clips : ndarray of float32, shape (n, samples)
        Mono at ``SAMPLE_RATE``.
    options : Options
        None.

    Returns
    -------
    ndarray of float32, shape (n, 288, 432, 3)
        Red, green, blue; whole numbers, 0 to 255.
    """
    pictures = np.empty((len(clips), HEIGHT, WIDTH, 3), dtype=np.float32)
    for picture, clip in zip(pictures, clips, strict=True):
        powers = stft.melspectrogram(stft.power(stft.stft(clip)), sample_rate=SAMPLE_RATE)
        picture[:] = draw(shade(powers))
    return pictures


def shade(powers: np.ndarray) -> np.ndarray:
    """Give each mel power its place in the colour map.

    Parameters
    ----------
    powers : ndarray of float32, shape (frames, mels)
        Mel power.

    Returns
    -------
    ndarray of uint8, shape (frames, mels)
        0 to 255; all 0 for digital silence.
    """
    # librosa.amplitude_to_db squares what it is given: here it was given powers.
    level = stft.power_to_db(powers**2, ref=float(powers.max()) ** 2)
    low, high = level.min(), level.max()
    if high == low:
        return np.zeros(level.shape, dtype=np.uint8)
    return np.minimum((level - low) / (high - low) * 256, 255).astype(np.uint8)


def draw(shades: np.ndarray) -> np.ndarray:
    """Draw shades into the figure.

    Parameters
    ----------
    shades : ndarray of uint8, shape (frames, mels)
        From :func:`shade`.

    Returns
    -------
    ndarray of uint8, shape (288, 432, 3)
        The picture: time to the right, mel bands upwards, white margins, a frame line.
    """
    frames, mels = shades.shape
    # Each pixel shows the last cell that its far edge lies in: cells are drawn one over the other.
    column = _last_cell(np.arange(1, RIGHT - LEFT + 1), cells=frames, pixels=AXES_WIDTH)
    row = _last_cell(np.arange(BOTTOM - TOP, 0, -1), cells=mels, pixels=AXES_HEIGHT)
    picture = np.full((HEIGHT, WIDTH, 3), 255, dtype=np.uint8)
    picture[TOP:BOTTOM, LEFT:RIGHT] = colours()[shades.T[row][:, column]]
    axes = picture[TOP : BOTTOM + 1, LEFT : RIGHT + 1]
    for line in (axes[:, :1], axes[:, -1:], axes[:1], axes[-1:]):
        line[:] = (line * LINE).astype(np.uint8)
    return picture


def _last_cell(edge: np.ndarray, *, cells: int, pixels: float) -> np.ndarray:
    return np.minimum((edge * (cells / pixels)).astype(np.int64), cells - 1)


@lru_cache(maxsize=1)
def colours() -> np.ndarray:
    """Return the colour map.

    Returns
    -------
    ndarray of uint8, shape (256, 3)
        Matplotlib's *magma*, rounded as Matplotlib does since 2.1.
    """
    import matplotlib

    return np.round(np.asarray(matplotlib.colormaps["magma"].colors) * 255).astype(np.uint8)  # type: ignore[attr-defined]
