"""Suite of ``mel_sequence``: decibels of mel bands over time, within 80 dB of a clip's loudest."""

from __future__ import annotations

import numpy as np

from components.features.dsp.stft import MELS
from components.validation import suites
from components.validation.checkpoint import Checks, between, ordered
from components.validation.limits import FLOOR_DB, FULL_SCALE_DB, TOP_DB, Limits
from components.validation.scan import Scan
from components.validation.tables import Inputs

LIMITS = Limits()


def extend(inputs: Inputs, found: Scan, checks: Checks) -> None:
    """Add what mel bands in decibels must hold."""
    means = found.columns["mean"].to_numpy()
    reach = checks["rows"].table["values_maximum"] - checks["rows"].table["values_minimum"]
    checks["rows"].add(
        [
            between("values_minimum", FLOOR_DB, None, "decibels from the floor of power_to_db on"),
            between("values_maximum", None, FULL_SCALE_DB, "decibels up to full scale"),
            between("reach", None, TOP_DB + 0.1, "no band is more than 80 dB below its clip's loudest"),
            between("reach", 20.0, None, "music's bands and moments differ by decibels", mostly=0.95),
        ],
        reach=reach,
    )
    suites.add_sequence(inputs, checks["summary"])
    checks["summary"].add(
        [
            between("bands", MELS, MELS, "a column a mel band"),
            ordered("lower_half", "upper_half", "music has more energy in the lower bands: not upside down"),
            between("first_step", None, 20.0, "the lowest bands are about as loud: no other is the first"),
        ],
        bands=len(means),
        lower_half=means[: len(means) // 2].mean(),
        upper_half=means[len(means) // 2 :].mean(),
        first_step=np.abs(np.diff(means[:2])).max(initial=0.0),
    )
