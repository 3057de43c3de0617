"""Tables as the spreadsheets of any country write them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from components.core.errors import CorpusError
from components.corpus import tables

ROWS = [
    ("line 2", {"path": "a.mp3", "genre": "R&B, Soul", "artist": "Ann"}),
    ("line 4", {"path": "b c.mp3", "genre": "jazz", "artist": ""}),
]


def read(path: Path) -> list[tables.Named]:
    return tables.rows(path, needed=("path", "genre"), optional=("artist",))


@pytest.mark.parametrize("separator", list(tables.SEPARATORS))
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_separators_line_ends_and_byte_order_marks(
    tmp_path: Path, separator: str, newline: str, mark: str
) -> None:
    lines = [
        separator.join([" Path", "note", "GENRE", "artist"]),
        separator.join(["a.mp3", "1,5", '"R&B, Soul"', "Ann"])
        if separator != ","
        else 'a.mp3,"1,5","R&B, Soul",Ann',
        "",
        separator.join([" b c.mp3 ", "x", "jazz"]),
    ]
    (tmp_path / "t.CSV").write_bytes((mark + newline.join(lines)).encode())
    assert read(tmp_path / "t.CSV") == ROWS


def test_a_row_of_several_lines_is_named_by_its_first(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('path,genre,artist\n"a\nb",rock,\nc,jazz,\n')
    assert [where for where, _ in read(tmp_path / "t.csv")] == ["line 2", "line 4"]


def test_of_parquet_all_is_text(tmp_path: Path) -> None:
    pd.DataFrame({"PATH": ["1.mp3", "2.mp3"], "genre": [1, 2], "artist": ["None", None]}).to_parquet(
        tmp_path / "t.parquet"
    )
    assert read(tmp_path / "t.parquet") == [
        ("row 1", {"path": "1.mp3", "genre": "1", "artist": "None"}),
        ("row 2", {"path": "2.mp3", "genre": "2", "artist": ""}),
    ]


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("t.csv", b"path;type\n", "lacks column path, genre; valid: columns path, genre.*; it has path;type"),
        ("t.csv", b"path,genre,Genre\n", "has column genre twice"),
        ("t.csv", b"", "it has none"),
        ("t.csv", "path,genre\nä,b\n".encode("latin-1"), "cannot be read .*; valid: CSV in UTF-8"),
        ("t.csv", "path,genre\n".encode("utf-16"), "cannot be read .*; valid: CSV in UTF-8"),
        ("t.csv", b"path,genre\na\0b,c\n", "cannot be read .line 2 holds a NUL"),
        (
            "t.csv",
            b'path,genre,artist\na,b,"Heroes\nc,d,e\n',
            "line 2: .* a quote in a cell is written twice",
        ),
        ("t.csv", b'path,genre,artist\na,b,c\nd,e,"Heroes\nf,g,"Low\n', "line 3: "),
        ("t.csv", b"path,genre\na, b.mp3,c\nd,e\nf,g,h\n", "line 2, line 4: more cells than the heading's 2"),
        ("t.parquet", b"PAR1", "cannot be read"),
        ("t.xlsx", b"PK", "no table; valid: .csv or .parquet"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes, named: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=named):
        read(tmp_path / name)


@pytest.mark.parametrize("value", [["rock", "pop"], b"rock", {"name": "rock"}])
def test_a_cell_of_parquet_that_is_no_text_is_named(tmp_path: Path, value: object) -> None:
    table = pd.DataFrame({"path": ["1.mp3", "2.mp3"], "genre": pd.Series([value, value], dtype=object)})
    table.to_parquet(tmp_path / "t.parquet")
    with pytest.raises(CorpusError, match="row 1: genre is of type"):
        read(tmp_path / "t.parquet")


def test_separators_at_the_end_of_a_line_are_no_cells(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("path,genre\na,b,,\nc\n")
    assert [row["genre"] for _, row in read(tmp_path / "t.csv")] == ["b", ""]
