"""A watched folder: what is new is scored once, by content; killed runs lose little; drift is of the newest."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from components.core import hashing, progress
from components.core.errors import ScoringError
from components.serving import batch_score
from components.serving import load as loading
from tests.support import constant_model
from tests.support.constant_model import song, truncated


@pytest.fixture
def champion(monkeypatch):
    """A model that always predicts jazz; its weights can be exchanged, and each loading is noted."""
    state = SimpleNamespace(weights="a" * 64, loaded=0, reference=constant_model.reference())

    def load(_client, _uri, **_):
        state.loaded += 1
        model = constant_model.loaded_model()
        model.model.record = model.model.record.model_copy(update={"weights_sha256": state.weights})
        model.model.reference = state.reference
        return model

    monkeypatch.setattr(loading, "store", lambda: None)
    monkeypatch.setattr(loading, "address", lambda *_, **__: "models:/genre/1")
    monkeypatch.setattr(
        loading,
        "run_of",
        lambda *_: SimpleNamespace(
            data=SimpleNamespace(tags={"model": "mlp", "weights_sha256": state.weights})
        ),
    )
    monkeypatch.setattr(loading, "load", load)
    return state


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    (folder / "deep").mkdir(parents=True)
    song(folder / "a.wav", pitch=300)
    song(folder / "deep" / "b.wav", pitch=500)
    return folder


@pytest.fixture
def score(tmp_path, inbox, champion, demo_params):
    return lambda **options: batch_score.run(inbox, params=demo_params, root=tmp_path / "data", **options)


class TestWhatIsNew:
    def test_what_is_lost_of_a_song_has_columns(self, score, inbox):
        truncated(inbox / "deep" / "cut.wav")
        table = batch_score.read(score().scores).set_index("file")
        assert table["lost"].to_dict() == pytest.approx({"a.wav": 0, "deep/b.wav": 0, "deep/cut.wav": 3.5})
        assert table["damage"].str.startswith("truncated").to_list() == [False, False, True]

    def test_files_of_several_folders_are_read_once(
        self, inbox, tmp_path, champion, demo_params, monkeypatch
    ):
        other = tmp_path / "other"
        other.mkdir()
        song(other / "c.wav", pitch=700)
        for file in (*inbox.rglob("*.wav"), *other.iterdir()):
            os.utime(file, (1_700_000_000, 1_700_000_000))
        read, hashed = [], hashing.file

        def file(source):
            read.extend([source.name] if isinstance(source, Path) else [])
            return hashed(source)

        monkeypatch.setattr(hashing, "file", file)
        for folder in (inbox, other, inbox, other):
            batch_score.run(folder, params=demo_params, root=tmp_path / "data")
        assert sorted(name for name in read if name.endswith(".wav")) == ["a.wav", "b.wav", "c.wav"]

    def test_a_name_that_is_no_text_is_escaped(self, score, inbox):
        (inbox / "a.wav").rename(inbox / os.fsdecode(b"la\xe9.wav"))
        assert sorted(batch_score.read(score().scores)["file"]) == ["deep/b.wav", "la\\xe9.wav"]

    def test_a_row_a_song_with_all_that_was_predicted(self, score):
        scored = score()
        table = batch_score.read(scored.scores)
        assert sorted(table["file"]) == ["a.wav", "deep/b.wav"]
        model = ["model", "uri", "run_id", "weights_sha256"]
        fields = ["genre", "confidence", "unsure", "seconds", "coverage", "lost", "damage", "timeline"]
        first = ["file", "sha256", "scored_at", *model, *fields, "reason", "probability.blues"]
        assert list(table)[: len(first)] == first
        assert set(table["genre"]) == {"jazz"}
        assert table["probability.jazz"].tolist() == pytest.approx([0.7, 0.7])
        assert [moment["start"] for moment in table["timeline"][0]] == [0, 3]
        assert table["scored_at"].dt.tz is not None
        assert scored.genres == {"jazz": 2}
        assert len(pd.read_parquet(scored.scores)) == 2, "the folder reads as one table"

    def test_nothing_is_scored_twice_and_then_no_model_is_loaded(self, score, champion):
        score()
        again = score()
        assert (len(again.fresh), again.known, champion.loaded) == (0, 2, 1)

    def test_another_name_is_the_same_song(self, score, inbox, champion):
        score()
        (inbox / "a.wav").rename(inbox / "renamed.wav")
        (inbox / "copy.wav").write_bytes((inbox / "renamed.wav").read_bytes())
        assert len(score().fresh) == 0

    def test_copies_are_counted_apart_from_what_was_scored_before(self, score, inbox):
        for name in "xyz":
            (inbox / f"{name}.wav").write_bytes((inbox / "a.wav").read_bytes())
        scored = score()
        assert (len(scored.fresh), scored.known, scored.copies) == (2, 0, 3)
        again = score()
        assert (len(again.fresh), again.known, again.copies) == (0, 5, 0)

    def test_other_bytes_are_another_song(self, score, inbox):
        score()
        song(inbox / "a.wav", pitch=700)
        assert score().fresh["file"].tolist() == ["a.wav"]

    def test_another_model_scores_all_again_and_has_its_own_folder(self, score, champion):
        first = score()
        champion.weights = "b" * 64
        second = score()
        assert len(second.fresh) == 2
        assert first.scores != second.scores

    def test_an_empty_folder_loads_no_model(self, tmp_path, demo_params, monkeypatch):
        (tmp_path / "empty").mkdir()
        monkeypatch.setattr(loading, "store", lambda: pytest.fail("the store was opened"))
        assert batch_score.run(tmp_path / "empty", params=demo_params, root=tmp_path).model == ""

    def test_a_folder_that_is_not_there(self, tmp_path, demo_params):
        with pytest.raises(ScoringError, match="is not a folder; valid"):
            batch_score.run(tmp_path / "gone", params=demo_params, root=tmp_path)

    def test_hidden_files_are_left_alone(self, score, inbox):
        (inbox / "a.wav").rename(inbox / ".a.wav")
        assert score().fresh["file"].tolist() == ["deep/b.wav"]


class TestFaults:
    def test_a_bad_song_is_written_with_its_reason_and_not_tried_again(self, score, inbox):
        (inbox / "a.wav").write_text("not audio")
        scored = score()
        bad, good = batch_score.read(scored.scores).sort_values("file").to_dict("records")
        assert (bad["genre"], good["genre"]) == ("", "jazz")
        assert "no RIFF header" in bad["reason"]
        assert scored.genres == {"jazz": 1}
        # It stays named, and is not one of those that have a genre.
        again = score()
        assert (len(again.fresh), again.known, again.unread) == (0, 1, {"a.wav": bad["reason"]})

    def test_a_killed_run_keeps_its_finished_parts(self, score, inbox, champion, monkeypatch):
        monkeypatch.setattr(batch_score, "PART", 1)
        monkeypatch.setattr(progress, "LINE_EVERY", 0.0)

        def killed(line: str) -> None:
            if line.startswith("reading: "):
                return
            assert line.startswith("mlp: 1 of 2 songs")
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            score(to=killed)
        assert (len(score().fresh), champion.loaded) == (1, 2)

    def test_two_runs_do_not_mix(self, score, inbox, monkeypatch):
        monkeypatch.setattr(progress, "LINE_EVERY", 0.0)
        lines = []

        def second(line: str) -> None:
            lines.append(line)
            with pytest.raises(ScoringError, match="another run is writing"):
                score()

        assert len(score(to=second).fresh) == 2
        assert lines


class TestDrift:
    def test_it_is_measured_on_the_newest_songs_and_kept(self, score, inbox, champion):
        champion.reference = constant_model.reference(around=1e6)
        for number in range(6):
            song(inbox / f"{number}.wav", pitch=300 + 40 * number, seconds=3.1)
        scored = score(window=7)
        assert scored.drift.songs == 7
        assert scored.drift.reference == 50
        assert scored.drift.share == 1
        assert scored.drift.genres == {"jazz": 7}
        kept = json.loads((scored.scores / batch_score.DRIFT).read_text(encoding="utf-8"))
        assert kept == scored.drift.model_dump()
        assert score().drift == scored.drift

    def test_bad_songs_play_no_part(self, score, inbox, champion):
        champion.reference = constant_model.reference(around=0)
        (inbox / "a.wav").write_text("not audio")
        assert score().drift.songs == 1
