"""Suite of ``mfcc_sequence``: cepstral coefficients over time, bounded by decibels and the cosine transform."""

from __future__ import annotations

import numpy as np

from components.validation.base import LEAST_COHERENCE, agree, between, ordered, steady
from components.validation.contract import Suite, Tables
from components.validation.inputs import Inputs
from components.validation.limits import Limits
from components.validation.scan import Scan

#: As in librosa's ``mfcc``: mel bands, decibels kept below a clip's loudest value, floor and full scale in dB.
MELS, TOP_DB, FLOOR_DB, FULL_SCALE_DB = 128, 80.0, -100.0, 61.0
#: Rows looked at, evenly spaced, for how a sequence goes on in time.
LOOKED_AT = 200

LIMITS = Limits()


def tables(inputs: Inputs, found: Scan, built: Tables) -> Tables:
    """Add bounds to ``columns``, one row a coefficient, and facts over time to ``summary``.

    Returns
    -------
    dict of str to DataFrame
        The two tables.
    """
    columns = built["columns"]
    # An orthonormal cosine transform of 128 bands: the first coefficient is their sum over the root of 128; the
    # others are at most the root of 2/128 times half the range of 80 dB times 128 cosines' sizes (2/pi each).
    other = np.sqrt(2.0 / MELS) * TOP_DB / 2.0 * MELS * 2.0 / np.pi + 1.0
    first = np.arange(len(columns)) == 0
    coefficients = columns.assign(
        lowest=np.where(first, np.sqrt(MELS) * FLOOR_DB, -other),
        highest=np.where(first, np.sqrt(MELS) * FULL_SCALE_DB, other),
        first_std=columns["std"].iloc[0],
    )
    if found.coherence is not None:
        # The profile's first half are means over time, one a coefficient.
        coefficients["coherence"] = found.coherence[: len(columns)]
    sequences = inputs.values.ndim == 3
    course = {
        "frames": inputs.values.shape[1] if sequences else 0,
        "frames_due": _frames(inputs),
        "first_mean": float(columns["mean"].iloc[0]),
        "first_std": float(columns["std"].iloc[0]),
        "continuity": _continuity(inputs.values) if sequences else 0.0,
    }
    return {"columns": coefficients, "summary": built["summary"].assign(**course)}


def _frames(inputs: Inputs) -> int:
    samples = round(inputs.params.segments.seconds * 2.0 * inputs.nyquist)
    return 1 + samples // int((inputs.meta.get("options") or {}).get("hop_length", 512))


def _continuity(values: np.ndarray) -> float:
    """Return the median over rows and coefficients of the correlation of a frame with the next."""
    rows = np.unique(np.linspace(0, len(values) - 1, min(LOOKED_AT, len(values))).astype(int))
    x = np.nan_to_num(np.stack([values[row] for row in rows]).astype(np.float64), posinf=0.0, neginf=0.0)
    if x.shape[1] < 3:
        return 1.0
    x -= x.mean(axis=1, keepdims=True)
    power = np.square(x).sum(axis=1)
    following = (x[:, 1:] * x[:, :-1]).sum(axis=1)
    return float(np.median(following[power > 0] / power[power > 0])) if (power > 0).any() else 0.0


def expectations(inputs: Inputs) -> Suite:
    """Say what cepstral coefficients over time must hold."""
    coefficients = [
        ordered("minimum", "lowest", "decibels from the floor of power_to_db on; 80 dB between bands"),
        ordered("highest", "maximum", "decibels up to full scale; 80 dB between bands"),
        ordered("first_std", "std", "loudness varies most: the first coefficient is the first"),
        between("std", 1.0, None, "decibels vary by more than one: not scaled, not amplitudes"),
    ]
    if inputs.values.shape[-1] > 1:
        # Bands of a spectrum tilt either way; a rectified, squared or shifted transform has one sign.
        both = "all but the first take both signs"
        coefficients += [
            between("minimum", None, 0.0, both, strict_max=True),
            between("maximum", 0.0, None, both, strict_min=True, mostly=_all_but_one(inputs)),
        ]
    if steady(inputs):
        coefficients.append(
            between("coherence", LEAST_COHERENCE, None, "segments of a track have its timbre")
        )
    course = [
        agree("frames", "frames_due", "one frame every hop length of the segment, at the right rate"),
        between("first_mean", -700.0, 150.0, "music from -60 dB to full scale"),
        between("first_std", 10.0, 400.0, "music's loudness and density vary by decibels"),
        between("continuity", 0.3, None, "a frame shares three quarters of its samples with the next"),
    ]
    return {"columns": coefficients, "summary": course}


def _all_but_one(inputs: Inputs) -> float:
    width = inputs.values.shape[-1]
    return (width - 1) / width - 1e-6
