"""Synthesised instruments."""

from __future__ import annotations

import numpy as np
import pytest

from components.corpus.synthetic.instruments import Instrument, drum_kit


def test_a_note_sounds_at_its_pitch() -> None:
    note = Instrument("organ", rng=np.random.default_rng(0)).note(69, 1.0, 0.5)
    spectrum = np.abs(np.fft.rfft(note * np.hanning(len(note))))
    frequencies = np.fft.rfftfreq(len(note), 1 / 22_050)
    assert frequencies[np.argmax(spectrum)] == pytest.approx(440, abs=2)


def test_drums_peak_at_one_and_differ_from_kit_to_kit() -> None:
    kits = [drum_kit(heavy=0.5, rng=np.random.default_rng(seed)) for seed in (0, 1)]
    assert all(np.abs(wave).max() == pytest.approx(1.0) for kit in kits for wave in kit.values())
    assert not any(np.array_equal(kits[0][name], kits[1][name]) for name in kits[0])
