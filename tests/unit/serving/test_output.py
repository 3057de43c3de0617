"""Predictions as table, JSON and CSV, and the exit status of `genre predict`."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from components import cli
from components.config import presets
from components.serving import load, output
from components.serving.predict import FilePrediction
from components.serving.prediction import Prediction, Segment
from tests.support import constant_model
from tests.support.constant_model import song, truncated


class TestTheCommand:
    @pytest.fixture
    def genre(self, tmp_path, monkeypatch):
        """The command on one good and one bad file, with a model that always predicts jazz."""
        monkeypatch.setattr(load, "store", lambda: None)
        monkeypatch.setattr(load, "address", lambda *_, **__: "models:/genre/1")
        monkeypatch.setattr(load, "load", lambda *_, **__: constant_model.loaded_model())
        monkeypatch.chdir(tmp_path)
        presets_file = tmp_path / "params.yaml"

        presets.use("demo", target=presets_file)
        song(tmp_path / "good.wav")
        (tmp_path / "bad.wav").write_text("x")
        truncated(tmp_path / "cut.wav")
        return lambda *words: CliRunner().invoke(cli.app, ["predict", *words])

    def test_json_holds_the_prediction_and_the_reason(self, genre):
        done = genre("good.wav", "bad.wav", "--json", "--timeline")
        printed = json.loads(done.stdout)
        assert done.exit_code == 1
        good, bad = printed["songs"]
        assert good["genre"] == "jazz" and list(good["probabilities"]) == constant_model.GENRES
        assert [moment["start"] for moment in good["timeline"]] == [0, 3]
        assert (good["seconds"], good["coverage"]) == (6.5, 1.0)
        assert bad == {"file": "bad.wav", "reason": "no RIFF header: not a WAV file"}
        assert printed["model"]["marks"] == ["trained on synthetic songs"]

    def test_what_is_lost_of_a_song_is_in_each_form_and_no_failure(self, genre):
        done = genre("cut.wav", "--json")
        (cut,) = json.loads(done.stdout)["songs"]
        assert done.exit_code == 0
        assert (cut["seconds"], cut["lost"]) == pytest.approx((6.5, 3.5)) and "truncated" in cut["damage"]
        good, row = csv.DictReader(io.StringIO(genre("good.wav", "cut.wav", "--csv").stdout))
        assert (float(row["lost"]), row["damage"]) == (3.5, cut["damage"])
        assert (float(good["lost"]), good["damage"]) == (0.0, "")

    def test_all_good_ends_with_0(self, genre):
        assert genre("good.wav", "--csv").exit_code == 0

    def test_csv_a_row_a_song_or_a_row_a_segment(self, genre):
        songs = list(csv.DictReader(io.StringIO(genre("good.wav", "bad.wav", "--csv").stdout)))
        fields = ["file", "genre", "confidence", "unsure", "seconds", "coverage", "lost", "damage"]
        shares = [f"probability.{genre}" for genre in constant_model.GENRES]
        assert list(songs[0]) == [*fields, *shares, "reason"]
        assert [row["genre"] for row in songs] == ["jazz", ""]
        assert {name for name, value in songs[1].items() if value} == {"file", "reason"}
        assert float(songs[0]["probability.jazz"]) == pytest.approx(0.7)
        assert songs[1]["reason"]
        segments = list(csv.DictReader(io.StringIO(genre("good.wav", "--csv", "--timeline").stdout)))
        assert list(segments[0]) == [*fields, "start", "probability", "reason"]
        assert [float(row["start"]) for row in segments] == [0, 3]

    def test_a_name_that_is_no_text_is_in_each_form(self, genre, tmp_path, monkeypatch):
        names = [b"la\xe9.wav", b"new\nline.wav", b"\x1b[31mred.wav"]
        files = [tmp_path / os.fsdecode(name) for name in names]
        for file in files:
            shutil.copy(tmp_path / "good.wav", file)
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "utf-8", errors="backslashreplace"))
        for form in ("json", "csv", "table"):
            output.run(files, model=None, form=form, timeline=True)
        sys.stdout.flush()
        printed = sys.stdout.buffer.getvalue().decode()
        first = json.JSONDecoder().raw_decode(printed)[0]
        assert [Path(one["file"]) for one in first["songs"]] == files
        assert "la\\udce9.wav" in printed and "la\\xe9.wav" in printed  # CSV, and the table
        assert "new\\nline.wav" in printed and "\\x1b[31mred.wav" in printed

    def test_one_form_at_a_time(self, genre):
        assert genre("good.wav", "--csv", "--json").exit_code != 0


def test_the_table_shows_bars_and_reasons_and_takes_no_markup_from_names():
    shares = dict(zip(constant_model.GENRES, (0.25, 0.5, 0.25), strict=True))
    cut = Prediction(
        "jazz", seconds=1.5, coverage=0.5, lost=2.25, damage="bits missing", probabilities=shares
    )
    console = Console(file=io.StringIO(), width=110)
    output.show(
        [
            FilePrediction(
                Path("[red]a.wav"),
                Prediction("jazz", probabilities=shares, timeline=[Segment(63.0, "jazz", 0.5)]),
            ),
            FilePrediction(Path("b.wav"), reason="empty file"),
            FilePrediction(Path("c.wav"), cut),
        ],
        model=constant_model.loaded_model(),
        timeline=True,
        console=console,
    )
    text = console.file.getvalue()
    for part in (
        "[red]a.wav",
        "██████████ ",
        "50%",
        "  b.wav: empty file",
        "1:03.0",
        "1 of 3 files",
        "1 of 3 songs",
        "2.25 s lost: bits missing",
        "damaged, and used as far as they decode: 1 of 3 files",
        "synthetic",
    ):
        assert part in text


def test_a_long_reason_is_one_line_however_narrow_the_terminal():
    reason = "holds no audio that can be decoded (" + "unknown format, " * 9 + "damaged)"
    console = Console(file=io.StringIO(), width=80)
    output.show(
        [FilePrediction(Path("b.wav"), reason=reason)],
        model=constant_model.loaded_model(),
        timeline=False,
        console=console,
    )
    assert f"  b.wav: {reason}" in console.file.getvalue().splitlines()
