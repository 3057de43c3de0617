"""Models of the page: each chosen one predicts; a song or choice that cannot be used is refused."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from components.core.errors import AudioError, RegistryError
from components.page import markup, models
from components.serving import load
from components.tracking import integrity
from tests.support.constant_model import song, truncated
from tests.support.two_models import CHAMPION, OTHER, TwoModels


def test_each_chosen_model_predicts(tmp_path):
    steps = []
    found = TwoModels().predict(
        str(song(tmp_path / "a.wav")),
        [CHAMPION, OTHER],
        report=lambda share, doing: steps.append((share, doing)),
    )
    assert [by.prediction.genre for by in found.predictions] == ["jazz", "rock"]
    assert found.seconds == pytest.approx(6.5, abs=0.01)
    assert found.picture.startswith("data:image/png;base64,")
    loaded, read = steps[:2], steps[2:]
    assert [share for share, _ in loaded] == [0.0, 0.0]
    assert [share for share, _ in read] == sorted(share for share, _ in read)
    assert read[-1] == (1.0, "6.5 s of the song read")


def test_what_is_lost_of_a_song_is_shown(tmp_path):
    found = TwoModels().predict(str(truncated(tmp_path / "a.wav")), [CHAMPION])
    assert (found.seconds, found.predictions[0].prediction.lost) == pytest.approx((6.5, 3.5))
    assert "3.50 s lost" in markup.result(found) and "truncated" in markup.result(found)


def test_no_model_chosen(tmp_path):
    with pytest.raises(AudioError, match="no model"):
        TwoModels().predict(str(song(tmp_path / "a.wav")), [])


def test_a_song_longer_than_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(models, "LONGEST", 5.0)
    with pytest.raises(AudioError, match="5 s"):
        TwoModels().predict(str(song(tmp_path / "a.wav")), [CHAMPION])


class TestChoices:
    @staticmethod
    def choices(monkeypatch, *, champion: str | None, runs: tuple[str, ...]) -> list[models.Choice]:
        def run(name: str) -> SimpleNamespace:
            tags = {integrity.NAME: name}
            return SimpleNamespace(
                info=SimpleNamespace(run_id=name, experiment_id="7"), data=SimpleNamespace(tags=tags)
            )

        version = champion and SimpleNamespace(run_id=champion, version=3, tags={"model": champion})
        monkeypatch.setattr(load, "champion", lambda *_: version)
        monkeypatch.setattr(load, "latest_runs", lambda _: {name: run(name) for name in runs})
        params = SimpleNamespace(promotion=SimpleNamespace(registered_model="genre"))
        return models.Models(SimpleNamespace(get_run=run), params).choices()

    def test_the_champion_is_first_and_listed_once(self, monkeypatch):
        found = self.choices(monkeypatch, champion="mlp", runs=("lstm", "mlp"))
        assert [choice.label for choice in found] == ["mlp ★", "lstm"]
        assert [choice.uri for choice in found] == ["models:/genre/3", "runs:/lstm/lstm"]

    def test_without_a_champion_all_latest_runs_are_there(self, monkeypatch):
        found = self.choices(monkeypatch, champion=None, runs=("lstm", "mlp"))
        assert [choice.label for choice in found] == ["lstm", "mlp"]

    def test_without_a_run_it_is_an_error(self, monkeypatch):
        with pytest.raises(RegistryError, match="genre run"):
            self.choices(monkeypatch, champion=None, runs=())
