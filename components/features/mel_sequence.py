"""Log-mel spectrogram over time: what a convolution along time reads."""

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
    """What can be chosen: ``hop_length`` in samples at 22,050 Hz."""

    hop_length: Annotated[int, Field(ge=64, le=stft.N_FFT)] = stft.HOP_LENGTH


def extract(clips: np.ndarray, *, options: Options) -> np.ndarray:
    """Compute the mel bands of each clip, in decibels.

    Equals ``librosa.power_to_db(librosa.feature.melspectrogram(...))`` with its defaults, but reflecting at the
    ends as the public tables do.

    Parameters
    ----------
    clips : ndarray of float32, shape (n, samples)
        Mono at ``SAMPLE_RATE``.
    options : Options
        The hop length.

    Returns
    -------
    ndarray of float32, shape (n, 1 + samples // hop_length, 128)
        -100 to about 60 dB (0 dB is a power of 1), none more than 80 dB below its clip's loudest; 130 frames for
        3 s at the default hop length.
    """
    frames = stft.frames_in(clips.shape[1], hop_length=options.hop_length)
    values = np.empty((len(clips), frames, stft.MELS), dtype=np.float32)
    for row, clip in zip(values, clips, strict=True):
        powers = stft.power(stft.stft(clip, hop_length=options.hop_length))
        row[:] = stft.power_to_db(stft.melspectrogram(powers, sample_rate=SAMPLE_RATE))
    return values
