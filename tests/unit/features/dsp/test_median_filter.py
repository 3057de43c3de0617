"""The running median is SciPy's, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import median_filter

from components.features.dsp.median_filter import running_median


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    length=st.integers(15, 90),
    series=st.integers(1, 140),
    levels=st.sampled_from([2, 5, 1000]),
    scale=st.sampled_from([1e-30, 1e-3, 1.0, 1e6]),
    seed=st.integers(0, 2**32 - 1),
)
def test_equals_scipy_bit_for_bit(length: int, series: int, levels: int, scale: float, seed: int) -> None:
    x = np.random.default_rng(seed).integers(0, levels, (length, series)).astype(np.float32) * np.float32(
        scale
    )
    np.testing.assert_array_equal(running_median(x), median_filter(x, size=(31, 1), mode="reflect"))


@pytest.mark.parametrize("length", [1, 2, 3, 7, 14])
def test_a_series_shorter_than_half_a_window_is_mirrored_again_and_again(length: int) -> None:
    x = np.random.default_rng(length).random((length, 5), dtype=np.float32)
    padded = np.pad(x, ((15, 15), (0, 0)), mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 31, axis=0)
    np.testing.assert_array_equal(running_median(x), np.median(windows, axis=-1))
