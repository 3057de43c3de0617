"""Tempo of a clip, as ``librosa.beat.beat_track`` starts from it: the public tables hold that number.

``beat_track`` takes the median over the mel bands where ``librosa.feature.tempo`` takes the mean: that is why
the two differ.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from components.features.dsp import stft

#: librosa's defaults: the prior's centre in beats a minute, its width in octaves, the fastest tempo, and the
#: seconds that the autocorrelation looks over.
CENTRE, OCTAVES, FASTEST, SECONDS = 120.0, 1.0, 320.0, 8.0
#: Frames worked on together.
_BLOCK = 128


def onset_strength(level: np.ndarray) -> np.ndarray:
    """Measure how much starts in each frame.

    Parameters
    ----------
    level : ndarray of float32, shape (frames, mels)
        Mel decibels.

    Returns
    -------
    ndarray of float32, shape (frames,)
        Median over the bands of the rise since the frame before, moved to the middle of its window.
    """
    rise = np.maximum(level[1:] - level[:-1], 0.0)
    delay = 1 + stft.N_FFT // (2 * stft.HOP_LENGTH)
    strength = np.zeros(len(level), dtype=np.float32)
    strength[delay:] = np.median(rise, axis=1)[: max(0, len(level) - delay)]
    return strength


def tempo(strength: np.ndarray, *, sample_rate: int) -> float:
    """Estimate the tempo.

    Parameters
    ----------
    strength : ndarray of float32, shape (frames,)
        From :func:`onset_strength`.
    sample_rate : int
        Hz.

    Returns
    -------
    float
        Beats a minute, up to 320; 0 where nothing starts.
    """
    if not strength.any():
        return 0.0
    import scipy.fft

    size = int(SECONDS * sample_rate) // stft.HOP_LENGTH
    padded = np.pad(strength, size // 2, mode="linear_ramp", end_values=0)
    windows = np.lib.stride_tricks.sliding_window_view(padded, size)[: len(strength)]
    window, weights, beats = _constants(size, sample_rate)
    length = scipy.fft.next_fast_len(2 * size - 1, real=True)
    total = np.zeros(length // 2 + 1)
    for start in range(0, len(windows), _BLOCK):
        block = windows[start : start + _BLOCK] * window
        transformed = scipy.fft.rfft(block, n=length, axis=1)
        powers = transformed.real**2 + transformed.imag**2
        # Each frame's autocorrelation is divided by its largest value, that at lag 0. Both that and the way
        # back are linear, so the frames are added up first and taken back once.
        largest = np.einsum("ij,ij->i", block, block)
        total += (powers / np.where(largest > np.finfo(float).tiny, largest, 1.0)[:, np.newaxis]).sum(axis=0)
    correlation = scipy.fft.irfft(total / len(windows), n=length)[:size]
    # A lag that numerical noise left below zero counts as nothing, as it would a hair above.
    best = np.argmax(np.log1p(1e6 * np.maximum(correlation, -0.9e-6)) + weights)
    return float(beats[best])


@lru_cache(maxsize=4)
def _constants(size: int, sample_rate: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    import scipy.signal

    window = scipy.signal.get_window("hann", size, fftbins=True)
    beats = np.full(size, np.inf)
    beats[1:] = 60.0 * sample_rate / (stft.HOP_LENGTH * np.arange(1.0, size))
    weights = -0.5 * ((np.log2(beats) - np.log2(CENTRE)) / OCTAVES) ** 2
    weights[: int(np.argmax(beats < FASTEST))] = -np.inf
    return window, weights, beats
