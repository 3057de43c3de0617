"""The page of an external evaluation, looked at in light, dark and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.config.params import Params
from components.external_evaluation import page
from tests.support import evaluated_models

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, demo_params: Params) -> Path:
    """The page of two models."""
    folder = tmp_path_factory.mktemp("evaluation")
    with pytest.MonkeyPatch.context() as patch:
        result = evaluated_models.result(folder / "music", params=demo_params, monkeypatch=patch)
    (folder / "index.html").write_text(page.render(result), encoding="utf-8")
    return folder / "index.html"


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_its_window_asks_for_nothing_and_reports_no_error(browser, written, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    tab = context.new_page()
    seen: list[str] = []
    tab.on("console", lambda message: seen.append(message.text))
    tab.on("pageerror", lambda error: seen.append(str(error)))
    tab.on("request", lambda request: seen.append(request.url))
    tab.goto(written.as_uri())
    assert seen == [written.as_uri()]
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    context.close()


def test_no_table_is_cut_off_on_a_wide_screen(browser, written):
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    tab = context.new_page()
    tab.goto(written.as_uri())
    cut = "[...document.querySelectorAll('.scroll')].filter(box => box.scrollWidth > box.clientWidth).length"
    assert tab.evaluate(cut) == 0
    context.close()
