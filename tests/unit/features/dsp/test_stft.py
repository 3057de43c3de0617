"""The shared transform, power, mel bands and decibels equal librosa's own."""

from __future__ import annotations

import librosa
import numpy as np
from hypothesis import given, settings

from components.features.dsp import stft
from tests.support.sounds import check, clips

sounds = settings(max_examples=25, deadline=None, derandomize=True)


@sounds
@given(clips())
def test_transform_power_and_mel(clip: tuple[np.ndarray, int]) -> None:
    y, rate = clip
    transform = stft.stft(y)
    check(transform.T, librosa.stft(y, pad_mode="reflect"))
    powers = stft.power(transform)
    check(
        stft.melspectrogram(powers, sample_rate=rate).T, librosa.feature.melspectrogram(S=powers.T, sr=rate)
    )


@sounds
@given(clips())
def test_decibels_and_mfcc(clip: tuple[np.ndarray, int]) -> None:
    y, rate = clip
    mels = stft.melspectrogram(stft.power(stft.stft(y)), sample_rate=rate)
    level = stft.power_to_db(mels)
    check(level, librosa.power_to_db(mels))
    check(stft.mfcc(level, coefficients=20).T, librosa.feature.mfcc(S=level.T, n_mfcc=20))
