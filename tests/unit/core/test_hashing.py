"""Hashes are SHA-256 of the bytes alone."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from components.core import hashing


def test_files_are_hashed_by_their_contents_in_order(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"ab")
    two.write_bytes(b"c" * (3 << 20))
    assert hashing.file(one) == hashlib.sha256(b"ab").hexdigest()
    with one.open("rb") as opened:
        assert hashing.file(opened) == hashing.file(one)
    assert hashing.files([one, two]) == hashlib.sha256(b"ab" + b"c" * (3 << 20)).hexdigest()


def test_arrays_are_hashed_as_they_would_lie_in_memory() -> None:
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert hashing.arrays([x.T]) == hashlib.sha256(x.T.tobytes()).hexdigest()
    assert hashing.arrays([x, x]) == hashlib.sha256(x.tobytes() * 2).hexdigest()
    assert hashing.arrays([x[:0]]) == hashlib.sha256().hexdigest()
