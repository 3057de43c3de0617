"""Songs to answers: any length, folders, bad files among good ones, and which model is meant."""

from __future__ import annotations

import csv
import io
import itertools
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from components import cli
from components.config.params import SegmentsParams
from components.core.errors import AudioError, RegistryError
from components.features.pipeline.compute import windows
from components.serving import load, output, predict
from components.serving.predict import Prediction
from components.serving.pyfunc_model import LARGEST_REQUEST
from tests.support import constant_model
from tests.support.constant_model import song


class TestAnyLength:
    def test_a_song_has_a_row_a_segment_from_its_start(self, tmp_path):
        (row,) = constant_model.model().predict_songs([song(tmp_path / "a.wav", seconds=9.2)])
        assert [moment["start"] for moment in row["timeline"]] == [0, 3, 6]
        assert row["genre"] == "jazz"
        assert sum(value for key, value in row.items() if key.startswith("prob")) == pytest.approx(1)

    def test_segments_go_on_past_what_training_used_of_a_track(self, tmp_path):
        (row,) = constant_model.model().predict_songs([song(tmp_path / "a.wav", seconds=50)])
        assert [moment["start"] for moment in row["timeline"]] == list(range(0, 48, 3))

    def test_a_second_is_repeated_to_a_segment_and_less_is_refused(self, tmp_path):
        made = constant_model.model()
        assert len(made.predict_songs([song(tmp_path / "a.wav", seconds=1.0)])[0]["timeline"]) == 1
        (refused,) = made.predict_songs([song(tmp_path / "b.wav", seconds=0.9)])
        assert isinstance(refused, AudioError)
        assert "0.90 s" in str(refused) and "1 s or more" in str(refused)

    @pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
    def test_any_rate(self, tmp_path, rate):
        (row,) = constant_model.model().predict_songs([song(tmp_path / "a.wav", rate=rate)])
        assert [moment["start"] for moment in row["timeline"]] == [0, 3]

    @pytest.mark.parametrize(
        ("seconds", "whole", "expected"),
        [
            (1, False, [1]),
            (30.01, False, [30.01]),
            (34, False, [30, 4]),
            (32, False, [32]),
            (34, True, [34]),
            (44, True, [44]),
            (45, True, [30, 15]),
            (90, True, [30, 30, 30]),
        ],
    )
    def test_stretches_are_as_long_as_a_track_in_training(self, seconds, whole, expected):
        found = windows(
            round(seconds * 100), 100, segments=SegmentsParams(seconds=3.0, per_track=10), whole=whole
        )
        assert [(part.stop - part.start) / 100 for part in found] == expected
        assert found[0].start == 0
        assert all(one.stop == following.start for one, following in itertools.pairwise(found))


class TestManySongs:
    def test_the_network_is_asked_once_for_all(self, tmp_path):
        made = constant_model.model()
        made.predict_songs([song(tmp_path / f"{number}.wav") for number in range(5)])
        assert made.model.calls == [10]

    def test_a_bad_song_spoils_no_other(self, tmp_path):
        (tmp_path / "bad.wav").write_text("not audio")
        first, bad, last = constant_model.model().predict_songs(
            [song(tmp_path / "a.wav"), tmp_path / "bad.wav", song(tmp_path / "b.wav", seconds=3.5)]
        )
        assert isinstance(bad, AudioError) and "no RIFF header" in str(bad)
        assert (len(first["timeline"]), len(last["timeline"])) == (2, 1)

    def test_only_bad_songs(self, tmp_path):
        (found,) = constant_model.model().predict_songs([b""])
        assert str(found) == "empty file"


