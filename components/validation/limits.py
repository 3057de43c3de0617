"""Limits: the block ``validation`` of ``params.yaml``, and what a suite file may change for its feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pydantic
from pydantic import Field

from components.config.params import Strict, describe
from components.core.errors import ParamsError

#: As in librosa's ``mfcc``: mel bands, and decibels that power_to_db keeps below a clip's loudest value.
MELS, TOP_DB = 128, 80.0
#: power_to_db's floor, 1e-10, is -100 dB; 2048 samples of a full-scale tone under a Hann window are 2**20: 60 dB.
FLOOR_DB, FULL_SCALE_DB = -100.0, 61.0
#: An orthonormal cosine transform of 128 bands: the first coefficient is their sum over the root of 128; the others
#: are at most the root of 2/128 times half the range of 80 dB times 128 cosines' sizes (2/pi each).
QUIET, LOUD = float(np.sqrt(MELS)) * FLOOR_DB, float(np.sqrt(MELS)) * FULL_SCALE_DB
CEPSTRUM = float(np.sqrt(2.0 / MELS)) * TOP_DB / 2.0 * MELS * 2.0 / np.pi + 1.0


class ValidationParams(Strict):
    """The block ``validation``: how much is allowed of what a real collection always holds a little of.

    Attributes
    ----------
    max_duplicate_share : float
        Share of rows, 0 to 1, that may repeat a row of another track exactly. The public 30-s table repeats 14
        rows of 1,000.
    max_conflicting_tracks : int
        How many tracks may repeat a track of *another genre*. The public collection holds one such pair
        (metal.00058 is rock.00016); none is right for any other.
    max_track_share : float
        Share of all rows, 0 to 1, that one track may give. Where a collection has so few tracks that an equal
        share is more than half of this, twice the equal share is allowed.
    label_margin : float
        How far, at the least, a nearest-centroid rule must be above chance at telling genres apart, as a
        difference of balanced accuracies. Small collections must be further above it (see
        :mod:`components.validation.signal`).
    """

    max_duplicate_share: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.02
    max_conflicting_tracks: Annotated[int, Field(ge=0)] = 0
    max_track_share: Annotated[float, Field(gt=0.0, le=1.0)] = 0.1
    label_margin: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.05


def parse(block: dict[str, Any] | ValidationParams) -> ValidationParams:
    """Check the block ``validation`` of ``params.yaml``.

    Parameters
    ----------
    block : dict or ValidationParams
        The block as read; a checked one is returned as it is.

    Returns
    -------
    ValidationParams
        The checked block.

    Raises
    ------
    ParamsError
        If a key is unknown, or a value of the wrong type or range.
    """
    if isinstance(block, ValidationParams):
        return block
    try:
        return ValidationParams.model_validate(block)
    except pydantic.ValidationError as error:
        raise ParamsError(f"params.yaml: validation.{describe(error)}") from error


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
