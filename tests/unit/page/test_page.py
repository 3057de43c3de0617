"""The page: one song, several models, nothing sent anywhere; light, dark and on a phone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from components.core.errors import AudioError
from components.page import listening, markup, spectrogram
from components.page.listening import Choice, Heard, Opinion
from tests.support import constant_model
from tests.support.constant_model import GENRES, RATE, song

CHAMPION = Choice("yamnet", "models:/genre/1", "1" * 32, "7", "1")
OTHER = Choice("mlp", "runs:/2/model", "2" * 32, "7")


@dataclass
class TwoModels(listening.Panel):
    """A panel whose champion says jazz and whose other model says rock."""

    client: object = None
    params: object = None

    def choices(self):
        return [CHAMPION, OTHER]

    def load(self, choice):
        shares = [0.1, 0.7, 0.2] if choice is CHAMPION else [0.2, 0.2, 0.6]
        return constant_model.loaded_model(shares, name=choice.name)


def opinion(genre: str, *, choice: Choice = OTHER, genres=GENRES, segments: int = 2) -> Opinion:
    shares = {name: 0.8 if name == genre else 0.2 / (len(genres) - 1) for name in genres}
    timeline = [{"start": 3.0 * at, "genre": genre, "probability": 0.8} for at in range(segments)]
    return Opinion(choice, constant_model.loaded_model(name=choice.name), genre, shares, timeline)


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
