"""The harmonic part and the way back from the spectrum equal librosa's own."""

from __future__ import annotations

import librosa
import numpy as np
from hypothesis import given, settings

from components.features.dsp import hpss, stft
from tests.support.sounds import check, clips

sounds = settings(max_examples=10, deadline=None, derandomize=True)


@sounds
@given(clips())
def test_harmonic_part(clip: tuple[np.ndarray, int]) -> None:
    y, _ = clip
    transform = stft.stft(y)
    magnitude = np.abs(transform)
    harmonic, _ = librosa.decompose.hpss(transform.T)
    check(hpss.harmonic_spectrum(transform, magnitude=magnitude).T, harmonic)


@sounds
@given(clips())
def test_back_from_the_spectrum(clip: tuple[np.ndarray, int]) -> None:
    y, _ = clip
    transform = stft.stft(y)
    ours = hpss.inverse(transform, samples=len(y))
    librosas = librosa.istft(transform.T)
    check(ours[: len(librosas)], librosas)
    assert not ours[len(librosas) :].any()
