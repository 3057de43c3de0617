"""The mel spectrogram as a picture."""

from __future__ import annotations

import numpy as np

from components.features import mel_image
from tests.support.small_collection import tone


def picture(y: np.ndarray) -> np.ndarray:
    return mel_image.extract(y[np.newaxis], options=mel_image.Options())[0]


def test_a_picture_is_whole_numbers_in_a_frame_with_white_margins() -> None:
    drawn = picture(tone(1, seconds=3.0))
    assert drawn.shape == (288, 432, 3)
    assert (drawn == np.round(drawn)).all()
    assert drawn.min() >= 0
    assert drawn.max() == 255
    for margin in (drawn[:35], drawn[253:], drawn[:, :54], drawn[:, 390:]):
        assert (margin == 255).all()


def test_higher_tones_lie_higher_and_later_sounds_to_the_right() -> None:
    time = np.arange(66_150) / 22_050
    low, high = (np.sin(2 * np.pi * f * time).astype(np.float32) for f in (300, 6_000))
    rows = [picture(y)[36:251, 60:380].sum(axis=(1, 2)).argmax() for y in (low, high)]
    assert rows[0] > rows[1] + 50
    late = picture(np.where(time > 2, low, 0).astype(np.float32))[36:251]
    assert late[:, 340:380].sum() > 2 * late[:, 60:200].sum() / 3.5


def test_silence_is_black() -> None:
    drawn = picture(np.zeros(66_150, dtype=np.float32))
    assert (drawn[36:251, 55:388] == [0, 0, 4]).all()
