"""The page that DVC fills with plots (``plots.html_template``), with Vega inside, so that it opens without a network.

DVC reads it as it lies in ``.dvc/plots``, in a new clone too. ``python -m components.reporting.plots_page`` writes it,
and has to after another version of vl-convert is locked: a test compares.
"""

from __future__ import annotations

from pathlib import Path

from components.core import vega

PAGE = Path(".dvc") / "plots" / "page.html"
LICENCE = (
    "Vega, Vega-Lite, Vega-Embed: BSD-3-Clause, Copyright (c) 2015-2025 University of Washington Interactive Data Lab; "
    "D3: ISC, Copyright 2010-2023 Mike Bostock; all licences: components/validation/templates/LICENSES.txt"
)


def render() -> str:
    """Render the page, with DVC's own placeholders left in it."""
    from components.reporting.environment import TEMPLATES

    page = (TEMPLATES / "plots.html").read_text(encoding="utf-8")
    return page.replace("{{ vega_licence }}", LICENCE).replace("{{ vega }}", vega.script())


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
