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
