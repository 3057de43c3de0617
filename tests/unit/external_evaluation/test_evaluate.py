"""Evaluation: known genres, songs of the training apart, nothing dropped in silence, and files whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from components.config.params import Params
from components.core.errors import EvaluationError, ParamsError
from components.external_evaluation import evaluate, recognition
from components.external_evaluation.evaluate import Result
from components.external_evaluation.labels import Song
from components.external_evaluation.record import Evaluation
from tests.support import evaluated_models
from tests.support.constant_model import song
from tests.support.evaluated_models import music, without_store


@pytest.fixture
def result(tmp_path: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch) -> Result:
    return evaluated_models.result(tmp_path / "music", params=demo_params, monkeypatch=monkeypatch)


def test_songs_and_artists_of_the_training_are_reported_apart(result: Result) -> None:
    model = result.record.models["mlp"]
    assert {name: figures.songs for name, figures in model.groups.items()} == {
        "new_artists": 4, "trained_artists": 1, "trained_songs": 1,
    }  # fmt: skip
    assert model.headline == "new_artists"
    rows = result.songs[result.songs["model"] == "mlp"].set_index("track")
    assert rows.loc["rock/rock.1.wav", "recognised"] == "a tune"
    assert rows.loc["jazz/jazz.1.wav", "recognised"].casefold() == "di"
    assert not rows.loc["rock/rock.1.wav", "headline"]


def test_the_headline_is_of_new_artists_alone(result: Result) -> None:
    # Of blues 2, jazz 1 and rock 1, the MLP names all jazz and the LSTM all blues.
    mlp, lstm = result.record.models.values()
    assert (mlp.figures.accuracy, lstm.figures.accuracy) == (0.25, 0.5)
    assert mlp.by_genre["jazz"].recall == 1 and mlp.by_genre["blues"].recall == 0
    assert sum(count for row in mlp.confusion.values() for count in row.values()) == 4
    assert mlp.gap.points == pytest.approx(65)
    (pair,) = result.record.pairs
    assert (pair.songs, pair.difference) == (4, -0.25)


def test_songs_that_none_was_trained_on(result: Result) -> None:
    assert set(evaluate.outside_training(result.songs)["track"]) == {
        "blues/blues.0.wav", "blues/blues.1.wav", "jazz/jazz.0.wav", "jazz/jazz.1.wav", "rock/rock.0.wav",
    }  # fmt: skip


def test_the_record_is_json_and_comes_back(result: Result) -> None:
    text = result.record.model_dump_json()
    assert Evaluation.model_validate_json(text) == result.record


def test_without_artists_the_headline_says_so(
    tmp_path: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_store(monkeypatch)
    found = evaluate.run(music(tmp_path / "music"), params=demo_params).record
    assert found.models["mlp"].headline == "new_songs" and found.songs_with_artist == 0
    assert any("artists" in note for note in found.notes)


def test_what_cannot_be_used_is_named_and_counted(
    tmp_path: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_store(monkeypatch)
    folder = music(tmp_path / "music")
    (folder / "jazz" / "broken.wav").write_text("text")
    song(folder / "jazz" / "short.wav", seconds=0.2)
    (folder / "rock" / "copy.wav").write_bytes((folder / "blues" / "blues.0.wav").read_bytes())
    for genre in ("ska", "JAZZ"):
        (folder / genre).mkdir()
        song(folder / genre / "a.wav", pitch=900 + len(genre))
    found = evaluate.run(folder, params=demo_params).record
    assert found.unknown_genres == {"ska": 1}
    assert found.genres["jazz"] == 3
    assert set(found.left_out) == {"jazz/broken.wav", "jazz/short.wav", "rock/copy.wav"}
    assert found.left_out["rock/copy.wav"] == "is the same recording as blues/blues.0.wav"
    assert found.left_out["jazz/short.wav"].startswith("mlp: ")
    assert found.songs == 7


def test_no_genre_that_the_model_knows(
    tmp_path: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_store(monkeypatch)
    (tmp_path / "music" / "ska").mkdir(parents=True)
    song(tmp_path / "music" / "ska" / "a.wav")
    with pytest.raises(EvaluationError, match=r"'ska'.*valid: blues, jazz, rock"):
        evaluate.run(tmp_path / "music", params=demo_params)


def test_nothing_that_can_be_decoded(
    tmp_path: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_store(monkeypatch)
    (tmp_path / "music" / "jazz").mkdir(parents=True)
    (tmp_path / "music" / "jazz" / "a.wav").write_text("text")
    with pytest.raises(EvaluationError, match=r"a\.wav: no RIFF header"):
        evaluate.run(tmp_path / "music", params=demo_params)


#: Nine songs of each of two genres.
SONGS = [Song(f"{genre}{number}", Path(), genre) for genre in ("jazz", "rock") for number in range(9)]


class TestLimit:
    def test_so_many_songs_a_genre_by_the_seed(self) -> None:
        first, again, other = (evaluate.drawn(SONGS, limit=3, seed=seed) for seed in (1, 1, 2))
        assert [song.genre for song in first] == ["jazz"] * 3 + ["rock"] * 3
        assert first == again != other

    def test_it_is_one_or_more(self, tmp_path: Path, demo_params: Params) -> None:
        with pytest.raises(ParamsError, match="--limit is 0"):
            evaluate.run(tmp_path, params=demo_params, limit=0)

    def test_what_it_leaves_out_is_counted(
        self, tmp_path: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        without_store(monkeypatch)
        found = evaluate.run(music(tmp_path / "music"), params=demo_params, limit=1).record
        assert (found.songs, found.beyond_limit) == (3, 3)


def test_two_runs_of_one_model_have_two_names(monkeypatch: pytest.MonkeyPatch, demo_params: Params) -> None:
    without_store(monkeypatch)
    run = evaluate.load.run_of(None, "mlp")
    monkeypatch.setattr(evaluate.load, "run_of", lambda *_: run)
    monkeypatch.setattr(recognition, "training_songs", lambda *_: pd.DataFrame())
    found = evaluate.select(
        SimpleNamespace(), ["runs:/1/model", "models:/genre/2", "runs:/1/model"], params=demo_params
    )
    assert [one.label for one in found] == ["mlp (1)", "mlp (genre/2)"]


class TestFiles:
    def test_all_of_them_are_written_and_replace_an_earlier_result(
        self, result: Result, tmp_path: Path
    ) -> None:
        folder = tmp_path / "out"
        for _ in range(2):
            evaluate.check_folder(folder)
            evaluate.write(result, folder=folder)
        assert sorted(path.name for path in folder.iterdir()) == [
            "evaluation.json", "index.html", "songs.csv", "songs.parquet",
        ]  # fmt: skip
        assert json.loads((folder / "evaluation.json").read_text()) == result.record.model_dump(mode="json")
        table = pd.read_csv(folder / "songs.csv")
        assert len(table) == 12 and {
            "model",
            "file",
            "genre",
            "predicted",
            "group",
            "probability.jazz",
        } <= set(table)

    def test_an_interrupt_leaves_nothing(
        self, result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(pd.DataFrame, "to_parquet", interrupted)
        with pytest.raises(KeyboardInterrupt):
            evaluate.write(result, folder=tmp_path / "out")
        assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".partial*"))

    def test_a_folder_with_other_files_is_not_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "thesis.txt").touch()
        with pytest.raises(ParamsError, match="holds other files"):
            evaluate.check_folder(tmp_path)
