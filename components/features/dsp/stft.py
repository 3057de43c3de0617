"""One short-time Fourier transform in float32, shared by every feature that needs a spectrum.

Sizes are those of the public tables and of librosa's defaults: 2,048 samples a frame, 512 samples of hop
length, a periodic Hann window, frames centred on their time. A function with the name of one of librosa's gives the
same values, time first where librosa has it last; :func:`stft` mirrors the clip at its ends, as librosa before 0.10.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

#: Samples a frame; librosa's default.
N_FFT = 2048
#: Samples between frames; librosa's default.
HOP_LENGTH = 512
#: Mel bands; librosa's default.
MELS = 128
#: Frames worked on together, so that a block stays in the processor's cache.
BLOCK = 64


def frames_in(samples: int, *, hop_length: int = HOP_LENGTH) -> int:
    """Count the centred frames of a clip.

    Parameters
    ----------
    samples : int
        Length of the clip.
    hop_length : int
        Samples between frames.

    Returns
    -------
    int
        ``1 + samples // hop_length``.
    """
    return 1 + samples // hop_length


def stft(y: np.ndarray, *, hop_length: int = HOP_LENGTH, pad_mode: str = "reflect") -> np.ndarray:
    """Transform a clip.

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        A clip.
    hop_length : int
        Samples between frames.
    pad_mode : str
        How the clip goes on past its ends: ``reflect`` (librosa before 0.10, the public tables) or
        ``constant`` (zeros, librosa since).

    Returns
    -------
    ndarray of complex64, shape (frames, 1 + N_FFT // 2)
        Transposed to librosa's: time comes first, as it lies in memory.
    """
    import scipy.fft

    padded = np.pad(y, N_FFT // 2, mode=pad_mode)  # type: ignore[call-overload]
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::hop_length]
    window = hann()
    spectrum = np.empty((len(frames), 1 + N_FFT // 2), dtype=np.complex64)
    for start in range(0, len(frames), BLOCK):
        block = frames[start : start + BLOCK] * window
        spectrum[start : start + BLOCK] = scipy.fft.rfft(block, axis=1)
    return spectrum


def power(spectrum: np.ndarray) -> np.ndarray:
    """Square the magnitudes.

    Parameters
    ----------
    spectrum : ndarray of complex64, shape (frames, bins)
        From :func:`stft`.

    Returns
    -------
    ndarray of float32, shape (frames, bins)
        Power.
    """
    return spectrum.real**2 + spectrum.imag**2


def melspectrogram(powers: np.ndarray, *, sample_rate: int) -> np.ndarray:
    """Gather power into mel bands.

    Parameters
    ----------
    powers : ndarray of float32, shape (frames, bins)
        From :func:`power`.
    sample_rate : int
        Hz.

    Returns
    -------
    ndarray of float32, shape (frames, MELS)
        Slaney's mel bands, each of area 1, as ``librosa.feature.melspectrogram``.
    """
    bands = np.empty((len(powers), MELS), dtype=np.float32)
    for low, high, group in _groups(sample_rate):
        bands[:, group] = powers[:, low:high] @ mel_basis(sample_rate)[low:high, group]
    return bands


def power_to_db(powers: np.ndarray, *, ref: float = 1.0, top_db: float = 80.0) -> np.ndarray:
    """Take powers to decibels, as ``librosa.power_to_db``.

    Parameters
    ----------
    powers : ndarray of float32
        Power, 0 and up.
    ref : float
        The power that is 0 dB.
    top_db : float
        Nothing is left more than so many decibels below the loudest value.

    Returns
    -------
    ndarray of float32
        Decibels; powers below 1e-10 count as 1e-10.
    """
    level = 10.0 * np.log10(np.maximum(np.float32(1e-10), powers))
    level -= np.float32(10.0 * np.log10(max(1e-10, ref)))
    return np.maximum(level, level.max() - np.float32(top_db))


def mfcc(level: np.ndarray, *, coefficients: int) -> np.ndarray:
    """Take mel decibels to cepstral coefficients, as ``librosa.feature.mfcc``.

    Parameters
    ----------
    level : ndarray of float32, shape (frames, MELS)
        From :func:`power_to_db`.
    coefficients : int
        How many to keep.

    Returns
    -------
    ndarray of float32, shape (frames, coefficients)
        Type II cosine transform, orthonormal.
    """
    import scipy.fft

    return scipy.fft.dct(level, axis=1, type=2, norm="ortho")[:, :coefficients]


@lru_cache(maxsize=1)
def hann() -> np.ndarray:
    """Return the periodic Hann window of ``N_FFT`` samples, float32.

    Returns
    -------
    ndarray of float32, shape (N_FFT,)
        0 to 1.
    """
    import scipy.signal

    return scipy.signal.get_window("hann", N_FFT, fftbins=True).astype(np.float32)


@lru_cache(maxsize=8)
def _groups(sample_rate: int) -> list[tuple[int, int, slice]]:
    # A band takes in few bins: bands are multiplied 16 at a time with the bins that these take in.
    groups = []
    for first in range(0, MELS, 16):
        group = slice(first, first + 16)
        bins = np.flatnonzero(mel_basis(sample_rate)[:, group].any(axis=1))
        groups.append((int(bins[0]), int(bins[-1]) + 1, group))
    return groups


@lru_cache(maxsize=8)
def mel_basis(sample_rate: int) -> np.ndarray:
    """Return librosa's mel filters, transposed for time-first spectra.

    Parameters
    ----------
    sample_rate : int
        Hz.

    Returns
    -------
    ndarray of float32, shape (1 + N_FFT // 2, MELS)
        One filter a column.
    """
    import librosa

    return np.ascontiguousarray(librosa.filters.mel(sr=sample_rate, n_fft=N_FFT, n_mels=MELS).T)
