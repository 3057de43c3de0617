"""Suite of ``mfcc_sequence``: cepstral coefficients over time, bounded by decibels and the cosine transform."""

from __future__ import annotations

import numpy as np

from components.validation import suites
from components.validation.checkpoint import Checks, between, ordered
from components.validation.limits import CEPSTRUM, LOUD, QUIET, Limits
from components.validation.scan import Scan
from components.validation.tables import LEAST_COHERENCE, Inputs

LIMITS = Limits()


def extend(inputs: Inputs, found: Scan, checks: Checks) -> None:
    """Add what cepstral coefficients over time must hold."""
    columns, width = found.columns, len(found.columns)
    first = np.arange(width) == 0
    coefficients = [
        ordered("minimum", "lowest", "decibels from the floor of power_to_db on; 80 dB between bands"),
        ordered("highest", "maximum", "decibels up to full scale; 80 dB between bands"),
        ordered("first_std", "std", "loudness varies most: the first coefficient is the first"),
        between("std", 1.0, None, "decibels vary by more than one: not scaled, not amplitudes"),
    ]
    if width > 1:
        # Bands of a spectrum tilt either way; a rectified, squared or shifted transform has one sign.
        both, but_one = "all but the first take both signs", (width - 1) / width - 1e-6
        coefficients += [
            between("minimum", None, 0.0, both, strict_max=True),
            between("maximum", 0.0, None, both, strict_min=True, mostly=but_one),
        ]
    if inputs.steady:
        alike = "segments of a track have its timbre"
        coefficients.append(between("coherence", LEAST_COHERENCE, None, alike))
    checks["columns"].add(
        coefficients,
        lowest=np.where(first, QUIET, -CEPSTRUM),
        highest=np.where(first, LOUD, CEPSTRUM),
        first_std=columns["std"].iloc[0],
        # The profile's first half are means over time, one a coefficient.
        coherence=np.nan if found.coherence is None else found.coherence[:width],
    )
    suites.add_sequence(inputs, checks["summary"])
    checks["summary"].add(
        [
            between("first_mean", -700.0, 150.0, "music from -60 dB to full scale"),
            between("first_std", 10.0, 400.0, "music's loudness and density vary by decibels"),
        ],
        first_mean=columns["mean"].iloc[0],
        first_std=columns["std"].iloc[0],
    )
