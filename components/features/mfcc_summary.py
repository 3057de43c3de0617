"""The 57 numbers of the public tables, by name: mean and variance of what librosa measures, and the tempo."""

from __future__ import annotations

import warnings

import numpy as np

from components.features import spectrum
from components.params import Strict

#: Hz.
SAMPLE_RATE = 22_050
READS = ("audio", "table")
UNITS = ("segment", "track")
ENCODER = None
#: The public 3-s rows were computed from 66,149 samples: each piece without its last one.
DROP_LAST_SAMPLE = True

_MEASURES = (
    "chroma_stft",
    "rms",
    "spectral_centroid",
    "spectral_bandwidth",
    "rolloff",
    "zero_crossing_rate",
    "harmony",
    "perceptr",
)
_COEFFICIENTS = 20
#: In the order of the public tables.
NAMES = (
    *(f"{measure}_{kind}" for measure in _MEASURES for kind in ("mean", "var")),
    "tempo",
    *(f"mfcc{number}_{kind}" for number in range(1, _COEFFICIENTS + 1) for kind in ("mean", "var")),
)


class Options(Strict):
    """There is nothing to choose: the columns are the public ones."""


def extract(clips: np.ndarray, *, options: Options) -> np.ndarray:
    """Compute the 57 columns of each clip.

    Parameters
    ----------
    clips : ndarray of float32, shape (n, samples)
        Mono at ``SAMPLE_RATE``.
    options : Options
        None.

    Returns
    -------
    ndarray of float32, shape (n, 57)
        Columns ``NAMES``; frequencies in Hz, 0 to 11,025; rates 0 to 1; tempo in beats a minute.
    """
    values = np.empty((len(clips), len(NAMES)), dtype=np.float32)
    with warnings.catch_warnings():
        # Digital silence has no pitch to tune to: librosa says so, and takes 0.
        warnings.filterwarnings("ignore", message="Trying to estimate tuning from empty frequency set")
        for row, clip in zip(values, clips, strict=True):
            row[:] = _row(clip)
    return values


def _row(y: np.ndarray) -> list[float]:
    import librosa

    transform = spectrum.stft(y)
    powers = spectrum.power(transform)
    magnitude = np.sqrt(powers).T
    mels = spectrum.mel(powers, sample_rate=SAMPLE_RATE)
    level = spectrum.decibels(mels)
    feature = librosa.feature
    harmonic, percussive = (
        librosa.istft(part, length=len(y)) for part in librosa.decompose.hpss(transform.T)
    )
    envelope = librosa.onset.onset_strength(S=level.T, sr=SAMPLE_RATE)
    tempo = feature.tempo(onset_envelope=envelope, sr=SAMPLE_RATE)
    row: list[float] = []
    for series in (
        feature.chroma_stft(S=powers.T, sr=SAMPLE_RATE),
        feature.rms(y=y, pad_mode="reflect"),
        feature.spectral_centroid(S=magnitude, sr=SAMPLE_RATE),
        feature.spectral_bandwidth(S=magnitude, sr=SAMPLE_RATE),
        feature.spectral_rolloff(S=magnitude, sr=SAMPLE_RATE),
        feature.zero_crossing_rate(y),
        harmonic,
        percussive,
    ):
        row += [float(series.mean()), float(series.var())]
    row.append(float(tempo[0]))
    coefficients = spectrum.mfcc(level, coefficients=_COEFFICIENTS)
    for mean, variance in zip(coefficients.mean(axis=0), coefficients.var(axis=0), strict=True):
        row += [float(mean), float(variance)]
    return row
