"""Augmented views of a feature's clips, as ``features.<name>.augment`` of ``params.yaml`` lists them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from components.config.strict import Strict

#: A figure, or the two ends of a range from which it is drawn for each clip.
Drawn = float | tuple[float, float]


def _within(least: float, most: float) -> AfterValidator:
    def check(value: Drawn) -> Drawn:
        low, high = value if isinstance(value, tuple) else (value, value)
        if not least <= low <= high <= most or (isinstance(value, tuple) and low == high):
            shown = f"[{low:g}, {high:g}]; " if isinstance(value, tuple) else ""
            raise ValueError(f"{shown}valid: a number of {least:g} to {most:g}, or [low, high] of two such")
        return value

    return AfterValidator(check)


Decibels = Annotated[Drawn, _within(-40.0, 40.0)]
Hertz = Annotated[Drawn, _within(0.0, 100_000.0)]
Semitones = Annotated[Drawn, _within(-12.0, 12.0)]
Factor = Annotated[Drawn, _within(0.5, 2.0)]


class AugmentParams(Strict):
    """Augmented views of each clip: what is done to the audio before the feature is extracted.

    Each figure is a number, or ``[low, high]`` to draw it for each clip. The defaults change nothing.

    Attributes
    ----------
    gain : float
        dB.
    low, high : float
        dB below 200 Hz and above 4 kHz: a mixing desk's bass and treble. Of opposite signs, they tilt the spectrum.
    cutoff : float
        Hz above which nothing is left; 0 is none.
    semitones : float
        Pitch; the tempo stays.
    rate : float
        Times as fast; the pitch stays.
    speed : float
        Times as fast and as high, as a record at another speed (Ko et al., Interspeech 2015, take 0.9 and 1.1).
    draws : int
        How many views are drawn like this.
    """

    gain: Decibels = 0.0
    low: Decibels = 0.0
    high: Decibels = 0.0
    cutoff: Hertz = 0.0
    semitones: Semitones = 0.0
    rate: Factor = 1.0
    speed: Factor = 1.0
    draws: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _changes(self) -> AugmentParams:
        figures = {name: field.default for name, field in type(self).model_fields.items() if name != "draws"}
        if all(getattr(self, name) == default for name, default in figures.items()):
            raise ValueError(f"changes nothing; valid: one or more of {', '.join(figures)}")
        if self.draws > 1 and not any(isinstance(getattr(self, name), tuple) for name in figures):
            raise ValueError(f"draws is {self.draws}, but nothing is drawn; valid: [low, high] for a figure")
        return self
