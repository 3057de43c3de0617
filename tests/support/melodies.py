"""Sounds that change as music does: notes at random, of several harmonics."""

from __future__ import annotations

import numpy as np


def melody(seed: int, *, seconds: float = 15.0, rate: int = 22_050) -> np.ndarray:
    """Return four voices of notes of a sixth of a second and more, float32 of shape (samples,), within -1 and 1."""
    generator = np.random.default_rng(seed)
    y = np.zeros(round(seconds * rate))
    for _ in range(4):
        place = 0
        while place < len(y):
            length = min(int(generator.uniform(0.15, 0.6) * rate), len(y) - place)
            time = np.arange(length) / rate
            pitch = 110.0 * 2 ** (generator.integers(0, 36) / 12)
            tone = sum(generator.random() * np.sin(2 * np.pi * n * pitch * time) for n in range(1, 6))
            y[place : place + length] += tone * np.exp(-3 * time)
            place += length
    return (0.8 * y / np.abs(y).max()).astype(np.float32)
