"""What the public tables measure of each frame: its energy, where the spectrum lies, zero crossings, pitch classes.

Each equals the function of librosa that its docstring names, time first; :func:`rms` mirrors the clip at its ends.
"""

from __future__ import annotations

import warnings
from functools import lru_cache

import numpy as np

from components.features.dsp import stft

#: Share of the magnitude below the rolloff frequency; librosa's default.
ROLLOFF = 0.85
#: Samples nearer to zero than this count as zero; librosa's default.
ZERO = 1e-10
_HOPS = stft.N_FFT // stft.HOP_LENGTH


def rms(y: np.ndarray) -> np.ndarray:
    """Measure the root of the mean square, as ``librosa.feature.rms``.

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        A clip.

    Returns
    -------
    ndarray of float32, shape (frames,)
        0 to 1.
    """
    squares = np.pad(y, stft.N_FFT // 2, mode="reflect") ** 2
    return np.sqrt(_frame_sums(squares) / np.float32(stft.N_FFT))


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
    padded = np.pad(y, stft.N_FFT // 2, mode="edge")
    negative = padded < -np.float32(ZERO)
    crossed = np.empty(len(padded), dtype=np.int64)
    crossed[0] = 0
    np.cumsum(negative[1:] != negative[:-1], out=crossed[1:])
    # The first sample of a frame has none before it in the frame.
    first = np.arange(stft.frames_in(len(y))) * stft.HOP_LENGTH
    return (crossed[first + stft.N_FFT - 1] - crossed[first]) / stft.N_FFT


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
    raised = np.stack([np.ones_like(frequencies), frequencies, frequencies**2], axis=1)
    moments = magnitude.astype(np.float64) @ raised
    total = np.where(moments[:, 0] < np.finfo(np.float32).tiny, 1.0, moments[:, 0])
    centroid = moments[:, 1] / total
    spread = moments[:, 2] / total - centroid**2 * (2 - moments[:, 0] / total)
    return centroid, np.sqrt(np.maximum(spread, 0.0))


def spectral_rolloff(magnitude: np.ndarray, *, sample_rate: int) -> np.ndarray:
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
    return np.arange(magnitude.shape[1]) * (sample_rate / stft.N_FFT)


def _frame_sums(padded: np.ndarray) -> np.ndarray:
    # A frame is four hops long: each hop is summed once and serves four frames.
    hops = len(padded) // stft.HOP_LENGTH
    sums = padded[: hops * stft.HOP_LENGTH].reshape(hops, stft.HOP_LENGTH).sum(axis=1)
    return np.lib.stride_tricks.sliding_window_view(sums, _HOPS).sum(axis=1)


#: Where pitches are looked for, in Hz, and how far below a frame's loudest bin: librosa's defaults.
LOWEST, HIGHEST, THRESHOLD = 150.0, 4000.0, 0.1


def chroma_stft(powers: np.ndarray, *, sample_rate: int) -> np.ndarray:
    """Gather power into pitch classes, as ``librosa.feature.chroma_stft``.

    Parameters
    ----------
    powers : ndarray of float32, shape (frames, bins)
        Power spectrum.
    sample_rate : int
        Hz.

    Returns
    -------
    ndarray of float32, shape (frames, 12)
        0 to 1; the strongest class of a frame is 1. 0 for silence.
    """
    gathered = powers @ _filters(sample_rate, estimate_tuning(powers, sample_rate=sample_rate))
    strongest = gathered.max(axis=1, keepdims=True)
    strongest[strongest < np.finfo(np.float32).tiny] = 1.0
    return gathered / strongest


def estimate_tuning(powers: np.ndarray, *, sample_rate: int) -> float:
    """Estimate how far a clip is from concert pitch, as ``librosa.estimate_tuning``.

    Parameters
    ----------
    powers : ndarray of float32, shape (frames, bins)
        Power spectrum.
    sample_rate : int
        Hz.

    Returns
    -------
    float
        -0.5 to 0.49 semitones, in hundredths; 0 for silence.
    """
    import librosa

    frequencies = np.arange(powers.shape[1]) * (sample_rate / stft.N_FFT)
    # Only bins that can hold a pitch are looked at, with one more on either side.
    bins = np.flatnonzero((frequencies >= LOWEST) & (frequencies < HIGHEST))
    here = powers[:, bins[0] : bins[-1] + 1]
    below, above = powers[:, bins[0] - 1 : bins[-1]], powers[:, bins[0] + 1 : bins[-1] + 2]
    loud = here > np.float32(THRESHOLD) * powers.max(axis=1, keepdims=True)
    frame, place = np.nonzero(loud & (here > below) & (here >= above))
    centre, left, right = here[frame, place], below[frame, place], above[frame, place]
    # A parabola through the peak and its neighbours gives its true place and height.
    bend, slope = left + right - 2 * centre, (right - left) / 2
    flat = np.abs(slope) >= np.abs(bend)
    shift = np.where(flat, 0, -slope / np.where(flat, 1, bend))
    pitches = ((place + bins[0] + shift) * float(sample_rate) / stft.N_FFT).astype(np.float32)
    heights = centre + np.float32(0.5) * slope * shift
    strong = heights >= np.median(heights) if len(heights) else slice(None)
    with warnings.catch_warnings():
        # Digital silence has no pitch: librosa warns, and takes 0.
        warnings.filterwarnings("ignore", message="Trying to estimate tuning from empty frequency set")
        return float(librosa.pitch_tuning(pitches[strong], resolution=0.01, bins_per_octave=12))


@lru_cache(maxsize=128)
def _filters(sample_rate: int, tuned: float) -> np.ndarray:
    # One for each hundredth of a semitone at most, 48 KiB each.
    import librosa

    filters = librosa.filters.chroma(sr=sample_rate, n_fft=stft.N_FFT, tuning=tuned, n_chroma=12)
    return np.ascontiguousarray(filters.T.astype(np.float32))
