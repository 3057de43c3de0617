"""Rules of composition, as styles.yaml has them."""

from __future__ import annotations

import pytest

from components.corpus.synthetic.instruments import TIMBRES
from components.corpus.synthetic.styles import STYLES, chord


@pytest.mark.parametrize("genre", STYLES)
def test_rules_are_complete(genre: str) -> None:
    style = STYLES[genre]
    instruments = {*style.bass.instruments, *style.chords.instruments, *style.lead.instruments}
    rhythms = [
        *style.bass.rhythms,
        *style.chords.rhythms,
        *(style.drums.patterns.values() if style.drums else ()),
    ]
    assert instruments <= TIMBRES.keys()
    assert all(len(rhythm) == 16 and set(rhythm) <= set("xo.") for rhythm in rhythms)
    assert set(style.neighbours) <= STYLES.keys() - {genre}
    assert all(chord(symbol) for progression in style.chords.progressions for symbol in progression.split())


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("I", (0, (0, 4, 7))),
        ("vi7", (9, (0, 3, 7, 10))),
        ("bVII", (10, (0, 4, 7))),
        ("IVmaj7", (5, (0, 4, 7, 11))),
        ("bII5", (1, (0, 7, 12))),
    ],
)
def test_chord_symbols(symbol: str, expected: tuple) -> None:
    assert chord(symbol) == expected


@pytest.mark.parametrize("symbol", ["", "H", "I9", "iV", "7"])
def test_what_is_no_chord_is_refused(symbol: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        chord(symbol)
