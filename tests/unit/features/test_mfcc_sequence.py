"""MFCC sequences equal librosa's own."""

from __future__ import annotations

import librosa
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from components.features import mfcc_sequence
from tests.support.sounds import check


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(1, 128), st.sampled_from([256, 512, 1024]))
def test_mfcc_sequence_is_librosas(seed: int, coefficients: int, hop_length: int) -> None:
    y = np.random.default_rng(seed).normal(0, 0.2, 22_050).astype(np.float32)
    options = mfcc_sequence.Options(coefficients=coefficients, hop_length=hop_length)
    mels = librosa.feature.melspectrogram(y=y, sr=22_050, hop_length=hop_length, pad_mode="reflect")
    librosas = librosa.feature.mfcc(S=librosa.power_to_db(mels), n_mfcc=coefficients)
    check(mfcc_sequence.extract(y[np.newaxis], options=options)[0].T, librosas)
