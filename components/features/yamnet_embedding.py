"""YAMNet's embedding of each 3-s segment: the frozen encoder runs once, here, and never in a tuning loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field, field_validator

from components.config.strict import Strict
from components.corpus import audio
from components.features.encoders import yamnet
from components.features.encoders.base import Encoder

SAMPLE_RATE = yamnet.SAMPLE_RATE
READS = ("audio",)
UNITS = ("segment",)
NAMES = None
ENCODERS = ("yamnet",)


class Options(Strict):
    """What can be chosen.

    ``speeds``: where there are any, each row has a second axis: the clip as it is, then played so many times as
    fast, which moves pitch and tempo together (speed perturbation; Ko et al., Interspeech 2015, take 0.9 and 1.1).
    """

    speeds: tuple[Annotated[float, Field(ge=0.5, le=2.0)], ...] = ()

    @field_validator("speeds")
    @classmethod
    def _others(cls, speeds: tuple[float, ...]) -> tuple[float, ...]:
        rates = {round(SAMPLE_RATE * speed) for speed in speeds}
        if SAMPLE_RATE in rates or len(rates) < len(speeds):
            raise ValueError(
                f"{list(speeds)}; valid: each once, and not 1, which is there anyway; what rounds to the same "
                f"rate of {SAMPLE_RATE} Hz is the same"
            )
        return speeds


def extract(clips: np.ndarray, *, options: Options, encoders: Sequence[Encoder]) -> np.ndarray:
    """Embed each clip: cut first, then embedded, so that no row holds anything of its neighbours.

    The published model pads a 3-s piece with 0.375 s of silence, which its last patch then sees. Here the six
    patches lie evenly inside the piece, 0.40 s apart instead of 0.48 s.

    Parameters
    ----------
    clips : ndarray of float32, shape (n, samples)
        Mono at ``SAMPLE_RATE``.
    options : Options
        See there.
    encoders : sequence of Encoder
        YAMNet, loaded.

    Returns
    -------
    ndarray of float32, shape (n, frames, 1024) or (n, 1 + speeds, frames, 1024)
        0 and up; 6 frames for 3 s, 62 for 30 s, at every speed.
    """
    (encoder,) = encoders
    views = [yamnet.embed(clips, encoder=encoder)]
    frames = views[0].shape[1]
    for speed in options.speeds:
        rate = round(SAMPLE_RATE * speed)
        played = np.stack([audio.resample(clip, rate, to=SAMPLE_RATE) for clip in clips])
        views.append(yamnet.embed(played, encoder=encoder, frames=frames))
    return np.stack(views, axis=1) if options.speeds else views[0]
