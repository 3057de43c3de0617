"""VGGish's frames of each segment: 128 values for each whole 0.96 s."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from components.config.strict import Strict
from components.features.encoders import vggish
from components.features.encoders.base import Encoder

SAMPLE_RATE = vggish.SAMPLE_RATE
READS = ("audio",)
UNITS = ("segment",)
NAMES = None
ENCODERS = ("vggish",)


class Options(Strict):
    """None."""


def extract(clips: np.ndarray, *, options: Options, encoders: Sequence[Encoder]) -> np.ndarray:
    """Embed each clip.

    Parameters
    ----------
    clips : ndarray of float32, shape (n, samples)
        Mono at ``SAMPLE_RATE``.
    options : Options
        None.
    encoders : sequence of Encoder
        VGGish, loaded.

    Returns
    -------
    ndarray of float32, shape (n, frames, 128)
        Of either sign; 3 frames for 3 s.
    """
    (encoder,) = encoders
    (values,) = encoder.run(clips)
    return values