class TestARequest:
    """What :meth:`GenreModel.predict` is given by a server."""

    def ask(self, *songs):
        return constant_model.model().predict(None, pd.DataFrame({"audio": list(songs)}))

    def test_a_good_one(self, tmp_path):
        found = self.ask(song(tmp_path / "a.wav").read_bytes())
        assert list(found["genre"]) == ["jazz"]

    @pytest.mark.parametrize(
        ("body", "said"),
        [(b"", "empty"), (b"text", "not audio"), (bytes(LARGEST_REQUEST + 1), "more than a request")],
    )
    def test_a_bad_one_names_its_place_and_fault(self, tmp_path, body, said):
        from mlflow.exceptions import MlflowException

        with pytest.raises(MlflowException, match=said) as refused:
            self.ask(song(tmp_path / "a.wav").read_bytes(), body)
        assert "song 1" in str(refused.value)
        assert refused.value.get_http_status_code() == 400

    def test_a_path_is_not_opened(self, tmp_path):
        from mlflow.exceptions import MlflowException

        with pytest.raises(MlflowException, match="not a file's bytes"):
            self.ask(str(song(tmp_path / "a.wav")))

    def test_no_song(self):
        from mlflow.exceptions import MlflowException

        with pytest.raises(MlflowException, match="no song was given"):
            self.ask()


class TestWhichFiles:
    def test_a_folder_is_searched_and_sorted_and_a_file_is_kept_whatever_its_ending(self, tmp_path):
        (tmp_path / "in" / "deep").mkdir(parents=True)
        for name in ("in/b.FLAC", "in/deep/a.mp3", "in/notes.txt", "x.txt"):
            (tmp_path / name).touch()
        found = predict.audio_files([tmp_path / "x.txt", tmp_path / "in", tmp_path / "in" / "b.FLAC"])
        assert [str(path.relative_to(tmp_path)) for path in found] == ["x.txt", "in/b.FLAC", "in/deep/a.mp3"]

    def test_a_folder_without_audio(self, tmp_path):
        with pytest.raises(AudioError, match=r"valid: .*\.wav"):
            predict.audio_files([tmp_path])


