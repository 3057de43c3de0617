"""The listing on disk."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from components.core.errors import CorpusError
from components.corpus import store as corpus_store


def test_reading_what_was_never_listed_names_the_stage(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"does not exist; `genre stage corpus audio` makes it"):
        corpus_store.read("audio", root=tmp_path)


def test_reading_what_is_no_listing(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/audio.parquet").write_bytes(b"PAR1 but not really")
    with pytest.raises(CorpusError, match="cannot be read"):
        corpus_store.read("audio", root=tmp_path)


def test_a_listing_without_a_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    pd.DataFrame({name: [] for name in corpus_store.COLUMNS if name != "fault"}).to_parquet(
        tmp_path / "corpus/audio.parquet"
    )
    with pytest.raises(CorpusError, match="lacks column fault"):
        corpus_store.read("audio", root=tmp_path)


def test_usable_is_what_has_no_fault() -> None:
    listing = pd.DataFrame({"track": ["a", "b", "c"], "fault": ["", "silent", ""]})
    assert corpus_store.usable(listing)["track"].tolist() == ["a", "c"]
    assert corpus_store.usable(listing).index.tolist() == [0, 1]
