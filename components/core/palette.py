"""Colours of the report, the page and every figure, each for a light and a dark background."""

from __future__ import annotations

COLOURS = {
    "paper": ("#faf9f6", "#131418"),
    "card": ("#ffffff", "#1b1d23"),
    "ink": ("#1d1b18", "#ecebe7"),
    "muted": ("#6d675e", "#9d9fa9"),
    "line": ("#e5e1d8", "#31343d"),
    "wash": ("#f3f0ea", "#22252c"),
    "good": ("#1d7a4c", "#5fd09a"),
    "bad": ("#b3372b", "#ff8a7a"),
    "warn": ("#8a5a00", "#f0c469"),
    "warnwash": ("#fdf3dc", "#2e2715"),
    "link": ("#2b5cb8", "#8fb5ff"),
    # Models, in the order of params.yaml; a ninth begins again at the first.
    "m1": ("#2f66c9", "#7aa5ff"),
    "m2": ("#c4701a", "#f2a65a"),
    "m3": ("#14866f", "#4fd1b3"),
    "m4": ("#b5306f", "#f07fb2"),
    "m5": ("#6a49c4", "#b39bff"),
    "m6": ("#74790f", "#cdd05a"),
    "m7": ("#b8402f", "#ff8f7d"),
    "m8": ("#2c7f95", "#6fc9de"),
}
LIGHT = {name: light for name, (light, _) in COLOURS.items()}


def model(place: int) -> str:
    """Return the light colour of the model at a place of ``params.yaml``, counted from 0."""
    return LIGHT[f"m{place % 8 + 1}"]


def variable(place: int) -> str:
    """Return the same as a custom property of :func:`css`, which is another colour in the dark: ``var(--m1)``."""
    return f"var(--m{place % 8 + 1})"


def css(*, dark: bool = False) -> str:
    """Return the colours as custom properties of CSS: ``--paper: #faf9f6; ...``."""
    return " ".join(f"--{name}: {pair[dark]};" for name, pair in COLOURS.items())
