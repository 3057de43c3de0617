"""Bytes that read as others."""

from __future__ import annotations

import os
from pathlib import Path

from components.corpus.contents.patched import Patched


def test_patched_bytes_read_as_others_at_any_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(range(20)))
    with (tmp_path / "file").open("rb") as file:
        patched = Patched(file.fileno(), {4: b"abcd"})
        assert patched.read(6) == b"\0\1\2\3ab"
        assert patched.seek(6) == 6 and patched.read(4) == b"cd\x08\x09"
        assert patched.seek(-2, os.SEEK_END) == 18 and patched.read() == b"\x12\x13"
        assert patched.tell() == 20
