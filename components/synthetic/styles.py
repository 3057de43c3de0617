"""The rules: what tempo, drums, bass, harmony and melody each kind of music has, and whose it borrows.

Rhythms are bars of sixteen steps: ``x`` is always struck, ``o`` every other time, ``.`` never.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

Chord = tuple[int, tuple[int, ...]]

_MAJOR, _MINOR, _POWER = (0, 4, 7), (0, 3, 7), (0, 7, 12)
_SEVENTH, _MINOR_7, _MAJOR_7 = (0, 4, 7, 10), (0, 3, 7, 10), (0, 4, 7, 11)
_MAJOR_SCALE, _MINOR_SCALE = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
_PENTATONIC, _BLUES, _PHRYGIAN = (0, 2, 4, 7, 9), (0, 3, 5, 6, 7, 10), (0, 1, 3, 5, 7, 8, 10)


@dataclass(frozen=True)
class Drums:
    """Which drum on which step; ``heavy`` 0 to 1."""

    patterns: tuple[tuple[str, str], ...]
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
    """The harmony: progressions of one chord a bar, and how they are played."""

    voices: tuple[str, ...]
    rhythms: tuple[str, ...]
    progressions: tuple[tuple[Chord, ...], ...]
    length: float
    level: float
    drive: float = 0.0
    octave: int = 0
    spread: bool = False


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
class Style:
    """One kind of music. ``tempo`` in beats a minute, ``swing`` as a share of an eighth, ``room`` 0 to 1."""

    tempo: tuple[float, float]
    swing: float
    drums: Drums | None
    bass: Bass
    chords: Chords
    lead: Lead
    room: float
    brightness: float
    neighbours: tuple[str, ...]


STYLES: dict[str, Style] = {
    "blues": Style(
        tempo=(62, 118),
        swing=0.3,
        drums=Drums(
            (("kick", "x.......x.o....."), ("snare", "....x.......x..."), ("hat", "x.x.x.x.x.x.x.x.")),
            0.45,
            0.5,
        ),
        bass=Bass(
            ("finger_bass", "upright_bass"), ("x...x...x...x...", "x..xx..xx..xx..x"), (0, 4, 7, 9), 0.9, 0.6
        ),
        chords=Chords(
            ("clean_guitar", "piano", "organ"),
            ("x...x.x.x...x.x.", "..x...x...x...x.", "x.....o.x......."),
            (
                ((0, _SEVENTH), (0, _SEVENTH), (5, _SEVENTH), (5, _SEVENTH), (0, _SEVENTH), (7, _SEVENTH)),
                ((0, _SEVENTH), (5, _SEVENTH), (0, _SEVENTH), (7, _SEVENTH), (5, _SEVENTH), (0, _SEVENTH)),
            ),
            0.9,
            0.45,
            0.15,
        ),
        lead=Lead(("driven_guitar", "clean_guitar", "singer"), _BLUES, 0.32, 0.5, drive=0.3),
        room=0.2,
        brightness=0.45,
        neighbours=("jazz", "rock", "country"),
    ),
    "classical": Style(
        tempo=(60, 140),
        swing=0.0,
        drums=None,
        bass=Bass(("cello",), ("x.......x.......", "x...............", "x...x...x...x..."), (0, 7), 1.0, 0.4),
        chords=Chords(
            ("strings", "piano", "strings"),
            ("x...............", "x.x.x.x.x.x.x.x.", "x.......x......."),
            (
                ((0, _MAJOR), (5, _MAJOR), (7, _MAJOR), (0, _MAJOR)),
                ((0, _MINOR), (5, _MINOR), (7, _MAJOR), (0, _MINOR)),
                ((0, _MAJOR), (9, _MINOR), (2, _MINOR), (7, _MAJOR)),
            ),
            1.0,
            0.45,
            spread=True,
        ),
        lead=Lead(("violin", "flute", "piano"), _MAJOR_SCALE, 0.35, 0.5, octave=1),
        room=0.8,
        brightness=0.4,
        neighbours=("jazz", "country"),
    ),
    "country": Style(
        tempo=(86, 150),
        swing=0.05,
        drums=Drums(
            (("kick", "x.......x......."), ("snare", "....x.......x..."), ("shaker", "x.x.x.x.x.x.x.x.")),
            0.3,
            0.4,
        ),
        bass=Bass(("finger_bass", "upright_bass"), ("x.......x.......",), (0, 7), 0.8, 0.6),
        chords=Chords(
            ("acoustic_guitar",),
            ("x...x.x.x...x.x.", "..x.x.x...x.x.x.", "x.xxx.xxx.xxx.xx"),
            (
                ((0, _MAJOR), (5, _MAJOR), (0, _MAJOR), (7, _MAJOR)),
                ((0, _MAJOR), (0, _MAJOR), (5, _MAJOR), (7, _MAJOR)),
            ),
            0.8,
            0.6,
        ),
        lead=Lead(("steel_guitar", "violin", "singer"), _PENTATONIC, 0.25, 0.5),
        room=0.2,
        brightness=0.6,
        neighbours=("rock", "blues", "pop"),
    ),
    "disco": Style(
        tempo=(106, 130),
        swing=0.0,
        drums=Drums(
            (
                ("kick", "x...x...x...x..."),
                ("snare", "....x.......x..."),
                ("open_hat", "..x...x...x...x."),
                ("hat", "x.oxx.oxx.oxx.ox"),
            ),
            0.6,
            0.6,
        ),
        bass=Bass(
            ("finger_bass", "picked_bass"), ("x.x.x.x.x.x.x.x.", "x..xx.x.x..xx.x."), (0, 12), 0.7, 0.6
        ),
        chords=Chords(
            ("strings", "clean_guitar", "electric_piano"),
            ("x...............", "x.xx.xx.x.xx.xx.", "..x...x...x...x."),
            (
                ((0, _MINOR_7), (5, _SEVENTH), (0, _MINOR_7), (10, _MAJOR_7)),
                ((0, _MINOR_7), (8, _MAJOR_7), (10, _SEVENTH), (0, _MINOR_7)),
            ),
            0.7,
            0.5,
        ),
        lead=Lead(("strings", "singer", "trumpet"), _MINOR_SCALE, 0.25, 0.4, octave=1),
        room=0.35,
        brightness=0.75,
        neighbours=("pop", "hiphop"),
    ),
    "hiphop": Style(
        tempo=(78, 106),
        swing=0.1,
        drums=Drums(
            (("kick", "x..o..x...x....."), ("snare", "....x.......x..."), ("hat", "x.x.x.x.x.xox.x.")),
            0.9,
            0.8,
        ),
        bass=Bass(("sub_bass", "finger_bass"), ("x.....x...x.....", "x..x......x....."), (0,), 1.0, 0.8),
        chords=Chords(
            ("electric_piano", "pad", "strings"),
            ("x...............", "x.....x.........", "x...x...x...x..."),
            (
                ((0, _MINOR_7), (8, _MAJOR_7), (0, _MINOR_7), (8, _MAJOR_7)),
                ((0, _MINOR), (0, _MINOR), (5, _MINOR), (5, _MINOR)),
            ),
            0.9,
            0.3,
        ),
        lead=Lead(("speaker",), _MINOR_SCALE, 0.6, 0.55, octave=-1),
        room=0.1,
        brightness=0.6,
        neighbours=("reggae", "pop", "disco"),
    ),
    "jazz": Style(
        tempo=(90, 200),
        swing=0.33,
        drums=Drums(
            (("ride", "x...x.x.x...x.x."), ("hat", "....x.......x..."), ("snare", "..o....o......o.")),
            0.2,
            0.35,
        ),
        bass=Bass(("upright_bass",), ("x...x...x...x...",), (0, 4, 7, 11, 9, 5), 0.95, 0.6),
        chords=Chords(
            ("piano", "electric_piano", "clean_guitar"),
            ("..o...x.....o...", "x.....x.........", "...o..x...o....."),
            (
                ((2, _MINOR_7), (7, _SEVENTH), (0, _MAJOR_7), (9, _MINOR_7)),
                ((0, _MAJOR_7), (5, _MAJOR_7), (4, _MINOR_7), (9, _SEVENTH)),
            ),
            0.6,
            0.4,
        ),
        lead=Lead(("saxophone", "trumpet", "piano"), _MAJOR_SCALE, 0.5, 0.5),
        room=0.3,
        brightness=0.45,
        neighbours=("blues", "classical"),
    ),
    "metal": Style(
        tempo=(90, 180),
        swing=0.0,
        drums=Drums(
            (("kick", "x.xxx.xxx.xxx.xx"), ("snare", "....x.......x..."), ("open_hat", "x...x...x...x...")),
            1.0,
            0.6,
        ),
        bass=Bass(("picked_bass",), ("x.xxx.xxx.xxx.xx", "x.x.x.x.x.x.x.x."), (0,), 0.7, 0.5),
        chords=Chords(
            ("driven_guitar",),
            ("x.xxx.xxx.xxx.xx", "xxx.xxx.xxx.xxx.", "x...x.xxx...x.xx"),
            (
                ((0, _POWER), (1, _POWER), (0, _POWER), (3, _POWER)),
                ((0, _POWER), (8, _POWER), (10, _POWER), (0, _POWER)),
            ),
            0.7,
            0.8,
            0.9,
            octave=-1,
        ),
        lead=Lead(("driven_guitar", "singer"), _PHRYGIAN, 0.35, 0.35, octave=1, drive=0.8),
        room=0.2,
        brightness=0.8,
        neighbours=("rock",),
    ),
    "pop": Style(
        tempo=(92, 130),
        swing=0.0,
        drums=Drums(
            (
                ("kick", "x.....o.x......."),
                ("snare", "....x.......x..."),
                ("hat", "x.x.x.x.x.x.x.x."),
                ("shaker", "xoxoxoxoxoxoxoxo"),
            ),
            0.6,
            0.55,
        ),
        bass=Bass(("picked_bass", "sub_bass"), ("x..x..x.x..x..x.", "x.......x.x....."), (0,), 0.8, 0.55),
        chords=Chords(
            ("synth", "pad", "electric_piano", "acoustic_guitar"),
            ("x...............", "x.x.x.x.x.x.x.x.", "x..x..x...x..x.."),
            (
                ((0, _MAJOR), (7, _MAJOR), (9, _MINOR), (5, _MAJOR)),
                ((9, _MINOR), (5, _MAJOR), (0, _MAJOR), (7, _MAJOR)),
            ),
            0.8,
            0.5,
        ),
        lead=Lead(("singer", "synth"), _MAJOR_SCALE, 0.35, 0.6),
        room=0.4,
        brightness=0.75,
        neighbours=("disco", "rock", "hiphop", "country"),
    ),
    "reggae": Style(
        tempo=(64, 96),
        swing=0.08,
        drums=Drums(
            (("kick", "........x......."), ("snare", "........x......."), ("hat", "x.x.x.x.x.x.x.xo")),
            0.5,
            0.5,
        ),
        bass=Bass(
            ("sub_bass", "finger_bass"), ("x..x..x.x.......", "..x.x.x...x.x.x."), (0, 0, 7, 4, 0), 0.9, 0.8
        ),
        chords=Chords(
            ("clean_guitar", "organ", "piano"),
            ("....x.......x...", "..x...x...x...x.", "....x.o.....x.o."),
            (
                ((0, _MAJOR), (5, _MAJOR), (0, _MAJOR), (7, _MAJOR)),
                ((0, _MINOR), (10, _MAJOR), (0, _MINOR), (10, _MAJOR)),
            ),
            0.25,
            0.55,
        ),
        lead=Lead(("singer", "organ", "trumpet"), _PENTATONIC, 0.25, 0.5),
        room=0.35,
        brightness=0.5,
        neighbours=("hiphop", "pop"),
    ),
    "rock": Style(
        tempo=(96, 150),
        swing=0.0,
        drums=Drums(
            (
                ("kick", "x.....x.x.o....."),
                ("snare", "....x.......x..."),
                ("hat", "x.x.x.x.x.x.x.x."),
                ("open_hat", "o..............."),
            ),
            0.8,
            0.6,
        ),
        bass=Bass(("picked_bass",), ("x.x.x.x.x.x.x.x.", "x.....x.x.x....."), (0,), 0.8, 0.55),
        chords=Chords(
            ("driven_guitar", "clean_guitar"),
            ("x.x.x.x.x.x.x.x.", "x..x..x.x..x..x.", "x.......x......."),
            (
                ((0, _POWER), (5, _POWER), (7, _POWER), (0, _POWER)),
                ((0, _MAJOR), (10, _MAJOR), (5, _MAJOR), (0, _MAJOR)),
            ),
            0.9,
            0.6,
            0.5,
        ),
        lead=Lead(("singer", "driven_guitar"), _PENTATONIC, 0.3, 0.5, drive=0.4),
        room=0.25,
        brightness=0.65,
        neighbours=("metal", "blues", "country", "pop"),
    ),
}
# Genres are no islands: the chance that a track takes any one part from a neighbouring genre.
BORROWED = 0.2


def borrow(genre: str, *, rng: np.random.Generator) -> Style:
    """Return a genre's rules with some parts of a neighbour's.

    Parameters
    ----------
    genre : str
        A key of ``STYLES``.
    rng : Generator
        Chooses the neighbour and the parts.

    Returns
    -------
    Style
        Drums, bass, chords, melody, tempo and room: each the neighbour's with the chance ``BORROWED``.
    """
    own = STYLES[genre]
    other = STYLES[own.neighbours[int(rng.integers(len(own.neighbours)))]]
    parts = ("drums", "bass", "chords", "lead", "tempo", "room")
    taken = [part for part in parts if rng.random() < BORROWED]
    return replace(own, **{part: getattr(other, part) for part in taken})
