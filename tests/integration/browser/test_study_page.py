"""The study's page fits a screen and a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.study import page
from tests.unit.study.workspace import make_plan, outcomes

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_the_screen_and_reports_no_error(browser: Any, tmp_path: Path, width: int) -> None:
    ran = outcomes("mlp", "mlp_best", "lstm", "mlp_best_no_log")
    html = page.render(page.collect(ran, plan=make_plan()))
    (tmp_path / "index.html").write_text(html, encoding="utf-8")
    errors: list[str] = []
    tab = browser.new_page(viewport={"width": width, "height": 800})
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    tab.goto((tmp_path / "index.html").as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.close()
    assert errors == []
