"""What the public tables measure of each frame besides pitch: loudness, where the spectrum lies, zero crossings.

Each equals the function of ``librosa.feature`` that its docstring names, mirrored at the ends of the clip.
"""

from __future__ import annotations

import numpy as np

from components.features import spectrum

#: Share of the magnitude below the rolloff frequency; librosa's default.
ROLLOFF = 0.85
#: Samples nearer to zero than this count as zero; librosa's default.
ZERO = 1e-10
_HOPS = spectrum.N_FFT // spectrum.HOP_LENGTH


def loudness(y: np.ndarray) -> np.ndarray:
    """Measure ``librosa.feature.rms``.

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        A clip.

    Returns
    -------
    ndarray of float32, shape (frames,)
        Root of the mean square, 0 to 1.
    """
    squares = np.pad(y, spectrum.N_FFT // 2, mode="reflect") ** 2
    return np.sqrt(_frame_sums(squares) / np.float32(spectrum.N_FFT))


def zero_crossing_rate(y: np.ndarray) -> np.ndarray:
    """Measure ``librosa.feature.zero_crossing_rate``.

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        A clip.

    Returns
    -------
    ndarray of float64, shape (frames,)
        Share of samples that have another sign than the one before, 0 to 1.
    """
    padded = np.pad(y, spectrum.N_FFT // 2, mode="edge")
    negative = padded < -np.float32(ZERO)
    crossed = np.empty(len(padded), dtype=np.int64)
    crossed[0] = 0
    np.cumsum(negative[1:] != negative[:-1], out=crossed[1:])
    # The first sample of a frame has none before it in the frame.
    first = np.arange(spectrum.frames_in(len(y))) * spectrum.HOP_LENGTH
    return (crossed[first + spectrum.N_FFT - 1] - crossed[first]) / spectrum.N_FFT


def centroid_bandwidth(magnitude: np.ndarray, *, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Measure ``librosa.feature.spectral_centroid`` and ``spectral_bandwidth``.

    Parameters
    ----------
    magnitude : ndarray of float32, shape (frames, bins)
        Magnitude spectrum.
    sample_rate : int
        Hz.

    Returns
    -------
    centroid, bandwidth : ndarray of float64, shape (frames,)
        Hz, 0 to half the sample rate; 0 for silence.
    """
    frequencies = _frequencies(magnitude, sample_rate=sample_rate)
    # In float64 the square of the mean can be taken from the mean of the squares without loss.
    moments = magnitude.astype(np.float64) @ np.stack(
        [np.ones_like(frequencies), frequencies, frequencies**2], axis=1
    )
    total = np.where(moments[:, 0] < np.finfo(np.float32).tiny, 1.0, moments[:, 0])
    centroid = moments[:, 1] / total
    spread = moments[:, 2] / total - centroid**2 * (2 - moments[:, 0] / total)
    return centroid, np.sqrt(np.maximum(spread, 0.0))


def rolloff(magnitude: np.ndarray, *, sample_rate: int) -> np.ndarray:
    """Measure ``librosa.feature.spectral_rolloff``.

    Parameters
    ----------
    magnitude : ndarray of float32, shape (frames, bins)
        Magnitude spectrum.
    sample_rate : int
        Hz.

    Returns
    -------
    ndarray of float64, shape (frames,)
        The lowest frequency (Hz) below which 85 % of the magnitude lies.
    """
    below = np.cumsum(magnitude, axis=1)
    reached = below >= ROLLOFF * below[:, -1:]
    return _frequencies(magnitude, sample_rate=sample_rate)[reached.argmax(axis=1)]


def _frequencies(magnitude: np.ndarray, *, sample_rate: int) -> np.ndarray:
    return np.arange(magnitude.shape[1]) * (sample_rate / spectrum.N_FFT)


def _frame_sums(padded: np.ndarray) -> np.ndarray:
    # A frame is four hops long: each hop is summed once and serves four frames.
    hops = len(padded) // spectrum.HOP_LENGTH
    sums = padded[: hops * spectrum.HOP_LENGTH].reshape(hops, spectrum.HOP_LENGTH).sum(axis=1)
    return np.lib.stride_tricks.sliding_window_view(sums, _HOPS).sum(axis=1)
