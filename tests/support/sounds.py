"""Sounds of every kind, and the agreement of two computations on them."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

RATES = [8_000, 16_000, 22_050, 44_100, 48_000]


@st.composite
def clips(draw: st.DrawFn) -> tuple[np.ndarray, int]:
    rate = draw(st.sampled_from(RATES))
    length = draw(st.integers(9_000, 40_000))
    kind = draw(st.sampled_from(["noise", "tones", "clicks", "constant", "silence", "half silence", "sweep"]))
    level = draw(st.sampled_from([1e-4, 1e-2, 0.5, 1.0]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    time = np.arange(length) / rate
    y = {
        "noise": lambda: rng.normal(0, 0.3, length),
        "tones": lambda: sum(np.sin(2 * np.pi * f * time) for f in rng.uniform(100, rate / 2.5, 4)) / 4,
        "clicks": lambda: (np.arange(length) % 4_410 < 3).astype(float),
        "constant": lambda: np.ones(length),
        "silence": lambda: np.zeros(length),
        "half silence": lambda: np.where(time < time[-1] / 2, 0.0, rng.normal(0, 0.3, length)),
        "sweep": lambda: np.sin(2 * np.pi * (50 + rate / 5 * time / time[-1]) * time),
    }[kind]()
    return (level * y).clip(-1, 1).astype(np.float32), rate


def check(ours: np.ndarray, librosas: np.ndarray, *, scale: float | None = None) -> None:
    scale = float(np.abs(librosas).max()) if scale is None else scale
    np.testing.assert_allclose(ours, librosas, rtol=1e-5, atol=1e-5 * max(scale, 1e-30))
