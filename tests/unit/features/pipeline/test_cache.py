"""Chunks that are never computed twice."""

from __future__ import annotations

from components.features.pipeline import cache


def test_a_new_track_moves_no_chunk_but_its_own() -> None:
    tracks = [cache.Track(track=f"t.{n:05d}", path="", sha256=str(n)) for n in range(0, 2000, 2)]
    new = cache.Track(track="t.01001", path="", sha256="new")
    before = {chunk.key for chunk in cache.divide(tracks, about={})}
    after = {chunk.key for chunk in cache.divide(sorted([*tracks, new], key=lambda t: t.track), about={})}
    assert len(after - before) <= 3
    assert len(before) > 40
