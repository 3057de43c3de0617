"""The page of dvc plots, as it lies in the repository."""

from __future__ import annotations

import json
import re

import pytest
from dvc_render.html import HTML

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
