"""The page of dvc plots, as it lies in the repository."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import vl_convert
from dvc_render.html import HTML
from dvc_render.vega import VegaRenderer

from components.core import vega
from components.reporting import plots_page
from tests.conftest import PROJECT

TEMPLATES = sorted((PROJECT / ".dvc" / "plots").glob("*.json"))


def test_it_is_what_the_locked_packages_give() -> None:
    kept = (PROJECT / plots_page.PAGE).read_text(encoding="utf-8")
    assert kept == plots_page.render(), "run python -m components.reporting.plots_page"


def test_dvc_fills_it_and_it_loads_nothing() -> None:
    page = HTML((PROJECT / plots_page.PAGE).read_text(encoding="utf-8")).with_element("<p>plot</p>").embed()
    assert page.count("<p>plot</p>") == 1
    assert "{plot_divs}" not in page and "{refresh_tag}" not in page
    markup = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=\"(?!data:)", markup)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_plot_of_dvc_yaml_is_in_the_page_s_version_of_vega_lite(path) -> None:
    template = json.loads(path.read_text(encoding="utf-8"))
    assert template["$schema"].endswith(f"/v{vega.VEGA_LITE.partition('.')[0]}.json")
    assert f"template: {path.stem}" in (PROJECT / "dvc.yaml").read_text(encoding="utf-8")


def song(rev: str, predicted: str, *, track: str = "jazz.1") -> dict[str, Any]:
    return {"rev": rev, "model": "mlp", "track": track, "actual": "jazz", "predicted": predicted}


def words(template: str, rows: list[dict[str, Any]], *, x: str, y: str) -> str:
    """A plot's SVG, as DVC fills its template."""
    path = str(PROJECT / ".dvc" / "plots" / f"{template}.json")
    filled = VegaRenderer(rows, "plot", template=path, x=x, y=y).get_filled_template()
    return str(vl_convert.vegalite_to_svg(filled, vl_version=vega.VEGA_LITE))


@pytest.mark.parametrize("template", ["changed", "confusion_by_model"])
@pytest.mark.parametrize("revs", [("workspace", "HEAD~1"), ("HEAD~1", "workspace"), ("first", "aft")])
def test_commits_are_from_the_oldest_to_the_workspace(template: str, revs: tuple[str, str]) -> None:
    """DVC gives the workspace first, and others as they were named."""
    svg = words(
        template,
        [song(rev, genre) for rev, genre in zip(revs, ("rock", "jazz"), strict=True)],
        x="predicted",
        y="actual",
    )
    shown = [text for text in re.findall(r">([^<>]+)</text>", svg) if text in revs]
    assert shown == sorted(revs, key=lambda rev: rev == "workspace")


def test_where_all_are_right_or_alike_the_plot_says_none() -> None:
    right, wrong = song("workspace", "jazz"), song("workspace", "rock")
    for rows in ([right], [wrong, song("HEAD", "rock")]):
        svg = words("changed", rows, x="predicted", y="actual")
        assert re.findall(r">(none|jazz.1|rock|mlp)</text>", svg) == ["none"]
    assert re.findall(r">(none|rock)</text>", words("changed", [right, wrong | {"track": "jazz.2"}],
        x="predicted", y="actual")) == ["rock"]  # fmt: skip


def test_the_legend_shows_which_line_is_dashed() -> None:
    rows = [
        {"rev": "HEAD", "model": "mlp", "part": part, "epoch": epoch, "accuracy": 0.5}
        for part in ("training", "validation")
        for epoch in (1, 2)
    ]
    svg = words("learning", rows, x="epoch", y="accuracy")
    # A horizontal stroke, which only the legend draws.
    strokes = re.findall(r'<path[^>]*d="M(-[\d.]+),0L[\d.]+,0"[^>]*>', svg)
    found = [
        one for one in re.findall(r"<path[^>]*>", svg) if any(f'd="M{left},0L' in one for left in strokes)
    ]
    assert all(re.search(r'stroke="(?!none|transparent)', one) for one in found)
    assert len({re.search(r'stroke-dasharray="([^"]*)"', one)[1] for one in found}) == 2  # type: ignore[index]
