"""The spectrogram: a tone at its pitch, silence at any rate, however a song's blocks are cut."""

from __future__ import annotations

import numpy as np
import pytest

from components.page.spectrogram import COLUMNS, ROWS, TOP, Spectrogram
from tests.support.constant_model import RATE


def levels(y: np.ndarray, *, rate: int, block: int = 50_000) -> np.ndarray:
    made = Spectrogram(rate)
    for first in range(0, len(y), block):
        made.add(y[first : first + block])
    return made.levels()


def test_a_tone_is_a_line_at_its_pitch():
    time = np.arange(3 * RATE) / RATE
    found = levels(np.sin(2 * np.pi * 1000 * time).astype(np.float32), rate=RATE)
    assert found.shape == (COLUMNS, ROWS)
    middle = found[100:-100]
    loudest = middle.argmax(axis=1)
    import librosa

    pitches = librosa.mel_frequencies(n_mels=ROWS + 2, fmax=RATE / 2)[1:-1]
    assert np.abs(pitches[loudest] - 1000).max() < 40
    assert np.allclose(middle.max(axis=1), 0, atol=1)


@pytest.mark.parametrize("rate", [8_000, 22_050, 96_000])
def test_silence_at_any_rate(rate):
    assert (levels(np.zeros(rate, dtype=np.float32), rate=rate) == -TOP).all()


@pytest.mark.parametrize("seconds", [0.01, 0.9, 45.0])
def test_columns_are_spread_over_the_song_however_long(seconds):
    y = np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)
    y[len(y) // 2 :] *= 0.01
    found = levels(y, rate=RATE)
    np.testing.assert_array_equal(found, levels(y, rate=RATE, block=1_111))
    if seconds > 0.5:
        loud = found.mean(axis=1) > -40
        assert loud.mean() == pytest.approx(0.5, abs=0.06)
        assert loud[: COLUMNS // 3].all() and not loud[-COLUMNS // 3 :].any()
