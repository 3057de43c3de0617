"""Energy of the twelve pitch classes, tuned to the clip, as ``librosa.feature.chroma_stft``."""

from __future__ import annotations

import warnings
from functools import lru_cache

import numpy as np

from components.features import spectrum

#: Where pitches are looked for, in Hz, and how far below a frame's loudest bin: librosa's defaults.
LOWEST, HIGHEST, THRESHOLD = 150.0, 4000.0, 0.1


def chroma(powers: np.ndarray, *, sample_rate: int) -> np.ndarray:
    """Gather power into pitch classes.

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
    gathered = powers @ _filters(sample_rate, tuning(powers, sample_rate=sample_rate))
    strongest = gathered.max(axis=1, keepdims=True)
    strongest[strongest < np.finfo(np.float32).tiny] = 1.0
    return gathered / strongest


def tuning(powers: np.ndarray, *, sample_rate: int) -> float:
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

    frequencies = np.arange(powers.shape[1]) * (sample_rate / spectrum.N_FFT)
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
    pitches = ((place + bins[0] + shift) * float(sample_rate) / spectrum.N_FFT).astype(np.float32)
    heights = centre + np.float32(0.5) * slope * shift
    strong = heights >= np.median(heights) if len(heights) else slice(None)
    with warnings.catch_warnings():
        # Digital silence has no pitch: librosa says so, and takes 0.
        warnings.filterwarnings("ignore", message="Trying to estimate tuning from empty frequency set")
        return float(librosa.pitch_tuning(pitches[strong], resolution=0.01, bins_per_octave=12))


@lru_cache(maxsize=128)
def _filters(sample_rate: int, tuned: float) -> np.ndarray:
    # One for each hundredth of a semitone at most, 48 KiB each.
    import librosa

    filters = librosa.filters.chroma(sr=sample_rate, n_fft=spectrum.N_FFT, tuning=tuned, n_chroma=12)
    return np.ascontiguousarray(filters.T.astype(np.float32))
