"""Chunks: where they end, what their keys depend on."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from components.features.pipeline import chunks


def test_a_new_track_moves_no_chunk_but_its_own() -> None:
    tracks = [chunks.Track(track=f"t.{n:05d}", path="", sha256=str(n)) for n in range(0, 2000, 2)]
    new = chunks.Track(track="t.01001", path="", sha256="new")
    before = {chunk.key for chunk in chunks.divide(tracks, about={})}
    after = {chunk.key for chunk in chunks.divide(sorted([*tracks, new], key=lambda t: t.track), about={})}
    assert len(after - before) <= 3
    assert len(before) > 40


def test_code_of_other_features_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    read_bytes = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.append(path.name) or read_bytes(path))
    chunks.code("mfcc_sequence")
    assert {"mfcc_sequence.py", "stft.py", "compute.py", "audio.py"} <= set(read)
    assert not {"mfcc_summary.py", "yamnet.py", "vgg16_embedding.py"} & set(read)
    read.clear()
    chunks.code("yamnet_embedding")
    assert {"yamnet_embedding.py", "yamnet.py"} <= set(read)
    assert not {"mfcc_sequence.py", "vgg16.py"} & set(read)


@pytest.mark.parametrize("pattern", chunks.READERS)
def test_the_code_that_reads_a_file_counts(monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    before = chunks.code("mfcc_sequence")
    read_bytes = Path.read_bytes
    monkeypatch.setattr(
        Path, "read_bytes", lambda path: read_bytes(path) + b"#" * path.match(f"corpus/{pattern}")
    )
    assert chunks.code("mfcc_sequence") != before


def test_nothing_is_forked_beside_another_thread() -> None:
    waiting = threading.Event()
    thread = threading.Thread(target=waiting.wait)
    thread.start()
    try:
        assert chunks._start_method(plan("music/one.wav")) == "spawn"
    finally:
        waiting.set()
        thread.join()


def test_nothing_is_forked_that_reads_a_bucket() -> None:
    assert chunks._start_method(plan("s3://music/one.wav")) == "spawn"
    if sys.platform == "linux" and threading.active_count() == 1:
        assert chunks._start_method(plan("music/one.wav")) == "fork"


def plan(path: str) -> list[chunks.Chunk]:
    return chunks.divide([chunks.Track(track="one", path=path, sha256="0" * 64)], about={})
