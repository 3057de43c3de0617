"""Onset strength and tempo equal librosa's own."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from hypothesis import given, settings

from components.features.dsp import stft, tempo
from tests.support.sounds import check, clips

sounds = settings(max_examples=25, deadline=None, derandomize=True)


@sounds
@given(clips())
def test_onsets_and_tempo(clip: tuple[np.ndarray, int]) -> None:
    y, rate = clip
    level = stft.power_to_db(stft.melspectrogram(stft.power(stft.stft(y)), sample_rate=rate))
    strength = tempo.onset_strength(level)
    check(strength, librosa.onset.onset_strength(S=level.T, sr=rate, aggregate=np.median))
    found = librosa.beat.beat_track(onset_envelope=strength, sr=rate)[0]
    assert tempo.tempo(strength, sample_rate=rate) == pytest.approx(float(np.ravel(found)[0]))
