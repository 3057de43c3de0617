"""Files that are predicted: named ones, and those below folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from components.core.errors import AudioError
from components.parallel import cluster
from components.serving import predict
from tests.support import constant_model
from tests.support.constant_model import song
from tests.support.dask_cluster import dask_cluster


class TestWhichFiles:
    def test_a_folder_is_searched_and_sorted_and_a_file_is_kept_whatever_its_ending(self, tmp_path):
        (tmp_path / "in" / "deep").mkdir(parents=True)
        for name in ("in/b.FLAC", "in/deep/a.mp3", "in/notes.txt", "x.txt"):
            (tmp_path / name).touch()
        found = predict.audio_files([tmp_path / "x.txt", tmp_path / "in", tmp_path / "in" / "b.FLAC"])
        assert [str(path.relative_to(tmp_path)) for path in found] == ["x.txt", "in/b.FLAC", "in/deep/a.mp3"]

    def test_nothing_hidden_is_found_at_any_depth_and_no_link_to_a_folder_is_entered(self, tmp_path):
        places = (".Trash", ".git/annex", "in", "in/.hidden", "in/.hidden/deep")
        for place in places:
            (tmp_path / place).mkdir(parents=True, exist_ok=True)
            (tmp_path / place / "a.wav").touch()
            (tmp_path / place / "._a.wav").touch()
        (tmp_path / "again").symlink_to(tmp_path / "in")
        (tmp_path / "in" / "link.wav").symlink_to(tmp_path / "in" / "a.wav")
        lines: list[str] = []
        found = predict.below(tmp_path, to=lines.append)
        assert [str(path.relative_to(tmp_path)) for path in found] == ["in/a.wav", "in/link.wav"]
        (line,) = lines
        assert "not entered: again" in line and "corpus.follow_links" in line
        assert predict.below(tmp_path / ".Trash") == [tmp_path / ".Trash" / "a.wav"]

    def test_links_to_folders_are_entered_where_they_are_followed_and_each_folder_once(self, tmp_path):
        for place in ("here", "there/deep"):
            (tmp_path / place).mkdir(parents=True)
            (tmp_path / place / "a.wav").touch()
        (tmp_path / "here" / "linked").symlink_to(tmp_path / "there")
        (tmp_path / "there" / "round").symlink_to(tmp_path / "there")
        lines: list[str] = []
        found = predict.below(tmp_path / "here", follow_links=True, to=lines.append)
        assert [str(path.relative_to(tmp_path)) for path in found] == ["here/a.wav", "here/linked/deep/a.wav"]
        assert lines == []

    def test_a_link_to_nothing_is_found_and_a_pipe_is_not(self, tmp_path):
        (tmp_path / "gone.wav").symlink_to("nowhere.wav")
        os.mkfifo(tmp_path / "pipe.wav")
        (tmp_path / "folder.wav").mkdir()
        assert predict.below(tmp_path) == [tmp_path / "gone.wav"]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
    def test_a_folder_that_cannot_be_read_is_named(self, tmp_path):
        (tmp_path / "closed").mkdir(mode=0o000)
        with pytest.raises(AudioError, match=r"closed.*cannot be read"):
            predict.below(tmp_path)

    def test_a_folder_without_audio(self, tmp_path):
        with pytest.raises(AudioError, match=r"valid: .*\.wav"):
            predict.audio_files([tmp_path])


def test_each_file_has_a_prediction_or_a_reason_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict, "BATCH", 2)
    files = [song(tmp_path / "a.wav"), tmp_path / "gone.wav", song(tmp_path / "b.wav")]
    first, gone, last = predict.predict(files, model=constant_model.loaded_model())
    genres = [one.prediction and one.prediction.genre for one in (first, gone, last)]
    assert genres == ["jazz", None, "jazz"]
    assert first.prediction.probabilities == pytest.approx({"blues": 0.1, "jazz": 0.7, "rock": 0.2})
    assert [one.file for one in (first, gone, last)] == files
    assert gone.reason and not first.reason


def test_features_come_from_a_cluster_where_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict, "BATCH", 2)
    files = [song(tmp_path / f"{n}.wav", pitch=220.0 * n) for n in (1, 2, 3)]
    files.insert(1, tmp_path / "gone.wav")
    here = list(predict.predict(files, model=constant_model.loaded_model()))
    with dask_cluster(tmp_path / "dask", workers=1) as dask:
        monkeypatch.setenv(cluster.VARIABLE, dask.address)
        model = constant_model.loaded_model()
        monkeypatch.setattr(model.model, "extract", lambda _songs: pytest.fail("extracted here"))
        assert list(predict.predict(files, model=model)) == here
