"""The public feature tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.corpus import feature_table
from tests.support.collections_on_disk import table_of


def test_a_table_of_whole_tracks(tmp_path: Path) -> None:
    table = table_of({f"{genre}.0000{n}": genre for genre in ("jazz", "rock") for n in range(2)}, pieces=1)
    table["length"] = 661_794
    table["filename"] = table["filename"].str.replace(".0.wav", ".wav")
    table.to_csv(tmp_path / "table.csv", index=False)
    rows = feature_table.rows(tmp_path / "table.csv")
    assert rows["segment"].tolist() == [-1] * 4
    assert rows["track"].tolist() == ["jazz.00000", "jazz.00001", "rock.00000", "rock.00001"]


@pytest.mark.parametrize(
    ("length", "expected"),
    [(66_149, ("blues.00003", 7)), (661_794, ("blues/blues.00003.7", -1)), ("long", ("blues.00003", 7))],
)
def test_the_number_of_a_segment_is_read_from_rows_of_pieces_only(
    tmp_path: Path, length: object, expected: tuple[str, int]
) -> None:
    table = table_of({"blues.00003": "blues"}, pieces=1).astype(object)
    table["filename"], table["length"] = "blues.00003.7.wav", length
    table.to_csv(tmp_path / "table.csv", index=False)
    row = feature_table.rows(tmp_path / "table.csv").iloc[0]
    assert (row["track"], row["segment"]) == expected
