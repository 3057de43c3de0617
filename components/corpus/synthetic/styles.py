"""Rules of composition: tempo, drums, bass, harmony and melody of each kind of music, and how it is recorded.

They are in ``styles.yaml``. Rhythms are bars of sixteen steps: ``x`` is always struck, ``o`` every other time, ``.``
never.
"""

from __future__ import annotations

import re
from importlib import resources

from pydantic import TypeAdapter

from components.config.strict import Strict
from components.core.yaml_loader import load_yaml

#: Semitones above the key, and those of the tones above the root.
Chord = tuple[int, tuple[int, ...]]

_DEGREES = {"I": 0, "II": 2, "III": 4, "IV": 5, "V": 7, "VI": 9, "VII": 11}
_SEVENTHS: dict[str, tuple[int, ...]] = {"": (), "7": (10,), "maj7": (11,)}


class Drums(Strict):
    """Which drum on which step; ``heavy`` 0 to 1."""

    patterns: dict[str, str]
    heavy: float
    level: float


class Bass(Strict):
    """``steps`` are intervals above the chord's root, taken in turn at each stroke."""

    instruments: tuple[str, ...]
    rhythms: tuple[str, ...]
    steps: tuple[int, ...]
    length: float
    level: float


class Chords(Strict):
    """The harmony: progressions of one chord a bar, and how they are played.

    ``octave`` moves it up or down, ``drive`` overdrives it, ``broken`` plays fast rhythms a tone at a time.
    """

    instruments: tuple[str, ...]
    rhythms: tuple[str, ...]
    progressions: tuple[str, ...]
    length: float
    level: float
    drive: float = 0.0
    octave: int = 0
    broken: bool = False


class Lead(Strict):
    """The melody: a walk over a scale; ``density`` is the chance of a note a step."""

    instruments: tuple[str, ...]
    scale: tuple[int, ...]
    density: float
    level: float
    octave: int = 0
    drive: float = 0.0


class Feel(Strict):
    """``tempo`` in beats a minute, from and to; ``swing`` as a share of an eighth."""

    tempo: tuple[float, float]
    swing: float


class Sound(Strict):
    """The recording: ``room`` and ``brightness`` 0 to 1, ``squeeze`` its compression (0.5 hardly, 4 flat)."""

    room: float
    brightness: float
    squeeze: float


class Style(Strict):
    """One kind of music, and those it borrows from."""

    feel: Feel
    drums: Drums | None
    bass: Bass
    chords: Chords
    lead: Lead
    sound: Sound
    neighbours: tuple[str, ...]


#: By genre.
STYLES = TypeAdapter(dict[str, Style]).validate_python(
    load_yaml(resources.files(__package__).joinpath("styles.yaml").read_text("utf-8"))["genres"]
)


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

    Examples
    --------
    >>> chord("vi7")
    (9, (0, 3, 7, 10))
    """
    match = re.fullmatch(r"(b?)([IV]+|[iv]+)(5|7|maj7|)", symbol)
    if match is None:
        raise ValueError(f"chord {symbol!r} cannot be read")
    flat, degree, kind = match.groups()
    root = _DEGREES[degree.upper()] - len(flat)
    if kind == "5":
        return root, (0, 7, 12)
    return root, (0, 4 if degree.isupper() else 3, 7, *_SEVENTHS[kind])
