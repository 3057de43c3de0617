"""The page: one song, several models, nothing sent anywhere; light, dark and on a phone."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from components.core.errors import AudioError
from components.page import app, listening, markup, spectrogram
from components.page.listening import Choice, Heard, Opinion
from tests.support import speaking_model
from tests.support.speaking_model import GENRES, RATE, song

CHAMPION = Choice("yamnet", "models:/genre/1", "1" * 32, "7", "1")
OTHER = Choice("mlp", "runs:/2/model", "2" * 32, "7")


@dataclass
class TwoModels(listening.Panel):
    """A panel whose champion says jazz and whose other model says rock."""

    client: object = None
    params: object = None

    def choices(self):
        return [CHAMPION, OTHER]

    def voice(self, choice):
        shares = [0.1, 0.7, 0.2] if choice is CHAMPION else [0.2, 0.2, 0.6]
        return speaking_model.voice(shares, name=choice.name)


def opinion(genre: str, *, choice: Choice = OTHER, genres=GENRES, segments: int = 2) -> Opinion:
    shares = {name: 0.8 if name == genre else 0.2 / (len(genres) - 1) for name in genres}
    timeline = [{"start": 3.0 * at, "genre": genre, "probability": 0.8} for at in range(segments)]
    return Opinion(choice, speaking_model.voice(name=choice.name), genre, shares, timeline)


class TestWhatIsSaid:
    def test_agreement_is_counted_from_the_first(self):
        assert markup.agreement([opinion("jazz")]) == ""
        assert markup.agreement([opinion("jazz")] * 3) == "All 3 models agree."
        mixed = [opinion("jazz", choice=CHAMPION), opinion("jazz"), opinion("rock")]
        assert markup.agreement(mixed) == "2 of 3 models say jazz; mlp says rock."

    def test_blocks_lie_end_to_end_over_the_whole_song(self):
        found = markup.blocks(opinion("jazz", segments=4).timeline, seconds=13.0)
        assert [block["start"] for block in found] == [0, 3, 6, 9]
        assert found[-1]["stop"] == 13.0
        assert sum(block["width"] for block in found) == pytest.approx(100)

    def test_many_segments_of_one_genre_are_joined_at_their_mean(self):
        timeline = [
            {"start": 3.0 * at, "genre": "jazz" if at < 60 else "rock", "probability": at % 2}
            for at in range(120)
        ]
        found = markup.blocks(timeline, seconds=360.0)
        assert [(block["genre"], block["start"], block["stop"]) for block in found] == [
            ("jazz", 0.0, 180.0),
            ("rock", 180.0, 360.0),
        ]
        assert found[0]["probability"] == pytest.approx(0.5)

    @pytest.mark.parametrize(("seconds", "last"), [(1.0, "0:00"), (30.0, "0:25"), (1200.0, "15:00")])
    def test_ticks_are_few_and_in_minutes(self, seconds, last):
        found = markup.ticks(seconds)
        assert 1 <= len(found) <= 7
        assert found[-1]["text"] == last

    def test_names_of_genres_are_escaped(self):
        evil = "<script>alert(1)</script>"
        text = markup.result(Heard(6.0, "data:,", [opinion(evil, genres=[evil, "rock"])]))
        assert "<script" not in text and "&lt;script&gt;" in text
        assert "<b>x" not in markup.problem("<b>x")

    def test_the_run_is_linked_where_its_store_is_shown(self):
        own, server = {}, {"MLFLOW_TRACKING_URI": "https://mlflow.example/"}
        for environment, base in ((own, "http://127.0.0.1:5000"), (server, "https://mlflow.example")):
            address = markup.link("7", "ab", environment=environment)
            assert address == f"{base}/#/experiments/7/runs/ab?workflowType=machine_learning"


class TestThePicture:
    def test_a_tone_is_a_line_at_its_pitch(self):
        time = np.arange(3 * RATE) / RATE
        levels = spectrogram.level(np.sin(2 * np.pi * 1000 * time).astype(np.float32), RATE)
        assert levels.shape == (spectrogram.COLUMNS, spectrogram.ROWS)
        middle = levels[100:-100]
        loudest = middle.argmax(axis=1)
        import librosa

        pitches = librosa.mel_frequencies(n_mels=spectrogram.ROWS + 2, fmax=RATE / 2)[1:-1]
        assert np.abs(pitches[loudest] - 1000).max() < 40
        assert np.allclose(middle.max(axis=1), 0, atol=1)

    @pytest.mark.parametrize("rate", [8_000, 22_050, 96_000])
    def test_silence_at_any_rate(self, rate):
        assert (spectrogram.level(np.zeros(rate, dtype=np.float32), rate) == -spectrogram.TOP).all()


class TestAskingThePanel:
    def test_each_chosen_model_answers(self, tmp_path):
        heard = TwoModels().hear(str(song(tmp_path / "a.wav")), [CHAMPION, OTHER])
        assert [opinion.genre for opinion in heard.opinions] == ["jazz", "rock"]
        assert heard.seconds == pytest.approx(6.5, abs=0.01)
        assert heard.picture.startswith("data:image/png;base64,")

    def test_no_model_chosen(self, tmp_path):
        with pytest.raises(AudioError, match="no model is chosen"):
            TwoModels().hear(str(song(tmp_path / "a.wav")), [])

    def test_a_song_longer_than_the_limit(self, tmp_path, monkeypatch):
        monkeypatch.setattr(listening, "LONGEST", 5.0)
        with pytest.raises(AudioError, match="longer than the limit of 5 s"):
            TwoModels().hear(str(song(tmp_path / "a.wav")), [CHAMPION])


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on PATH")
class TestInABrowser:
    @pytest.fixture(scope="class")
    def address(self):
        page = app.build(TwoModels())
        yield app.launch(page, port=0, wait=False)
        page.close()

    @pytest.fixture(scope="class")
    def browser(self):
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            launched = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"],
            )
            yield launched
            launched.close()

    @pytest.fixture
    def open_page(self, browser, address):
        contexts = []

        def open_page(*, width=1280, scheme="light", asked=None):
            context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
            contexts.append(context)
            tab = context.new_page()
            if asked is not None:
                tab.on("request", lambda request: asked.append(request.url))
            tab.goto(address)
            tab.wait_for_selector("#song input[type=file]", state="attached")
            return tab

        yield open_page
        for context in contexts:
            context.close()

    @staticmethod
    def play(tab, path: Path) -> None:
        tab.set_input_files("#song input[type=file]", path)
        tab.wait_for_selector(".g-word, .g-problem")

    @pytest.mark.parametrize("width", [390, 1280])
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_a_song_is_answered_in_its_window_and_nothing_leaves_the_machine(
        self, open_page, tmp_path, width, scheme
    ):
        asked: list[str] = []
        tab = open_page(width=width, scheme=scheme, asked=asked)
        self.play(tab, song(tmp_path / "a.wav"))
        assert tab.inner_text(".g-word") == "jazz"
        assert "70 %" in tab.inner_text(".g-verdict")
        assert tab.eval_on_selector(".g-time img", "image => image.naturalWidth") == spectrogram.COLUMNS
        assert tab.locator(".g-lane > span").count() == 2
        assert tab.locator(".g-model dl > div").count() == len(GENRES)
        assert CHAMPION.run_id in tab.get_attribute(".g-model a", "href")
        assert tab.evaluate("document.documentElement.scrollWidth") == width
        background = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", background)[:3])) < 150) is (scheme == "dark")
        assert [url for url in asked if not re.match(r"http://127\.0\.0\.1[:/]|data:|blob:", url)] == []

    def test_a_second_model_may_disagree(self, open_page, tmp_path):
        tab = open_page()
        self.play(tab, song(tmp_path / "a.wav"))
        tab.get_by_label("mlp").check()
        tab.wait_for_selector(".g-model:nth-child(2)")
        assert "1 of 2 models say jazz; mlp says rock." in tab.inner_text(".g-verdict")
        assert tab.locator(".g-lane").count() == 2

    def test_a_touch_on_the_picture_moves_the_song(self, open_page, tmp_path):
        tab = open_page()
        self.play(tab, song(tmp_path / "a.wav"))
        tab.locator(".g-time").click(position={"x": 500, "y": 40})
        tab.wait_for_selector(".g-head:not([hidden])", state="attached")
        assert float(tab.eval_on_selector(".g-head", "head => parseFloat(head.style.left)")) > 30

    @pytest.mark.parametrize(("width", "named"), [(390, False), (1100, False), (1280, True)])
    def test_blocks_bear_their_genres_name_whole_or_a_legend_does(self, open_page, tmp_path, width, named):
        tab = open_page(width=width)
        self.play(tab, song(tmp_path / "a.wav", seconds=39.5))
        assert tab.locator(".g-lane > span").count() == 13
        assert tab.locator(".g-lane i").first.is_visible() is named
        assert tab.locator(".g-legend").is_visible() is not named
        whole = "names => names.every(one => one.offsetWidth <= one.parentElement.clientWidth)"
        assert tab.eval_on_selector_all(".g-lane i", whole)

    def test_what_is_not_audio_is_said_to_be_so(self, open_page, tmp_path):
        (tmp_path / "bad.wav").write_text("not audio")
        tab = open_page()
        self.play(tab, tmp_path / "bad.wav")
        assert "no RIFF header" in tab.inner_text(".g-problem")
