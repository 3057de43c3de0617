"""Harmonic and percussive parts of a clip, as ``librosa.effects.hpss`` made them for the public tables.

Releases of librosa before 0.10 mirror the clip at its ends and, back from the spectrum, leave the samples past
the last whole hop length at zero. Later releases pad with zeros and fill the tail, which moves the means by
tens of percent; the public tables need the former.
"""

from __future__ import annotations

from functools import lru_cache

import numba
import numpy as np

from components.features.dsp import stft
from components.features.dsp.median_filter import running_median

_OVERLAP = stft.N_FFT // stft.HOP_LENGTH


def separate(y: np.ndarray, *, transform: np.ndarray, magnitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split a clip in two.

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        The clip.
    transform : ndarray of complex64, shape (frames, bins)
        :func:`components.features.dsp.stft.stft` of ``y``.
    magnitude : ndarray of float32, shape (frames, bins)
        Its absolute values.

    Returns
    -------
    harmonic, percussive : ndarray of float32, shape (samples,)
        Zero past the last whole hop length. They add up to ``y`` before that.
    """
    harmonic = inverse(harmonic_spectrum(transform, magnitude=magnitude), samples=len(y))
    whole = (len(transform) - 1) * stft.HOP_LENGTH
    # The two soft masks add up to one and the transform is linear: the rest is the percussive part.
    percussive = y - harmonic
    percussive[whole:] = 0.0
    return harmonic, percussive


def harmonic_spectrum(transform: np.ndarray, *, magnitude: np.ndarray) -> np.ndarray:
    """Keep the harmonic part of a spectrum, as ``librosa.decompose.hpss`` with its defaults.

    Parameters
    ----------
    transform, magnitude : ndarray, shape (frames, bins)
        See :func:`separate`.

    Returns
    -------
    ndarray of complex64, shape (frames, bins)
        The spectrum times its soft mask: medians over time squared, over those plus medians over frequency
        squared.
    """
    over_time = running_median(magnitude)
    over_frequency = running_median(np.ascontiguousarray(magnitude.T))
    masked = np.empty_like(transform)
    _mask(transform, over_time, np.ascontiguousarray(over_frequency.T), masked)
    return masked


@numba.njit(cache=True, nogil=True)
def _mask(transform: np.ndarray, harmonic: np.ndarray, percussive: np.ndarray, masked: np.ndarray) -> None:
    tiny, one, half = np.float32(1.1754944e-38), np.float32(1.0), np.float32(0.5)
    for i in range(transform.shape[0]):
        for j in range(transform.shape[1]):
            h, p = harmonic[i, j], percussive[i, j]
            larger = max(h, p)
            if larger < tiny:
                masked[i, j] = transform[i, j] * half
                continue
            # Scaled by the larger, so that no square is too small for float32.
            h2, p2 = (h / larger) * (h / larger), (p / larger) * (p / larger)
            masked[i, j] = transform[i, j] * (h2 / (h2 + p2)) * one


def inverse(transform: np.ndarray, *, samples: int) -> np.ndarray:
    """Go back from a spectrum to a clip, as ``librosa.istft`` without a length.

    Parameters
    ----------
    transform : ndarray of complex64, shape (frames, bins)
        As :func:`components.features.dsp.stft.stft` with the default hop length.
    samples : int
        Length of the clip.

    Returns
    -------
    ndarray of float32, shape (samples,)
        Zero past the last whole hop length.
    """
    import scipy.fft

    frames = scipy.fft.irfft(transform, n=stft.N_FFT, axis=1)
    frames *= stft.hann()
    half, hop = stft.N_FFT // 2, stft.HOP_LENGTH
    whole = (len(transform) - 1) * hop
    clip = np.zeros(samples, dtype=np.float32)
    clip[:whole] = (_overlapped(frames) / _window_sum(len(frames)))[half : half + whole]
    return clip


def _overlapped(frames: np.ndarray) -> np.ndarray:
    hop = stft.HOP_LENGTH
    summed = np.zeros((len(frames) + _OVERLAP - 1, hop), dtype=np.float32)
    for part in range(_OVERLAP):
        summed[part : part + len(frames)] += frames[:, part * hop : (part + 1) * hop]
    return summed.ravel()


@lru_cache(maxsize=4)
def _window_sum(frames: int) -> np.ndarray:
    squared = np.broadcast_to(stft.hann() ** 2, (frames, stft.N_FFT))
    total = _overlapped(squared)
    # Where no window reaches there is nothing to divide.
    return np.where(total > np.finfo(np.float32).tiny, total, np.float32(1.0))
