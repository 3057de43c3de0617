"""Matplotlib figures as inline SVG that takes its colours from the page: light, dark, and each model's own."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Colours that stand for a variable of the page; a figure drawn in any other would not follow dark mode.
INK, MUTED, LINE, OWN, BAD = "#010101", "#020202", "#030303", "#040404", "#050505"
VARIABLES = {INK: "--ink", MUTED: "--muted", LINE: "--line", OWN: "--own", BAD: "--bad"}
#: As many colours as the page tells models apart by; further models begin again at the first.
MODEL_COLOURS = 8
#: One unit of a figure is one pixel of the page, so that text has the page's size.
PIXELS_PER_INCH = 72


def model_colour(place: int) -> str:
    """Return the colour of the model at a place.

    Parameters
    ----------
    place : int
        0 or more: its place in ``params.yaml``.

    Returns
    -------
    str
        A stand-in for the page's variable ``--m1`` to ``--m8``.
    """
    return f"#0600{place % MODEL_COLOURS + 1:02d}"


@contextmanager
def style() -> Iterator[None]:
    """Draw figures in the page's manner: no frame, thin grid, text as text."""
    import matplotlib as mpl

    settings: dict[Any, Any] = {
        "svg.fonttype": "none",
        # Ids from a fixed salt: the same figure gives the same bytes.
        "svg.hashsalt": "report",
        # A name with two dollar signs is a name, not a formula.
        "text.parse_math": False,
        "font.size": 11.5,
        "text.color": INK,
        "axes.edgecolor": LINE,
        "axes.labelcolor": MUTED,
        "axes.facecolor": "none",
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.titlesize": 11.5,
        "axes.titlelocation": "left",
        "axes.titlecolor": MUTED,
        "grid.color": LINE,
        "grid.linewidth": 1,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.major.size": 0,
        "ytick.major.size": 0,
        "xtick.minor.size": 0,
        "ytick.minor.size": 0,
        "figure.facecolor": "none",
        "lines.solid_capstyle": "round",
    }
    with mpl.rc_context(settings):
        yield


def figure(width: int, height: int) -> Figure:
    """Make an empty figure.

    Parameters
    ----------
    width, height : int
        In pixels of the page.

    Returns
    -------
    Figure
        With constrained layout, apart from pyplot's state.
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(width / PIXELS_PER_INCH, height / PIXELS_PER_INCH), layout="constrained")


def inline(
    drawn: Figure, *, name: str, label: str, titles: Mapping[str, str] | None = None, scroll: bool = False
) -> Markup:
    """Turn a figure into SVG for the page.

    Parameters
    ----------
    drawn : Figure
        Drawn in :func:`style`.
    name : str
        Letters, digits and hyphens, unique on the page: put before each id of the figure.
    label : str
        What it shows, for readers that do not see it.
    titles : mapping of str to str, optional
        Text shown while the pointer is on the artist of that gid.
    scroll : bool
        Keep the size on a narrow screen, and let it scroll.

    Returns
    -------
    Markup
        One ``<svg>`` element; every text in it is escaped.
    """
    buffer = io.StringIO()
    drawn.savefig(
        buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
    )
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style type=\"text/css\">.*?</style>", "", text, flags=re.DOTALL)
    for gid, title in (titles or {}).items():
        text = text.replace(
            f'<g id="{gid}">', f'<g id="{gid}" class="hover"><title>{html.escape(title)}</title>', 1
        )
    # Several figures share a page: ids must not.
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    text = re.sub(r"#06000(\d)", r"var(--m\1)", text)
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)
    assert box is not None, "matplotlib writes a viewBox"
    width = f"min-width:{float(box[1]):.0f}px" if scroll else f"max-width:{float(box[1]):.0f}px"
    opening = (
        f'<svg class="picture" role="img" aria-label="{html.escape(label)}" style="{width}" '
        f'viewBox="0 0 {box[1]} {box[2]}" xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    return Markup(opening + text[text.index(">") + 1 :].strip())
