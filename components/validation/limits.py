"""Limits of values: what decibels allow, and what a suite file may change for its feature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from components.features.dsp.stft import MELS

#: Decibels that power_to_db keeps below a clip's loudest value.
TOP_DB = 80.0
#: power_to_db's floor, 1e-10, is -100 dB; 2048 samples of a full-scale tone under a Hann window are 2**20: 60 dB.
FLOOR_DB, FULL_SCALE_DB = -100.0, 61.0
#: An orthonormal cosine transform of 128 bands: the first coefficient is their sum over the root of 128; the others
#: are at most the root of 2/128 times half the range of 80 dB times 128 cosines' sizes (2/pi each).
QUIET, LOUD = float(np.sqrt(MELS)) * FLOOR_DB, float(np.sqrt(MELS)) * FULL_SCALE_DB
CEPSTRUM = float(np.sqrt(2.0 / MELS)) * TOP_DB / 2.0 * MELS * 2.0 / np.pi + 1.0


@dataclass(frozen=True)
class Limits:
    """What holds for any feature; a suite file's ``LIMITS`` changes what is different for its own.

    Attributes
    ----------
    constant_columns : float
        Share of columns that may never vary. None for a measured quantity; units of a frozen encoder may be
        silent on a whole collection.
    constant_elements : float
        Share of the numbers of a row (time steps times columns, or pixels) that may never vary over the rows.
    pile_up : float
        Share of a column's values that may lie exactly on its maximum or, unless that is 0, on its minimum.
        A continuous quantity reaches its extreme once; a clipped one again and again.
    piled_columns : float
        Share of columns that may do so all the same: units of a frozen encoder that are rarely active.
    zeros : float
        Share of a column's values that may be exactly 0. A measured quantity is 0 by chance alone; a rectified
        one, or a picture's, often.
    whole : float
        Share of the values that are not 0 that may be whole numbers: a measured quantity's are by chance alone.
    discrete : tuple of str
        Columns that take few values by nature, for which ``pile_up`` means nothing.
    coherence : float
        Least intraclass correlation of the rows of one track (0: rows of a track are as unlike as rows of
        different tracks; 1: equal). Segments of a song share its instruments, key and mastering.
    """

    constant_columns: float = 0.0
    constant_elements: float = 0.0
    pile_up: float = 0.05
    piled_columns: float = 0.0
    zeros: float = 0.2
    whole: float = 0.5
    discrete: tuple[str, ...] = ()
    coherence: float = 0.1
