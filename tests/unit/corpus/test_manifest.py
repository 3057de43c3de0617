"""Tables of labelled files: checked whole, wrong rows named by line, and FMA's own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from components.core.errors import CorpusError
from components.corpus import manifest
from components.corpus.manifest import Entry
from tests.support import fma


def written(folder: Path, text: str, name: str = "labels.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_columns_may_stand_in_any_order_and_case_among_others(tmp_path: Path) -> None:
    text = 'Artist,note,GENRE,path,split\n"Parker, Charlie",x,jazz,./a\\b.mp3,Training\n\n,,rock,c.flac,\n'
    found = manifest.read(written(tmp_path, "\ufeff" + text))
    assert found.kind == "rows" and found.name == "labels.csv"
    assert found.entries == (
        Entry("a/b.mp3", "jazz", artist="Parker, Charlie", part="train", where="line 2"),
        Entry("c.flac", "rock", where="line 4"),
    )


def test_parquet_is_the_same(tmp_path: Path) -> None:
    table = pd.DataFrame({"path": ["a.mp3", "b.mp3"], "genre": ["jazz", "rock"], "album": ["x", None]})
    table.to_parquet(tmp_path / "labels.parquet")
    found = manifest.read(tmp_path / "labels.parquet").entries
    assert found == (Entry("a.mp3", "jazz", album="x", where="row 1"), Entry("b.mp3", "rock", where="row 2"))


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ("a.mp3,", "line 2: genre is empty"),
        (",jazz", "line 2: path is empty"),
        ("a.mp3,jazz\na.mp3,rock", "line 3: path 'a.mp3' was named before, by line 2"),
        ("x/a.mp3,jazz\n.\\\\x//./a.mp3,rock", "line 3: path 'x/a.mp3' was named before, by line 2"),
        ("../a.mp3,jazz", "line 2: path '../a.mp3' leads out"),
        ("./,jazz", "line 2: path './' is the folder itself"),
        ("a.mp3,jazz,dev", "line 2: split is 'dev'; valid: test"),
        ('"a\nb.mp3",jazz\nc.mp3,', "line 4: genre is empty"),
        ("", "no rows"),
    ],
)
def test_wrong_rows_are_named_by_line(tmp_path: Path, rows: str, named: str) -> None:
    with pytest.raises(CorpusError, match=named.replace(".", r"\.")):
        manifest.read(written(tmp_path, f"path,genre,split\n{rows}\n"))


def test_all_wrong_rows_are_counted(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"7 wrong of 8 rows.*and 2 more"):
        manifest.read(written(tmp_path, "path,genre\na.mp3,jazz\n" + "b.mp3,\n" * 7))


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        ("labels.csv", "file,label\na,b\n", "lacks column path, genre.*it has file, label"),
        ("labels.csv", "", "it has none"),
        ("labels.parquet", "no table", "cannot be read"),
        ("labels.txt", "path,genre\n", "no table of labels; valid: .csv or .parquet"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, text: str, named: str) -> None:
    with pytest.raises(CorpusError, match=named):
        manifest.read(written(tmp_path, text, name))
    with pytest.raises(CorpusError, match="cannot be read"):
        manifest.read(tmp_path / "none.csv")


class TestFma:
    @pytest.fixture
    def table(self, tmp_path: Path) -> Path:
        rows = [
            fma.Track(2, "Hip-Hop", "AWOL", "small", "training"),
            fma.Track(140, "Folk", "Alec K. Redfearn", "medium", "validation"),
            fma.Track(1040, "Rock", "Everyone", "large", "test"),
            fma.Track(3, "", "AWOL", "large", "training"),
        ]
        return fma.write(tmp_path / "tracks.csv", rows)

    def test_files_are_named_by_their_number_and_rows_without_a_genre_left_out(self, table: Path) -> None:
        found = manifest.read(table)
        assert found.kind == "fma"
        assert [(row.path, row.genre, row.artist, row.part) for row in found.entries] == [
            ("000/000002.mp3", "Hip-Hop", "AWOL", "train"),
            ("000/000140.mp3", "Folk", "Alec K. Redfearn", "validation"),
            ("001/001040.mp3", "Rock", "Everyone", "test"),
        ]
        assert found.entries[0].album == "Album of AWOL [2]"

    @pytest.mark.parametrize(("subset", "rows"), [("small", 1), ("medium", 2), ("large", 3)])
    def test_each_subset_holds_the_ones_before_it(self, table: Path, subset: str, rows: int) -> None:
        assert len(manifest.read(table, subset=subset).entries) == rows

    def test_another_table_has_no_subset(self, tmp_path: Path) -> None:
        with pytest.raises(CorpusError, match="subset is 'small'"):
            manifest.read(written(tmp_path, "path,genre\na.mp3,jazz\n"), subset="small")
