"""The spectrogram: a tone at its pitch, silence at any rate."""

from __future__ import annotations

import numpy as np
import pytest

from components.page import spectrogram
from tests.support.constant_model import RATE


def test_a_tone_is_a_line_at_its_pitch():
    time = np.arange(3 * RATE) / RATE
    levels = spectrogram.level(np.sin(2 * np.pi * 1000 * time).astype(np.float32), RATE)
    assert levels.shape == (spectrogram.COLUMNS, spectrogram.ROWS)
    middle = levels[100:-100]
    loudest = middle.argmax(axis=1)
    import librosa

    pitches = librosa.mel_frequencies(n_mels=spectrogram.ROWS + 2, fmax=RATE / 2)[1:-1]
    assert np.abs(pitches[loudest] - 1000).max() < 40
    assert np.allclose(middle.max(axis=1), 0, atol=1)


@pytest.mark.parametrize("rate", [8_000, 22_050, 96_000])
def test_silence_at_any_rate(rate):
    assert (spectrogram.level(np.zeros(rate, dtype=np.float32), rate) == -spectrogram.TOP).all()
