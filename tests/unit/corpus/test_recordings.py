"""The same recording in several files is found among others, and two labels of one are named."""

from __future__ import annotations

import base64

import numpy as np
import pandas as pd

from components.corpus import recordings


def text(words: np.ndarray) -> str:
    return base64.b64encode(words.astype("<u4").tobytes()).decode()


def changed(words: np.ndarray, *, share: float, seed: int) -> np.ndarray:
    """Words of which a share of the bits is the other one."""
    bits = np.unpackbits(words.astype("<u4").view(np.uint8))
    flipped = np.random.default_rng(seed).random(len(bits)) < share
    return np.packbits(bits ^ flipped).view("<u4")


def test_copies_are_found_among_many_songs_and_nothing_else() -> None:
    generator = np.random.default_rng(0)
    songs = [
        generator.integers(0, 2**32, int(generator.integers(12, 80)), dtype=np.uint32) for _ in range(300)
    ]
    copies = [changed(words, share=0.12, seed=number) for number, words in enumerate(songs[:60])]
    found = recordings.alike([text(words) for words in songs + copies])
    assert {tuple(pair) for pair in found.tolist()} == {(number, 300 + number) for number in range(60)}


def test_the_beginning_of_a_song_is_the_song() -> None:
    song = np.random.default_rng(1).integers(0, 2**32, 80, dtype=np.uint32)
    assert recordings.alike([text(song), text(song[:20])]).tolist() == [[0, 1]]
    assert recordings.distance(song, song[1:]) == 0.0


def test_a_shared_beginning_alone_is_not() -> None:
    generator = np.random.default_rng(2)
    intro, one, other = (generator.integers(0, 2**32, size, dtype=np.uint32) for size in (20, 60, 60))
    songs = [np.concatenate([intro, rest]) for rest in (one, other)]
    assert len(recordings.alike([text(words) for words in songs])) == 0


def test_silence_is_nothing_that_songs_share() -> None:
    generator = np.random.default_rng(4)
    silence = np.zeros(54, dtype=np.uint32)
    songs = [np.concatenate([silence, generator.integers(0, 2**32, 26, dtype=np.uint32)]) for _ in range(6)]
    assert len(recordings.alike([text(words) for words in songs])) == 0
    assert recordings.distance(songs[0], songs[1]) > recordings.ALIKE
    assert recordings.distance(silence, silence) == 1.0


def test_a_recording_that_begins_with_silence_is_found_among_others_that_do() -> None:
    generator = np.random.default_rng(5)
    silence = np.zeros(16, dtype=np.uint32)
    songs = [np.concatenate([silence, generator.integers(0, 2**32, 40, dtype=np.uint32)]) for _ in range(20)]
    copy = changed(songs[3], share=0.05, seed=0)
    copy[:16] = 0
    # One that begins to sound a frame later.
    late = songs[7].copy()
    late[16] = 0
    found = recordings.alike([text(words) for words in [*songs, copy, late]])
    assert found.tolist() == [[3, 20], [7, 21]]


def test_what_has_too_few_words_is_not_compared() -> None:
    word = np.arange(5, dtype=np.uint32)
    assert len(recordings.alike([text(word), text(word), "", ""])) == 0


def test_recordings_are_named_by_their_first_track_through_equal_files_and_sounds() -> None:
    song = np.random.default_rng(3).integers(0, 2**32, 40, dtype=np.uint32)
    tracks = pd.DataFrame(
        {"track": list("dcbaef"), "genre": ["rock", "rock", "rock", "jazz", "rock", "rock"]}
    )
    tracks["sha256"] = ["1", "1", "2", "3", "4", "5"]
    tracks["sound_sha256"] = ["", "x", "x", "y", "z", ""]
    tracks["fingerprint"] = [*[""] * 2, text(song), text(song[:30]), "", ""]
    tracks["recording"] = recordings.of(tracks)
    assert tracks["recording"].tolist() == ["a", "a", "a", "a", "", ""]
    (named,) = recordings.conflicts(tracks)
    assert "a (jazz)" in named and "b (rock)" in named
    assert recordings.conflicts(tracks[tracks["genre"] == "rock"]) == []