class TestWhichModel:
    @pytest.fixture
    def client(self, monkeypatch):
        monkeypatch.setattr(load, "champion", lambda client, name: None)
        run = SimpleNamespace(
            info=SimpleNamespace(run_id="f" * 32), data=SimpleNamespace(tags={"model": "mlp"})
        )
        return SimpleNamespace(
            get_experiment_by_name=lambda name: SimpleNamespace(experiment_id="1"),
            search_runs=lambda *_, **__: [run],
        )

    def test_no_champion_names_what_there_is(self, client, demo_params):
        with pytest.raises(RegistryError, match=r"genre run.*mlp"):
            load.address(client, None, params=demo_params)

    def test_the_champion_by_its_version(self, client, demo_params, monkeypatch):
        monkeypatch.setattr(load, "champion", lambda client, name: SimpleNamespace(version="3"))
        assert load.address(client, None, params=demo_params) == "models:/genre/3"

    @pytest.mark.parametrize(
        ("said", "meant"),
        [
            ("mlp", f"runs:/{'f' * 32}/model"),
            ("runs:/abc", "runs:/abc/model"),
            ("runs:/abc/model", "runs:/abc/model"),
            ("models:/genre/2", "models:/genre/2"),
        ],
    )
    def test_by_option(self, client, demo_params, said, meant):
        assert load.address(client, said, params=demo_params) == meant

    def test_an_unknown_one(self, client, demo_params):
        with pytest.raises(RegistryError, match=r"'cnn'.*valid: mlp"):
            load.address(client, "cnn", params=demo_params)

    def test_nothing_trained_makes_no_store(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
        with pytest.raises(RegistryError, match="nothing was trained"):
            load.store()
        assert not list(tmp_path.iterdir())


class TestTheCommand:
    @pytest.fixture
    def genre(self, tmp_path, monkeypatch):
        """The command on one good and one bad file, with a model that always says jazz."""
        monkeypatch.setattr(load, "store", lambda: None)
        monkeypatch.setattr(load, "address", lambda *_, **__: "models:/genre/1")
        monkeypatch.setattr(load, "load", lambda *_: constant_model.loaded_model())
        monkeypatch.chdir(tmp_path)
        presets_file = tmp_path / "params.yaml"
        from components.config import presets

        presets.use("demo", target=presets_file)
        song(tmp_path / "good.wav")
        (tmp_path / "bad.wav").write_text("x")
        return lambda *words: CliRunner().invoke(cli.app, ["predict", *words])

    def test_json_holds_the_answer_and_the_reason(self, genre):
        done = genre("good.wav", "bad.wav", "--json", "--timeline")
        said = json.loads(done.stdout)
        assert done.exit_code == 1
        good, bad = said["songs"]
        assert good["genre"] == "jazz" and list(good["probabilities"]) == constant_model.GENRES
        assert [moment["start"] for moment in good["timeline"]] == [0, 3]
        assert bad == {"file": "bad.wav", "reason": "no RIFF header: not a WAV file"}
        assert said["model"]["marks"] == ["trained on synthetic songs"]

    def test_all_good_ends_with_0(self, genre):
        assert genre("good.wav", "--csv").exit_code == 0

    def test_csv_a_row_a_song_or_a_row_a_segment(self, genre):
        songs = list(csv.DictReader(io.StringIO(genre("good.wav", "bad.wav", "--csv").stdout)))
        assert [row["genre"] for row in songs] == ["jazz", ""]
        assert float(songs[0]["probability.jazz"]) == pytest.approx(0.7)
        assert songs[1]["reason"]
        segments = list(csv.DictReader(io.StringIO(genre("good.wav", "--csv", "--timeline").stdout)))
        assert [float(row["start"]) for row in segments] == [0, 3]

    def test_one_form_at_a_time(self, genre):
        assert genre("good.wav", "--csv", "--json").exit_code != 0


def test_the_table_shows_bars_and_reasons_and_takes_no_markup_from_names():
    shares = dict(zip(constant_model.GENRES, (0.25, 0.5, 0.25), strict=True))
    console = Console(file=io.StringIO(), width=100)
    output.show(
        [
            Prediction(
                Path("[red]a.wav"), "jazz", shares, [{"start": 63.0, "genre": "jazz", "probability": 0.5}]
            ),
            Prediction(Path("b.wav"), reason="empty file"),
        ],
        model=constant_model.loaded_model(),
        timeline=True,
        console=console,
    )
    text = console.file.getvalue()
    for said in ("[red]a.wav", "██████████ ", "50%", "empty file", "1:03.0", "1 of 2 files", "synthetic"):
        assert said in text


@pytest.mark.parametrize(("share", "bar"), [(0.0, ""), (1.0, "█" * 20), (0.5, "█" * 10), (0.00625, "▏")])
def test_a_bar_is_drawn_in_eighths(share, bar):
    assert output.bar_of(share).rstrip() == bar
    assert len(output.bar_of(share)) == output.BAR


def test_probabilities_are_a_vote_of_the_segments():
    made = constant_model.model()
    row = made.aggregate(np.array([[1, 0, 0], [0, 0.5, 0.5]], dtype=np.float32), starts=np.array([0.0, 3.0]))
    assert row["genre"] == "blues"
    assert row["probability.jazz"] == pytest.approx(0.25)
    assert [moment["genre"] for moment in row["timeline"]] == ["blues", "jazz"]


def test_a_song_costs_vgg16_one_picture_and_not_a_full_call():
    from components.features import vgg16_embedding

    asked = []

    def run(pictures, *, blocks):
        asked.append(len(pictures))
        return [np.zeros((len(pictures), 144, 216, 64), dtype=np.float32)]

    options = vgg16_embedding.Options(preparation="raw", blocks=(1,))
    encoder = SimpleNamespace(run=run)
    for pictures in (1, 3):
        clips = np.zeros((pictures, 288, 432, 3), dtype=np.float32)
        assert len(vgg16_embedding.extract(clips, options=options, encoder=encoder)) == pictures
    assert asked == [1, vgg16_embedding.BATCH]
