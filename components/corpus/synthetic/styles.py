"""The rules: what tempo, drums, bass, harmony and melody each kind of music has, and how it is recorded.

Rhythms are bars of sixteen steps: ``x`` is always struck, ``o`` every other time, ``.`` never.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Chord = tuple[int, tuple[int, ...]]

_DEGREES = {"I": 0, "II": 2, "III": 4, "IV": 5, "V": 7, "VI": 9, "VII": 11}


@dataclass(frozen=True)
class Drums:
    """Which drum on which step; ``heavy`` 0 to 1."""

    patterns: dict[str, str]
    heavy: float
    level: float


@dataclass(frozen=True)
class Bass:
    """``steps`` are intervals above the chord's root, taken in turn at each stroke."""

    voices: tuple[str, ...]
    rhythms: tuple[str, ...]
    steps: tuple[int, ...]
    length: float
    level: float


@dataclass(frozen=True)
class Chords:
    """The harmony: progressions of one chord a bar, and how they are played.

    ``octave`` moves it up or down, ``drive`` overdrives it, ``broken`` plays fast rhythms a tone at a time.
    """

    voices: tuple[str, ...]
    rhythms: tuple[str, ...]
    progressions: tuple[str, ...]
    length: float
    level: float
    drive: float = 0.0
    octave: int = 0
    broken: bool = False


@dataclass(frozen=True)
class Lead:
    """The melody: a walk over a scale; ``density`` is the chance of a note a step."""

    voices: tuple[str, ...]
    scale: tuple[int, ...]
    density: float
    level: float
    octave: int = 0
    drive: float = 0.0


@dataclass(frozen=True)
class Feel:
    """``tempo`` in beats a minute, from and to; ``swing`` as a share of an eighth."""

    tempo: tuple[float, float]
    swing: float


@dataclass(frozen=True)
class Sound:
    """The recording: ``room`` and ``brightness`` 0 to 1, ``squeeze`` its compression (0.5 hardly, 4 flat)."""

    room: float
    brightness: float
    squeeze: float


@dataclass(frozen=True)
class Style:
    """One kind of music, and those it borrows from."""

    feel: Feel
    drums: Drums | None
    bass: Bass
    chords: Chords
    lead: Lead
    sound: Sound
    neighbours: tuple[str, ...]


def chord(symbol: str) -> Chord:
    """Read a chord symbol.

    Parameters
    ----------
    symbol : str
        A degree of the scale as a Roman numeral, lower case for a minor chord, ``b`` for a semitone lower;
        then nothing (triad), ``5`` (root, fifth and octave), ``7`` or ``maj7``: ``I``, ``vi7``, ``bVII``.

    Returns
    -------
    root : int
        Semitones above the key, 0 to 11.
    tones : tuple of int
        Semitones above the root.
    """
    match = re.fullmatch(r"(b?)([IV]+|[iv]+)(5|7|maj7|)", symbol)
    if match is None:
        raise ValueError(f"chord {symbol!r} cannot be read")
    flat, degree, kind = match.groups()
    root = _DEGREES[degree.upper()] - len(flat)
    if kind == "5":
        return root, (0, 7, 12)
    third = 4 if degree.isupper() else 3
    seventh = {"": (), "7": (10,), "maj7": (11,)}[kind]
    return root, (0, third, 7, *seventh)
