"""The 57 numbers of the public tables, by name: mean and variance of what librosa measures, and the tempo."""

from __future__ import annotations

import numpy as np

from components.config.strict import Strict
from components.corpus import feature_table
from components.features.dsp import stft

#: Hz.
SAMPLE_RATE = 22_050
READS = ("audio", "table")
UNITS = ("segment", "track")
ENCODERS: tuple[str, ...] = ()
#: The public 3-s rows were computed from 66,149 samples: each piece without its last one.
DROP_LAST_SAMPLE = True

NAMES = feature_table.VALUES
_COEFFICIENTS = 20


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
    for row, clip in zip(values, clips, strict=True):
        row[:] = _row(np.ascontiguousarray(clip))
    return values


def _row(y: np.ndarray) -> list[float]:
    from components.features.dsp import hpss, spectral, tempo

    transform = stft.stft(y)
    powers = stft.power(transform)
    magnitude = np.sqrt(powers)
    level = stft.power_to_db(stft.melspectrogram(powers, sample_rate=SAMPLE_RATE))
    row: list[float] = []
    for series in (
        spectral.chroma_stft(powers, sample_rate=SAMPLE_RATE),
        spectral.rms(y),
        *spectral.centroid_bandwidth(magnitude, sample_rate=SAMPLE_RATE),
        spectral.spectral_rolloff(magnitude, sample_rate=SAMPLE_RATE),
        spectral.zero_crossing_rate(y),
        *hpss.separate(y, transform=transform, magnitude=magnitude),
    ):
        row += [float(series.mean()), float(series.var())]
    row.append(tempo.tempo(tempo.onset_strength(level), sample_rate=SAMPLE_RATE))
    coefficients = stft.mfcc(level, coefficients=_COEFFICIENTS)
    for mean, variance in zip(coefficients.mean(axis=0), coefficients.var(axis=0), strict=True):
        row += [float(mean), float(variance)]
    return row
