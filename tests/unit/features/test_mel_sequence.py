"""Log-mel sequences equal librosa's own."""

from __future__ import annotations

import librosa
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from components.features import mel_sequence
from tests.support.sounds import check


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.sampled_from([256, 512, 1024]))
def test_mel_sequence_is_librosas(seed: int, hop_length: int) -> None:
    y = np.random.default_rng(seed).normal(0, 0.2, 22_050).astype(np.float32)
    mels = librosa.feature.melspectrogram(y=y, sr=22_050, hop_length=hop_length, pad_mode="reflect")
    ours = mel_sequence.extract(y[np.newaxis], options=mel_sequence.Options(hop_length=hop_length))
    assert ours.shape == (1, 1 + 22_050 // hop_length, 128)
    check(ours[0].T, librosa.power_to_db(mels))
