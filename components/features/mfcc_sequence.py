"""Mel-frequency cepstral coefficients over time: what the recurrent model reads."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from components.config.strict import Strict
from components.features.dsp import stft

#: Hz.
SAMPLE_RATE = 22_050
READS = ("audio",)
UNITS = ("segment",)
NAMES = None
ENCODERS: tuple[str, ...] = ()


class Options(Strict):
    """What can be chosen. 13 coefficients every 512 samples are the study's.

    ``coefficients`` of the 128 the mel bands give; ``hop_length`` in samples at 22,050 Hz.
    """

    coefficients: Annotated[int, Field(ge=1, le=stft.MELS)] = 13
    hop_length: Annotated[int, Field(ge=64, le=stft.N_FFT)] = stft.HOP_LENGTH


def extract(clips: np.ndarray, *, options: Options) -> np.ndarray:
    """Compute the coefficients of each clip, alone.

    Equals ``librosa.feature.mfcc`` with its defaults, but reflecting at the ends as the public tables do.

    Parameters
    ----------
    clips : ndarray of float32, shape (n, samples)
        Mono at ``SAMPLE_RATE``.
    options : Options
        How many coefficients, how often.

    Returns
    -------
    ndarray of float32, shape (n, 1 + samples // hop_length, coefficients)
        Coefficients; the first is the loudness, about -600 to 100, the others within some 250 of 0.
    """
    frames = stft.frames_in(clips.shape[1], hop_length=options.hop_length)
    values = np.empty((len(clips), frames, options.coefficients), dtype=np.float32)
    for row, clip in zip(values, clips, strict=True):
        powers = stft.power(stft.stft(clip, hop_length=options.hop_length))
        level = stft.power_to_db(stft.melspectrogram(powers, sample_rate=SAMPLE_RATE))
        row[:] = stft.mfcc(level, coefficients=options.coefficients)
    return values
