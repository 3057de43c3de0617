"""Suite of ``mel_image``: pictures of mel spectrograms as the public ones are drawn, 0 to 255 in red, green, blue."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from components.corpus.image_files import HEIGHT, WIDTH
from components.validation.checkpoint import Checked, Checks, between, equal, expect
from components.validation.limits import Limits
from components.validation.scan import LEVELS, Scan, pieces
from components.validation.tables import Inputs

#: Height, width, channels of the public pictures.
SHAPE = (HEIGHT, WIDTH, 3)
#: Where the spectrogram lies in the white figure; a few pixels inside its frame line.
TOP, BOTTOM, LEFT, RIGHT = 40, 248, 60, 384
#: Every so many pixels are looked at for their colour.
STEP = 8
#: Largest difference in any channel, of 0 to 255, from a colour of the map: older Matplotlib rounded otherwise.
ROUNDING = 2

#: Least median of ``lean``: of the public pictures 0.8, of no genre below 0.5; with the axes exchanged -0.6.
LEAST_LEAN = 0.1
#: Of 0 to 255; keeps a blank picture's ``lean`` a number.
LEAST_STEP = 1e-3

#: White margins are 42 % of a picture and never vary; the top bands of soft or band-limited music may be black.
LIMITS = Limits(constant_elements=0.75, pile_up=1.0, zeros=1.0, whole=1.0)


def extend(inputs: Inputs, found: Scan, checks: Checks) -> None:
    """Add ``pictures``, one row a picture, and what they must hold.

    Measured are ``minimum``, ``maximum``, ``mean``, ``std`` of the whole; ``fractions`` (share of values that are no
    whole number), ``off_map`` (share of spectrogram pixels whose colour is not of the colour map), ``margin`` (darkest
    value outside the axes), ``tilt`` (lower half less upper half of the bands, in brightness), ``course`` (correlation
    of a column of pixels with the next) and ``lean`` (logarithm of how much bands differ in brightness, over how much
    moments do).
    """
    fits = inputs.values.shape[1:] == SHAPE
    tracks = inputs.index["track"].astype(str).to_numpy(dtype=object)
    rows = found.rows[["minimum", "maximum", "mean", "std"]].assign(track=tracks, shape_differs=int(not fits))
    pictures = [
        equal("shape_differs", 0, "288 lines of 432 pixels in three colours, as the public pictures"),
        between("minimum", 0.0, 60.0, "the softest sound and the frame line are nearly black"),
        between("maximum", 200.0, 255.0, "margins are white: not scaled to 0..1, not shifted around 0"),
    ]
    checks["pictures"] = Checked(rows, pictures)
    if not fits:
        return
    # Known of all values already, which saves half of the time.
    whole = bool(((found.columns["whole"] == 1.0) | (found.columns["zeros"] == 1.0)).all())
    whole &= not found.columns["not_finite"].any()
    measured = pd.concat([_measure(x, whole=whole) for x in pieces(inputs.values)], ignore_index=True)
    columns = "a sound lasts longer than a column of pixels: time runs along the lines"
    bands = "loudness differs more from band to band than from moment to moment: frequency runs upwards"
    low = "music has more energy in the lower bands: not upside down"
    checks["pictures"].add(
        [
            between("mean", 60.0, 220.0, "neither black nor white: margins alone give 107"),
            between("std", 40.0, 128.0, "margins and spectrogram differ; no spread of 0..255 is above 127.5"),
            equal("fractions", 0.0, "whole numbers, as pictures hold"),
            between("off_map", None, 0.05, "colours of the map magma: channels in order, nothing blended"),
            between("margin", 250.0, 255.0, "white outside the axes: not shifted, not cropped"),
            between("spread_inside", 2.0, None, "the spectrogram is not one colour", mostly=0.98),
            between("tilt", 0.0, None, low, mostly=0.8),
            expect("ColumnMedianToBeBetween", columns, column="course", min_value=0.15, max_value=None),
            expect("ColumnMedianToBeBetween", bands, column="lean", min_value=LEAST_LEAN, max_value=None),
        ],
        **measured,
    )


def _measure(x: np.ndarray, *, whole: bool) -> pd.DataFrame:
    if not whole and not np.isfinite(x).all():
        x = np.nan_to_num(x)
    inside = x[:, TOP:BOTTOM, LEFT:RIGHT]
    # The mean colour; NumPy takes six times as long over an axis of three.
    brightness = (inside[..., 0] + inside[..., 1] + inside[..., 2]) / np.float32(3)
    half = brightness.shape[1] // 2
    course = brightness - brightness.mean(axis=2, keepdims=True)
    power = np.square(course).sum(axis=(1, 2))
    bands, moments = brightness.mean(axis=2).std(axis=1), brightness.mean(axis=1).std(axis=1)
    following = (course[:, :, 1:] * course[:, :, :-1]).sum(axis=(1, 2))
    margins = [x[:, :30], x[:, -30:], x[:, :, :50], x[:, :, -40:]]
    return pd.DataFrame(
        {
            "fractions": 0.0 if whole else (x != np.round(x)).mean(axis=(1, 2, 3)),
            "off_map": _off_map(inside[:, ::STEP, ::STEP]),
            "margin": np.min([margin.min(axis=(1, 2, 3)) for margin in margins], axis=0),
            # The picture's first line is the highest band.
            "tilt": brightness[:, half:].mean(axis=(1, 2)) - brightness[:, :half].mean(axis=(1, 2)),
            "course": np.where(power > 0, following / np.where(power > 0, power, 1.0), 0.0),
            "lean": np.log((bands + LEAST_STEP) / (moments + LEAST_STEP)),
            "spread_inside": brightness.std(axis=(1, 2)),
        }
    ).astype("float64")


def _off_map(pixels: np.ndarray) -> np.ndarray:
    """Return the share of each picture's pixels of which no colour of the map is near in every channel."""
    flat = pixels.reshape(-1, 3)
    whole = ((flat == np.rint(flat)) & (flat >= 0) & (flat < LEVELS)).all(axis=1)
    levels = flat[whole].astype(np.int64)
    near = np.empty(len(flat), dtype=bool)
    near[whole] = _near_map()[levels[:, 0], levels[:, 1], levels[:, 2]]
    near[~whole] = _is_near(flat[~whole])
    return (~near).reshape(len(pixels), -1).mean(axis=1)


@cache
def _near_map() -> np.ndarray:
    """Look up whether a colour of whole numbers of 0 to 255 is near one of the map: axes red, green, blue."""
    near = np.zeros((LEVELS, LEVELS, LEVELS), dtype=bool)
    lowest = np.ceil(np.maximum(_colours() - ROUNDING, 0)).astype(int)
    highest = np.floor(np.minimum(_colours() + ROUNDING, LEVELS - 1)).astype(int) + 1
    for (red, green, blue), (above_red, above_green, above_blue) in zip(lowest, highest, strict=True):
        near[red:above_red, green:above_green, blue:above_blue] = True
    return near


def _is_near(pixels: np.ndarray) -> np.ndarray:
    near = np.zeros(len(pixels), dtype=bool)
    for colour in _colours():
        near |= (np.abs(pixels - colour) <= ROUNDING).all(axis=1)
    return near


@cache
def _colours() -> np.ndarray:
    import matplotlib

    return np.asarray(matplotlib.colormaps["magma"](np.arange(LEVELS)))[:, :3] * 255.0
