"""Matplotlib figures as inline SVG that takes its colours from the page, light or dark."""

from __future__ import annotations

import hashlib
import html
import io
import re
from pathlib import Path

from markupsafe import Markup
from matplotlib import style
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from components.core.palette import LIGHT

PIXELS_PER_INCH = 72
#: Before the text that a browser shows while the pointer is on an artist; given as the artist's ``gid``.
HOVER = "hover:"
COLOURS = {
    "text.color": LIGHT["ink"],
    **dict.fromkeys(("axes.edgecolor", "grid.color"), LIGHT["line"]),
    **dict.fromkeys(("axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color"), LIGHT["muted"]),
}
#: Decorates a function that draws; colours and fonts stay with the figure.
styled = style.context([Path(__file__).with_name("report.mplstyle"), COLOURS])


def figure(width: float, height: float) -> Figure:
    """Make an empty figure of so many pixels, with constrained layout, apart from pyplot's state."""
    return Figure(figsize=(width / PIXELS_PER_INCH, height / PIXELS_PER_INCH), layout="constrained")


@styled
def inline(drawn: Figure, *, label: str) -> Markup:
    """Convert a figure to one ``<svg>`` element; every text in it is escaped.

    Parameters
    ----------
    drawn : Figure
        Drawn by a :data:`styled` function in the light colours of :mod:`components.core.palette`, which become the
        page's variables. An artist whose ``gid`` begins with :data:`HOVER` shows the rest of it under the pointer.
    label : str
        What it shows, for screen readers; unique on the page.
    """
    # Laid out here, `savefig` need not draw everything once more to find the layout.
    FigureCanvasSVG(drawn)
    if engine := drawn.get_layout_engine():
        engine.execute(drawn)
        drawn.set_layout_engine(None)
    buffer = io.StringIO()
    drawn.savefig(buffer, format="svg", facecolor="none")
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)
    assert box is not None, "matplotlib writes a viewBox"
    text = re.sub(r"<metadata>.*?</metadata>|<style type=\"text/css\">.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(rf'<g id="{HOVER}([^"]*)">', r'<g class="hover"><title>\1</title>', text)
    # Several figures share a page: ids must not.
    mark = "f" + hashlib.sha256((label + text).encode()).hexdigest()[:10]
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{mark}-", text)
    for name, colour in LIGHT.items():
        text = text.replace(colour, f"var(--{name})")
    opening = (
        f'<svg class="picture" role="img" aria-label="{html.escape(label)}" width="{float(box[1]):.0f}" '
        f'viewBox="0 0 {box[1]} {box[2]}" xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    return Markup(opening + text[text.index(">") + 1 :].strip())
