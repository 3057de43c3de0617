"""A file that is measured as a track."""

from __future__ import annotations

import gc
from io import BufferedReader
from pathlib import Path

import pytest

from components.config.params import Params
from components.corpus import audio_files
from components.corpus.store import Row
from tests.support.constant_model import song


def test_nothing_of_a_sound_is_held_while_its_tags_are_read(
    tmp_path: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []

    def credited(row: Row, _file: BufferedReader) -> Row:
        # By its type: a proxy of something gone has no class.
        held.extend(one for one in gc.get_objects() if type(one) is audio_files.Measured)
        return row

    monkeypatch.setattr(audio_files, "credited", credited)
    gc.collect()
    with song(tmp_path / "a.wav").open("rb") as file:
        row = audio_files.measure(Row("jazz/a", "jazz", "a.wav"), file, params=demo_params)
    assert row.segments and row.fingerprint and not row.fault
    assert held == []


def test_tags_that_cannot_be_read_are_named_and_the_sound_is_used(
    tmp_path: Path, demo_params: Params
) -> None:
    path = song(tmp_path / "a.wav")
    path.write_bytes(path.read_bytes() + b"id3 \x10\0\0\0ID3\x04\0\x01" + bytes(10))
    content = bytearray(path.read_bytes())
    content[4:8] = (len(content) - 8).to_bytes(4, "little")
    path.write_bytes(content)
    with path.open("rb") as file:
        row = audio_files.measure(Row("jazz/a", "jazz", "a.wav"), file, params=demo_params)
    assert row.segments and not row.fault and not row.tagged
    assert row.damage.startswith("tags cannot be read (")
