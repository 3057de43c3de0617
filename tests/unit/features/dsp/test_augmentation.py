"""Augmented clips: what changes by how much, what stays, and that a clip's draw is its own."""

from __future__ import annotations

import numpy as np
import pytest

from components.config.augmentation import AugmentParams
from components.features.dsp.augmentation import augment, equalise, retime

RATE = 22_050


def sine(frequency: float, *, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE).astype(np.float32)


def frequency_of(y: np.ndarray) -> float:
    """Frequency of the highest peak, in Hz."""
    spectrum = np.abs(np.fft.rfft(y * np.hanning(len(y)), n=8 * len(y)))
    return float(np.argmax(spectrum) * RATE / (8 * len(y)))


def decibels(after: np.ndarray, before: np.ndarray) -> float:
    """Level against the level before, once filters have settled."""
    late = slice(len(before) // 2, None)
    return float(20 * np.log10(after[late].std() / before[late].std()))


@pytest.mark.parametrize("gain", [-6.0, 12.0])
def test_gain_multiplies(gain: float) -> None:
    clips = np.stack([sine(440), sine(990)])
    louder = augment(clips, RATE, view=AugmentParams(gain=gain))
    np.testing.assert_allclose(louder, clips * 10 ** (gain / 20), rtol=1e-5)
    assert louder.dtype == np.float32


@pytest.mark.parametrize("change", [-9.0, 6.0])
def test_shelves_change_their_side_of_the_corner_alone_and_half_of_it_there(change: float) -> None:
    for changed, corner, far in (
        ({"low": change, "high": 0.0}, 200, 20),
        ({"low": 0.0, "high": change}, 4000, 10_500),
    ):
        middle = 1000 if corner == 200 else 300
        for frequency, expected in ((far, change), (corner, change / 2), (middle, 0.0)):
            y = sine(frequency)
            assert decibels(equalise(y, RATE, **changed), y) == pytest.approx(expected, abs=0.3)


def test_a_cut_off_takes_away_what_lies_above_and_one_beyond_the_highest_frequency_nothing() -> None:
    low, high = sine(500), sine(8000)
    assert decibels(equalise(low, RATE, low=0, high=0, cutoff=4000), low) == pytest.approx(0.0, abs=0.1)
    assert decibels(equalise(high, RATE, low=0, high=0, cutoff=4000), high) < -20
    np.testing.assert_array_equal(equalise(high, RATE, low=0, high=0, cutoff=RATE), high)


@pytest.mark.parametrize(
    ("view", "pitch"),
    [({"semitones": 1.0}, 2 ** (1 / 12)), ({"rate": 0.9}, 1.0), ({"rate": 1.1}, 1.0), ({"speed": 1.1}, 1.1)],
)
def test_pitch_and_tempo_change_apart_or_together_and_the_length_stays(view: dict, pitch: float) -> None:
    clips = sine(440, seconds=3)[None]
    changed = augment(clips, RATE, view=AugmentParams(**view))
    assert changed.shape == clips.shape
    assert frequency_of(changed[0, RATE : 2 * RATE]) == pytest.approx(440 * pitch, rel=2e-3)


def test_a_rate_moves_what_happens_later_and_pitch_alone_does_not() -> None:
    y = np.zeros(3 * RATE, dtype=np.float32)
    y[2 * RATE : 2 * RATE + 500] = sine(880)[:500]

    def begins(changed: np.ndarray) -> float:
        return float(np.argmax(np.abs(changed)) / RATE)

    assert begins(retime(y, RATE, pitch=1.0, tempo=1.25)) == pytest.approx(2 / 1.25, abs=0.05)
    assert begins(retime(y, RATE, pitch=1.1, tempo=1.1)) == pytest.approx(2 / 1.1, abs=0.05)
    assert begins(retime(y, RATE, pitch=1.1, tempo=1.0)) == pytest.approx(2.0, abs=0.05)
    assert retime(y, RATE, pitch=1.0, tempo=1.0) is y


def test_a_draw_is_the_clip_s_own_whatever_lies_beside_it() -> None:
    clips = np.random.default_rng(0).normal(0, 0.1, (3, RATE)).astype(np.float32)
    view = AugmentParams(gain=(-12.0, 12.0), semitones=(-1.0, 1.0), draws=2)
    together = augment(clips, RATE, view=view)
    np.testing.assert_array_equal(augment(clips[2:], RATE, view=view)[0], together[2])
    levels = [decibels(after, before) for after, before in zip(together, clips, strict=True)]
    assert len({round(level, 3) for level in levels}) == 3
    assert max(map(abs, levels)) < 13
    assert not np.array_equal(augment(clips, RATE, view=view, draw=1), together)
    more = view.model_copy(update={"draws": 5})
    np.testing.assert_array_equal(augment(clips, RATE, view=more), together)
