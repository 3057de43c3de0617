"""Recognition: files, sounds and artists of a training, and which songs a headline counts."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from components.config.params import Params
from components.core.errors import EvaluationError
from components.external_evaluation import recognition
from components.tracking import integrity
from tests.support.constant_model import song
from tests.support.evaluated_models import known_by, training


def songs(**changes: str) -> pd.DataFrame:
    return pd.DataFrame([{"sha256": "a", "sound_sha256": "b", "fingerprint": "", "artist": "", **changes}])


def music(generator: np.random.Generator, *, seconds: int = 12, rate: int = 22_050) -> np.ndarray:
    """Notes of a tenth of a second in noise: shape (samples,), float."""
    pitches = np.repeat(generator.uniform(200, 2000, seconds * 10), rate // 10)
    y = 0.3 * np.sin(2 * np.pi * np.cumsum(pitches) / rate)
    return y + 0.02 * generator.standard_normal(len(y))


class TestIdentity:
    def test_another_container_of_the_same_samples_is_the_same_sound(
        self, tmp_path: Path, demo_params: Params
    ) -> None:
        first = song(tmp_path / "a.wav")
        y, rate = soundfile.read(first, dtype="int16")
        soundfile.write(tmp_path / "b.flac", y, rate)
        song(tmp_path / "c.wav", pitch=300)
        a, b, c = recognition.identify(
            [first, tmp_path / "b.flac", tmp_path / "c.wav"], limits=demo_params.corpus
        )
        assert a.sha256 != b.sha256 and a.sound_sha256 == b.sound_sha256 != c.sound_sha256
        assert recognition.repeats([("a", a), ("b", b), ("c", c)]) == {"b": "a"}

    def test_what_cannot_be_decoded_has_its_reason_and_repeats_nothing(
        self, tmp_path: Path, demo_params: Params
    ) -> None:
        (tmp_path / "a.wav").write_text("text")
        found = list(
            recognition.identify([tmp_path / "a.wav", tmp_path / "b.wav"], limits=demo_params.corpus)
        )
        assert "no RIFF header" in found[0].reason and found[1].reason == "file not found"
        assert recognition.repeats([("a", found[0]), ("b", found[1])]) == {}


class TestGroups:
    @pytest.fixture
    def recorded(self, tmp_path: Path, demo_params: Params) -> list[recognition.Identity]:
        """Of a song, its MP3, its beginning cut by a few samples, and another song."""
        generator = np.random.default_rng(0)
        one, other = (music(generator) for _ in range(2))
        files = [tmp_path / name for name in ("a.wav", "b.mp3", "c.wav", "d.wav")]
        for file, y in zip(files, (one, one, one[500:], other), strict=True):
            soundfile.write(file, y, 22_050)
        return list(recognition.identify(files, limits=demo_params.corpus))

    def test_a_song_in_another_encoding_or_cut_is_the_same_recording(
        self, recorded: list[recognition.Identity]
    ) -> None:
        assert len({one.sound_sha256 for one in recorded}) == 4
        assert recognition.repeats(zip("abcd", recorded, strict=True)) == {"b": "a", "c": "a"}
        whole, *others = (asdict(one) for one in recorded)
        external = pd.DataFrame([{**one, "artist": "Ann"} for one in others])
        found = recognition.groups(external, training=training({**whole, "artist": "Bo"}))
        assert found["group"].tolist() == ["trained_songs", "trained_songs", "new_artists"]
        assert found["recognised"].tolist() == ["t0", "t0", ""]

    def test_models_logged_without_fingerprints_know_files_and_sounds(self) -> None:
        known = training({"sha256": "a"}).drop(columns="fingerprint")
        assert recognition.groups(songs(), training=known)["group"].tolist() == ["trained_songs"]

    @pytest.mark.parametrize(
        ("song", "known", "group", "recognised"),
        [
            ({"artist": "Ann"}, {"sha256": "a"}, "trained_songs", "t0"),
            ({"artist": "Ann"}, {"sound_sha256": "b"}, "trained_songs", "t0"),
            ({"artist": " ann"}, {"artist": "ANN"}, "trained_artists", " ann"),
            ({"artist": "Ann"}, {"artist": "Bo"}, "new_artists", ""),
            ({"artist": ""}, {"artist": "Bo"}, "new_songs", ""),
            ({"artist": "Various Artists"}, {"artist": "Bo"}, "new_songs", ""),
            ({"artist": "Unknown"}, {"artist": "unknown"}, "new_songs", ""),
            ({"artist": "Ann"}, {"artist": ""}, "new_songs", ""),
            ({"sha256": ""}, {"sha256": ""}, "new_songs", ""),
            # Validation ended the fit and chose the hyperparameters; test did neither.
            ({}, {"sha256": "a", "part": "validation", "fitted": False}, "trained_songs", "t0"),
            (
                {"artist": "Ann"},
                {"sha256": "a", "artist": "Ann", "part": "test", "fitted": False},
                "new_songs",
                "",
            ),
        ],
    )
    def test_where_a_song_stands(self, song: dict, known: dict, group: str, recognised: str) -> None:
        found = recognition.groups(songs(**song), training=training(known)).iloc[0]
        assert (found["group"], found["recognised"]) == (group, recognised)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"new_artists": 2, "new_songs": 1}, "new_artists"),
        ({"new_artists": 1, "new_songs": 2}, "new_songs"),
        ({"trained_artists": 5, "new_artists": 1}, "new_artists"),
        ({"trained_songs": 3}, None),
    ],
)
def test_the_headline_is_of_new_artists_where_most_are_known(
    counts: dict[str, int], expected: str | None
) -> None:
    assert (
        recognition.headline(pd.Series([name for name, count in counts.items() for _ in range(count)]))
        == expected
    )


def test_a_model_without_its_songs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrity, "checked", lambda *_: tmp_path)
    with pytest.raises(EvaluationError, match="runs:/1/model was logged without the songs"):
        recognition.training_songs(None, "runs:/1/model")
    (tmp_path / "artifacts").mkdir()
    training().to_parquet(tmp_path / "artifacts" / "songs.parquet")
    assert recognition.training_songs(None, "runs:/1/model")["artist"].tolist() == ["zoe"]


def test_a_sound_is_known_by_its_samples(tmp_path: Path, demo_params: Params) -> None:
    file = song(tmp_path / "a.wav")
    (found,) = recognition.identify([file], limits=demo_params.corpus)
    assert {"sha256": found.sha256, "sound_sha256": found.sound_sha256} == known_by(file)
