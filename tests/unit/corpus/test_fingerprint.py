"""Fingerprints are equal but for few bits for one sound in two encodings, and differ by half of two sounds."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from components.corpus import fingerprint, recordings
from tests.support.melodies import melody

RATE = 22_050


def of(y: np.ndarray, *, rate: int = RATE, block: int = 1 << 18) -> np.ndarray:
    made = fingerprint.Fingerprint(rate)
    for first in range(0, len(y), block):
        made.add(y[first : first + block])
    return fingerprint.read(made.text())


def encoded(y: np.ndarray, form: str) -> tuple[np.ndarray, int]:
    """The sound after an encoder of libsndfile that loses some of it."""
    file = io.BytesIO()
    soundfile.write(file, y, RATE, format=form)
    file.seek(0)
    return soundfile.read(file, dtype="float32")


@pytest.mark.parametrize("form", ["MP3", "OGG"])
def test_an_encoder_changes_few_bits(form: str) -> None:
    for seed in range(3):
        y = melody(seed, seconds=15)
        decoded, rate = encoded(y, form)
        assert recordings.distance(of(y), of(decoded, rate=rate)) < 0.1


def test_a_cut_by_a_few_samples_another_rate_and_level_change_few_bits() -> None:
    import soxr

    y = melody(1, seconds=15)
    assert recordings.distance(of(y), of(y[600:])) < 0.2
    assert recordings.distance(of(y), of(0.3 * y)) < 0.01
    assert recordings.distance(of(y), of(soxr.resample(y, RATE, 44_100), rate=44_100)) < 0.05


def test_two_sounds_differ_by_half() -> None:
    found = [of(melody(seed, seconds=15)) for seed in range(8)]
    assert min(recordings.distance(one, other) for one in found for other in found if one is not other) > 0.35


def test_blocks_make_no_difference_and_a_long_sound_is_looked_at_from_its_start() -> None:
    y = melody(2, seconds=8)
    np.testing.assert_array_equal(of(y, block=1000), of(y))
    frames = (len(y) * fingerprint.RATE / RATE - fingerprint.FRAME) // fingerprint.HOP
    assert len(of(y)) == frames
    most = (fingerprint.SECONDS * fingerprint.RATE - fingerprint.FRAME) // fingerprint.HOP
    assert len(of(np.tile(y, 60))) == most


def test_too_short_a_sound_has_none() -> None:
    assert len(of(melody(0, seconds=1))) == len(of(np.empty(0, dtype=np.float32))) == 0
