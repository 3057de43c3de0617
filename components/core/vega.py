"""Vega in one script, so that a page draws its graphs without a network."""

from __future__ import annotations

#: The version of Vega-Lite in which Great Expectations (by Altair) and the templates in ``.dvc/plots`` write graphs; it
#: compiles to the version of Vega that is beside it in the script.
VEGA_LITE = "6.4"


def script() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as JavaScript."""
    import vl_convert

    # Its types lack the default of "snippet".
    return vl_convert.javascript_bundle(vl_version=VEGA_LITE)  # type: ignore[call-arg]
