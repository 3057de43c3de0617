"""Vega's script."""

from __future__ import annotations

from components.core import vega


def test_the_script_draws_graphs_and_stands_within_a_page() -> None:
    script = vega.script()
    assert "vegaEmbed" in script
    assert "</script" not in script
