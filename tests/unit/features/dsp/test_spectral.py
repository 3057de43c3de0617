"""Spectral measures and chroma equal librosa's own."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from hypothesis import given, settings

from components.features.dsp import spectral, stft
from tests.support.sounds import check, clips

sounds = settings(max_examples=25, deadline=None, derandomize=True)


@sounds
@given(clips())
def test_energy_and_zero_crossings(clip: tuple[np.ndarray, int]) -> None:
    y, _ = clip
    check(spectral.rms(y), librosa.feature.rms(y=y, pad_mode="reflect")[0])
    check(spectral.zero_crossing_rate(y), librosa.feature.zero_crossing_rate(y)[0])


@sounds
@given(clips())
def test_where_the_spectrum_lies(clip: tuple[np.ndarray, int]) -> None:
    y, rate = clip
    magnitude = np.sqrt(stft.power(stft.stft(y)))
    centroid, bandwidth = spectral.centroid_bandwidth(magnitude, sample_rate=rate)
    check(centroid, librosa.feature.spectral_centroid(S=magnitude.T, sr=rate)[0], scale=rate / 2)
    check(bandwidth, librosa.feature.spectral_bandwidth(S=magnitude.T, sr=rate)[0], scale=rate / 2)
    check(
        spectral.spectral_rolloff(magnitude, sample_rate=rate),
        librosa.feature.spectral_rolloff(S=magnitude.T, sr=rate)[0],
    )


@pytest.mark.filterwarnings("ignore:Trying to estimate tuning")
@sounds
@given(clips())
def test_chroma_and_tuning(clip: tuple[np.ndarray, int]) -> None:
    y, rate = clip
    powers = stft.power(stft.stft(y))
    assert spectral.estimate_tuning(powers, sample_rate=rate) == pytest.approx(
        librosa.estimate_tuning(S=powers.T, sr=rate)
    )
    check(spectral.chroma_stft(powers, sample_rate=rate).T, librosa.feature.chroma_stft(S=powers.T, sr=rate))
