"""musicnn's layers of each segment: those of networks that were trained to tag music."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from components.features.encoders import musicnn
from components.features.encoders.base import Encoder

SAMPLE_RATE = musicnn.SAMPLE_RATE
READS = ("audio",)
UNITS = ("segment",)
NAMES = None
ENCODERS = ("musicnn",)


class Options(musicnn.Layers):
    """What can be chosen: ``networks`` (``msd``, ``mtt``) and ``layers``, in the order of a row."""


def extract(clips: np.ndarray, *, options: Options, encoders: Sequence[Encoder]) -> np.ndarray:
    """Embed each clip; of one that is longer than a patch of 3 s, the mean over its patches.

    Parameters
    ----------
    clips : ndarray of float32, shape (n, samples)
        Mono at ``SAMPLE_RATE``.
    options : Options
        Networks and layers.
    encoders : sequence of Encoder
        musicnn, loaded.

    Returns
    -------
    ndarray of float32, shape (n, width)
        Layer by layer of one network after the other: 200 values of ``penultimate``, 753 of each pool, and 50
        log-odds of ``tags``. Of either sign, since the networks normalise them.
    """
    (encoder,) = encoders
    return musicnn.embed(clips, layers=options, encoder=encoder)
