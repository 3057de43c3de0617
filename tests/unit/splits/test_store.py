"""The split on disk: read as it was written, or refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from components.config.params import Params
from components.core.errors import CorpusError, LeakError
from components.splits import folds, store


def test_the_fingerprint_is_of_the_content(tracks: pd.DataFrame, demo_params: Params) -> None:
    table = folds.make(tracks, params=demo_params)
    again = folds.make(tracks.sample(frac=1, random_state=1), params=demo_params)
    assert store.fingerprint(table) == store.fingerprint(again)
    other = folds.make(tracks, params=demo_params.model_copy(update={"seed": 21}))
    assert store.fingerprint(table) != store.fingerprint(other)


def test_what_was_written_is_read(small_project: Path) -> None:
    table, record = store.read(small_project)
    assert record == store.record(small_project)
    assert record.fingerprint == store.fingerprint(table)
    assert (record.protocol, record.leaky) == ("track", False)


def test_only_segments_mix_songs(small_project: Path) -> None:
    record = store.record(small_project)
    assert record.model_copy(update={"protocol": "segment"}).leaky
    assert "leaky" in record.model_dump()


def test_a_table_changed_afterwards_is_refused(small_project: Path) -> None:
    path = small_project / "splits" / "split.parquet"
    table = pd.read_parquet(path)
    table.loc[table["track"] == "jazz.00003", "part"] = "train"
    table.loc[table["track"] == "jazz.00004", "part"] = "test"
    table.to_parquet(path, index=False)
    with pytest.raises(LeakError, match="changed"):
        store.read(small_project)


@pytest.mark.parametrize("name", ["split.parquet", "split.json"])
@pytest.mark.parametrize("content", [None, b"", b"{}"])
def test_a_file_that_cannot_be_read_is_named(small_project: Path, name: str, content: bytes | None) -> None:
    path = small_project / "splits" / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CorpusError, match=f"{name}.*dvc repro split"):
        store.read(small_project)
