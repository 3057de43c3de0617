"""The listings on disk, and several of them as one corpus."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest

from components.config.params import Params
from components.core.errors import CorpusError
from components.corpus import store as corpus_store
from tests.support.collections_on_disk import pointed_at


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


def listed(root: Path, **tracks: list[str]) -> None:
    """Write a listing of usable tracks a source."""
    (root / "corpus").mkdir(parents=True)
    for source, names in tracks.items():
        rows = [asdict(corpus_store.Row(name, "jazz", f"jazz/{name}.wav", segments=1)) for name in names]
        pd.DataFrame(rows).to_parquet(root / f"corpus/{source}.parquet", index=False)


def test_several_sources_are_one_corpus_and_each_track_has_its_own_folder(
    tmp_path: Path, demo_params: Params
) -> None:
    listed(tmp_path / "data", songs=["b", "d"], clips=["a", "c"])
    both = corpus_store.read_all(["clips", "songs"], root=tmp_path / "data")
    assert both["track"].tolist() == ["a", "b", "c", "d"]
    assert both["source"].tolist() == ["clips", "songs", "clips", "songs"]
    params = pointed_at(demo_params, form="audio", songs=tmp_path / "x", clips=Path("y"))
    files = corpus_store.files(both, params=params, root=tmp_path / "data")
    assert files[:2] == [str(tmp_path / "y/jazz/a.wav"), str(tmp_path / "x/jazz/b.wav")]


def test_a_bucket_s_files_are_urls(tmp_path: Path, demo_params: Params) -> None:
    listed(tmp_path / "data", songs=["b"])
    params = pointed_at(demo_params, form="audio", songs="s3://music/by-genre/")
    listing = corpus_store.read_all(["songs"], root=tmp_path / "data")
    assert corpus_store.files(listing, params=params, root=tmp_path / "data") == [
        "s3://music/by-genre/jazz/b.wav"
    ]


def test_a_track_in_two_sources_names_both(tmp_path: Path) -> None:
    listed(tmp_path, songs=["a", "b"], clips=["b"])
    with pytest.raises(CorpusError, match=r"'b' is in the sources 'songs' .*b\.wav.* and 'clips'"):
        corpus_store.read_all(["songs", "clips"], root=tmp_path)


def test_usable_is_what_has_no_fault() -> None:
    listing = pd.DataFrame({"track": ["a", "b", "c"], "fault": ["", "silent", ""]})
    assert corpus_store.usable(listing)["track"].tolist() == ["a", "c"]
    assert corpus_store.usable(listing).index.tolist() == [0, 1]


@pytest.mark.parametrize("many", [False, True])
def test_rows_come_back_as_they_came_and_sorted(many: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if many:
        monkeypatch.setattr(corpus_store.Rows, "TOGETHER", 2)
    rows = corpus_store.Rows("stamp")
    names = ["b", "a", "ä", "a", "B"]
    for place, name in enumerate(names):
        rows.add(corpus_store.Row(name, "jazz", str(-place), seconds=place / 2, segments=place), f"{place}")
    whole = rows.table()
    assert whole.dtypes.astype(str).to_dict() == corpus_store.COLUMNS | {"stamp": "str"}
    assert whole["track"].tolist() == names
    assert whole["stamp"].tolist() == ["0", "1", "2", "3", "4"]
    assert [size for batch in rows.batches() if (size := batch.num_rows)] == ([2, 2, 1] if many else [5])
    assert [(row.track, *more) for row, more in rows] == list(zip(names, "01234", strict=True))
    assert next(iter(rows.batches("path", "track"))).schema.names == ["path", "track"]
    assert len(rows) == 5
    ordered = rows.table(without=["stamp"], sort_by=["track", "path"])
    expected = whole.sort_values(["track", "path"], ignore_index=True).drop(columns="stamp")
    pd.testing.assert_frame_equal(ordered, expected)


def test_no_rows_are_a_table_with_all_columns() -> None:
    empty = corpus_store.Rows("stamp").table(sort_by=["track"])
    assert empty.dtypes.astype(str).to_dict() == corpus_store.COLUMNS | {"stamp": "str"}
    assert len(empty) == 0
