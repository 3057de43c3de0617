"""What becomes of each file's genre."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from components.serving.predict import FilePrediction
from components.serving.prediction import Prediction
from components.tagging import propose, tags
from components.tagging.propose import Choice, Song
from tests.support import tagged_files

PREDICTION = Prediction(
    "jazz", seconds=12.0, probabilities={"jazz": 0.6, "blues": 0.3, "rock": 0.06, "folk": 0.04}
)


def proposed(song=None, **choice):
    song = song or Song(Path("a.mp3"))
    return propose.propose(song, found=FilePrediction(song.file, PREDICTION), choice=Choice(**choice))


def test_the_most_probable_genre_is_proposed():
    song = proposed()
    assert (song.outcome, song.proposed, song.after, song.seconds) == (
        "proposed",
        {"jazz": 0.6},
        ("jazz",),
        12.0,
    )


@pytest.mark.parametrize(
    ("several", "minimum", "genres"),
    [(2, 0.0, ["jazz", "blues"]), (4, 0.0, ["jazz", "blues"]), (2, 0.5, ["jazz"]), (1, 0.0, ["jazz"])],
)
def test_further_genres_are_above_chance_and_the_minimum(several, minimum, genres):
    assert list(proposed(several=several, min_confidence=minimum).proposed) == genres


def test_below_the_minimum_nothing_is_proposed_and_the_old_value_stays():
    song = proposed(Song(Path("a.mp3"), ("rock",), True), overwrite=True, min_confidence=0.61)
    assert (song.outcome, song.after) == ("unsure", ("rock",))
    assert "60%" in song.reason
    assert "61%" in song.reason


def test_a_genre_that_is_there_already_is_not_written_again():
    assert proposed(Song(Path("a.mp3"), ("jazz",), True), overwrite=True).outcome == "same"


@pytest.mark.parametrize("outcome", ["kept", "failed"])
def test_a_song_that_is_left_alone_anyway_says_so_and_that_its_genre_is_unsure(outcome):
    song = Song(Path("a.mp3"), ("rock",), True, outcome=outcome, reason="has one already")
    found = FilePrediction(song.file, replace(PREDICTION, unsure="unlike its training"))
    made = propose.propose(song, found=found, choice=Choice())
    assert (made.outcome, made.after) == (outcome, ("rock",))
    assert made.reason == "has one already; unsure: unlike its training"
    sure = propose.propose(song, found=FilePrediction(song.file, PREDICTION), choice=Choice())
    assert sure.reason == "has one already"


def test_what_cannot_be_decoded_is_named():
    song = propose.propose(
        Song(Path("a.mp3")), found=FilePrediction(Path("a.mp3"), reason="silent"), choice=Choice()
    )
    assert (song.outcome, song.reason, song.after) == ("failed", "silent", ())


@pytest.fixture
def library(tmp_path):
    """One file with a genre, one without, one whose tags cannot be read."""
    for name in ("with.flac", "without.flac"):
        tagged_files.make(tmp_path / name)
    tags.write(tmp_path / "with.flac", ["Polka"])
    (tmp_path / "bad.flac").write_bytes(b"x")
    return sorted(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("overwrite", "all_of_them", "predicted"),
    [
        (False, False, ["without.flac"]),
        (True, False, ["with.flac", "without.flac"]),
        (False, True, ["bad.flac", "with.flac", "without.flac"]),
    ],
)
def test_only_files_that_need_it_are_predicted(library, overwrite, all_of_them, predicted):
    asked = []

    def predict(files):
        asked.extend(file.name for file in files)
        return (FilePrediction(file, PREDICTION) for file in files)

    choice = Choice(overwrite=overwrite)
    songs = propose.songs(library, choice=choice, all_of_them=all_of_them, predict=predict)
    outcomes = {song.file.name: song.outcome for song in songs}
    assert asked == predicted
    assert outcomes == {
        "bad.flac": "failed",
        "with.flac": "proposed" if overwrite else "kept",
        "without.flac": "proposed",
    }


def test_what_no_tag_can_be_written_into_is_named_by_a_look_and_predicted_for_playlists(tmp_path):
    (tmp_path / "a.webm").write_bytes(b"no tags")
    tagged_files.make(tmp_path / "b.flac").chmod(0o444)
    wav = tagged_files.make(tmp_path / "c.wav")
    wav.write_bytes(wav.read_bytes()[:-100])
    files = sorted(tmp_path.iterdir())

    def songs(**about):
        return list(
            propose.songs(
                files,
                choice=Choice(min_confidence=about.pop("minimum", 0.0)),
                predict=lambda some: (FilePrediction(file, PREDICTION) for file in some),
                **about,
            )
        )

    looked = songs(all_of_them=True)
    assert [song.outcome for song in looked] == ["failed"] * 3
    assert [song.reason for song in looked] == [song.reason for song in songs(all_of_them=False)]
    assert all(song.reason and song.after == () for song in looked)
    assert [song.genres for song in looked] == [("jazz",)] * 3
    assert [song.genres for song in songs(all_of_them=False)] == [()] * 3
    assert [song.genres for song in songs(all_of_them=False, listed=True)] == [("jazz",)] * 3
    assert [song.genres for song in songs(all_of_them=False, listed=True, minimum=0.7)] == [()] * 3


def test_a_file_with_a_genre_is_kept_whether_or_not_it_could_be_written(tmp_path):
    path = tagged_files.make(tmp_path / "a.flac")
    tags.write(path, ["Polka"])
    path.chmod(0o444)
    assert propose.read(path, choice=Choice()).outcome == "kept"
    assert propose.read(path, choice=Choice(overwrite=True)).outcome == "failed"
    assert propose.read(path, choice=Choice(overwrite=True)).genres == ("Polka",)
