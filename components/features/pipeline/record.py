"""What a feature is: its ``meta.json``, typed."""

from __future__ import annotations

from typing import Any

from components.config.params import Unit
from components.config.strict import Strict
from components.features.encoders.base import EncoderRecord


class FeatureRecord(Strict):
    """A feature as its ``meta.json`` describes it.

    Attributes
    ----------
    feature : str
        A key of ``features`` in ``params.yaml``.
    unit : str
        What a row stands for: ``segment`` or ``track``.
    shape : list of int
        Of a row.
    names : list of str or None
        Of the columns, where they have names.
    sample_rate : int or None
        That it is defined at, in Hz; None where it is not computed from audio.
    options : dict
        The extractor's, defaults filled in.
    pretrained : list of EncoderRecord
        The frozen encoders that it comes out of, in order.
    """

    feature: str
    unit: Unit
    shape: list[int]
    names: list[str] | None
    sample_rate: int | None
    options: dict[str, Any]
    pretrained: list[EncoderRecord]
