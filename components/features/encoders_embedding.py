"""YAMNet's frames, summed up over time, and musicnn's layers side by side: one vector a segment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from components.features.encoders import musicnn, yamnet
from components.features.encoders.base import Encoder

SAMPLE_RATE = yamnet.SAMPLE_RATE
READS = ("audio",)
UNITS = ("segment",)
NAMES = None
ENCODERS = ("yamnet", "musicnn")


class Options(musicnn.Layers):
    """What can be chosen.

    ``statistics``: of YAMNet's frames over time. ``networks`` and ``layers``: as in ``musicnn_embedding``.
    """

    statistics: Annotated[tuple[Literal["mean", "std", "max"], ...], Field(min_length=1)] = ("mean",)


def extract(clips: np.ndarray, *, options: Options, encoders: Sequence[Encoder]) -> np.ndarray:
    """Embed each clip by both encoders, which take the same samples.

    Parameters
    ----------
    clips : ndarray of float32, shape (n, samples)
        Mono at ``SAMPLE_RATE``.
    options : Options
        See there.
    encoders : sequence of Encoder
        YAMNet and musicnn, loaded.

    Returns
    -------
    ndarray of float32, shape (n, width)
        1,024 values of each statistic, 0 and up; then musicnn's layers, one network's after the other's.
    """
    hub, music = encoders
    frames = yamnet.embed(clips, encoder=hub)
    parts = [getattr(frames, name)(axis=1) for name in options.statistics]
    return np.concatenate([*parts, musicnn.embed(clips, layers=options, encoder=music)], axis=1)
