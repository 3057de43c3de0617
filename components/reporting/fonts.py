"""Fonts for names in any script: matplotlib draws all of a text with one, unless it is given several."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

DEFAULT = "sans-serif"
#: Comes with matplotlib, and draws for any character a box that shows its script.
BOXES = "Last Resort High-Efficiency"


def families(text: str) -> tuple[str, ...]:
    """Return the default family, and those of installed fonts that have what it lacks.

    What no font has is drawn as boxes, without matplotlib's warning for each; :func:`missing` names it.
    """
    names, left = _found(frozenset(text))
    return (DEFAULT, *names, BOXES) if left else (DEFAULT, *names)


def missing(text: str) -> str:
    """Return the characters of a text that no installed font has, in order."""
    _, left = _found(frozenset(text))
    return "".join(dict.fromkeys(character for character in text if character in left))


@cache
def _found(characters: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    default = FT2Font(font_manager.findfont(font_manager.FontProperties(family=[DEFAULT])))
    left = frozenset(one for one in characters if one.isprintable()) - _letters(default)
    names = []
    # Looked for anew: matplotlib's own list is kept in a file, and does not know what was installed since.
    for path in sorted(font_manager.findSystemFonts(), key=_preferred) if left else []:
        try:
            font = FT2Font(path)
        except (OSError, RuntimeError):
            continue
        # Bitmaps have few sizes.
        if font.scalable and left & (letters := _letters(font)):
            font_manager.fontManager.addfont(path)
            names.append(font_manager.ttfFontProperty(font).name)
            left -= letters
    return tuple(names), left


def _letters(font: FT2Font) -> frozenset[str]:
    return frozenset(map(chr, font.get_charmap()))


def _preferred(path: str) -> tuple[bool, bool, str]:
    """Sans and regular fonts come first."""
    name = Path(path).name.lower()
    return "sans" not in name, "regular" not in name, path
