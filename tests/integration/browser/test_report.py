"""The report of a comparison, looked at in light, dark and on a phone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.finished_project import report

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def five(five_models) -> Path:
    """The report of five models."""
    return five_models[0] / "report" / "index.html"


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_its_window_asks_for_nothing_and_reports_no_error(browser, five, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    tab = context.new_page()
    seen: list[str] = []
    tab.on("console", lambda message: seen.append(message.text))
    tab.on("pageerror", lambda error: seen.append(str(error)))
    tab.on("request", lambda request: seen.append(request.url))
    tab.goto(five.as_uri())
    assert seen == [five.as_uri()]
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    background = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    darkness = sum(int(value) for value in re.findall(r"\d+", background)[:3])
    assert (darkness < 150) is (scheme == "dark")
    context.close()


def test_the_button_turns_the_colours_round(browser, five):
    context = browser.new_context(color_scheme="light")
    tab = context.new_page()
    tab.goto(five.as_uri())
    colour = "getComputedStyle(document.body).backgroundColor"
    before = tab.evaluate(colour)
    tab.click("#theme")
    assert tab.evaluate(colour) != before
    tab.click("#theme")
    assert tab.evaluate(colour) == before
    context.close()


def test_a_name_that_is_a_script_does_not_run(browser, tmp_path):
    report(tmp_path, genres=("<img src=x onerror=document.title='owned'>", "b"), trials=2)
    context = browser.new_context()
    tab = context.new_page()
    tab.goto((tmp_path / "report" / "index.html").as_uri())
    assert tab.title() != "owned"
    assert "<img src=x" in tab.inner_text("#errors")
    context.close()
