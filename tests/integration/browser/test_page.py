"""The page of ``genre ui``: a song in, the models' predictions out, nothing sent elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from components.page import app, spectrogram
from tests.support.constant_model import GENRES, song
from tests.support.two_models import CHAMPION, TwoModels

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address():
    page = app.build(TwoModels())
    yield app.launch(page, port=0, wait=False)
    page.close()


@pytest.fixture
def open_page(browser, address):
    contexts = []

    def open_page(*, width=1280, scheme="light", requested=None):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        context.set_default_timeout(120_000)  # a busy machine may be late; a page that hangs is not
        contexts.append(context)
        tab = context.new_page()
        if requested is not None:
            tab.on("request", lambda request: requested.append(request.url))
        tab.goto(address)
        tab.wait_for_selector("#song input[type=file]", state="attached")
        return tab

    yield open_page
    for context in contexts:
        context.close()


def play(tab, path: Path) -> None:
    tab.set_input_files("#song input[type=file]", path)
    tab.wait_for_selector(".g-word, .g-problem")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_song_is_answered_in_its_window_and_nothing_leaves_the_machine(open_page, tmp_path, width, scheme):
    requested: list[str] = []
    tab = open_page(width=width, scheme=scheme, requested=requested)
    play(tab, song(tmp_path / "a.wav"))
    assert tab.inner_text(".g-word") == "jazz"
    assert "70 %" in tab.inner_text(".g-headline")
    assert tab.eval_on_selector(".g-time img", "image => image.naturalWidth") == spectrogram.COLUMNS
    assert tab.locator(".g-lane > span").count() == 2
    assert tab.locator(".g-model dl > div").count() == len(GENRES)
    assert CHAMPION.run_id in tab.get_attribute(".g-model a", "href")
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    background = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", background)[:3])) < 150) is (scheme == "dark")
    assert [url for url in requested if not re.match(r"http://127\.0\.0\.1[:/]|data:|blob:", url)] == []


def test_a_second_model_may_disagree(open_page, tmp_path):
    tab = open_page()
    play(tab, song(tmp_path / "a.wav"))
    tab.get_by_label("mlp").check()
    tab.wait_for_selector(".g-model:nth-child(2)")
    assert "1 of 2 models predict jazz; mlp predicts rock." in tab.inner_text(".g-headline")
    assert tab.locator(".g-lane").count() == 2


def test_a_touch_on_the_picture_moves_the_song(open_page, tmp_path):
    tab = open_page()
    play(tab, song(tmp_path / "a.wav"))
    tab.locator(".g-time").click(position={"x": 500, "y": 40})
    tab.wait_for_selector(".g-head:not([hidden])", state="attached")
    assert float(tab.eval_on_selector(".g-head", "head => parseFloat(head.style.left)")) > 30


@pytest.mark.parametrize(("width", "named"), [(390, False), (1100, False), (1280, True)])
def test_blocks_bear_their_genres_name_whole_or_a_legend_does(open_page, tmp_path, width, named):
    tab = open_page(width=width)
    play(tab, song(tmp_path / "a.wav", seconds=39.5))
    assert tab.locator(".g-lane > span").count() == 13
    assert tab.locator(".g-lane i").first.is_visible() is named
    assert tab.locator(".g-legend").is_visible() is not named
    whole = "names => names.every(one => one.offsetWidth <= one.parentElement.clientWidth)"
    assert tab.eval_on_selector_all(".g-lane i", whole)


def test_what_is_not_audio_is_said_to_be_so(open_page, tmp_path):
    (tmp_path / "bad.wav").write_text("not audio")
    tab = open_page()
    play(tab, tmp_path / "bad.wav")
    assert "no RIFF header" in tab.inner_text(".g-problem")
