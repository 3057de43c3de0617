"""Colours: each apart from the others, so that a figure's colour names one variable of the page."""

from __future__ import annotations

import re

from components.core import palette


def test_no_two_colours_are_equal_in_light_or_dark():
    for side in (0, 1):
        values = [pair[side] for pair in palette.COLOURS.values()]
        assert len(set(values)) == len(values)


def test_the_stylesheet_has_every_colour_of_its_side():
    light, dark = palette.css(), palette.css(dark=True)
    assert re.findall(r"--(\w+):", light) == re.findall(r"--(\w+):", dark) == list(palette.COLOURS)
    assert palette.COLOURS["ink"][1] in dark and palette.COLOURS["ink"][0] in light


def test_a_ninth_model_has_the_first_colour_again():
    assert palette.model(8) == palette.model(0) != palette.model(1)
    assert palette.variable(8) == palette.variable(0) == "var(--m1)"
