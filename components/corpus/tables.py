"""Rows of a table that somebody made: CSV as the spreadsheets of any country write it, or Parquet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Number
from pathlib import Path

from components.core.errors import CorpusError

SUFFIXES = (".csv", ".parquet")
#: Rows that a message names.
SHOWN = 5
#: What separates columns: where a comma is in numbers, spreadsheets write semicolons.
SEPARATORS = ",;\t"
#: A cell may hold a whole biography.
csv.field_size_limit(2**24)

#: What to call a row, and its cells by column.
Named = tuple[str, Mapping[str, str]]


def rows(path: Path, *, needed: Sequence[str], optional: Sequence[str] = ()) -> list[Named]:
    """Read a table, all of it as text.

    Parameters
    ----------
    path : Path
        CSV in UTF-8, with or without a byte-order mark, whose columns :data:`SEPARATORS` separate; or Parquet.
    needed, optional : sequence of str
        Columns to read, in lower case; in the table they stand in any order and case. Others are not read.

    Returns
    -------
    list of (str, dict of str to str)
        What to call a row, ``line 7`` of a CSV file, whose heading is line 1, or ``row 6``; and its cells, without
        spaces at their ends, ``''`` for what is not there.

    Raises
    ------
    CorpusError
        If it cannot be read, lacks a needed column, or has a row that is none: with more cells than the heading, a
        quote that does not end, or a cell that is no text or number. Rows are named by line.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise CorpusError(f"{path} is no table; valid: {' or '.join(SUFFIXES)}")
    read = _of_csv if path.suffix.lower() == ".csv" else _of_parquet
    try:
        found = list(read(path, needed=needed, optional=optional))
        if torn := next((where for where, row in found if "\0" in "".join(row.values())), ""):
            raise ValueError(f"{torn} holds a NUL character")
        return found
    # UnicodeDecodeError and pyarrow's errors are ValueErrors.
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise CorpusError(
            f"{path} cannot be read ({reason}); valid: CSV in UTF-8, or Parquet, with the columns {', '.join(needed)}"
        ) from error


def separator(heading: str, *, needed: Sequence[str]) -> str:
    """Return what separates the columns of a heading: that by which it has the needed ones, else a comma."""
    return next(
        (one for one in SEPARATORS if set(needed) <= set(columns_of(heading, separator=one))), SEPARATORS[0]
    )


def columns_of(heading: str, *, separator: str) -> list[str]:
    """Return the columns that a heading names, in lower case, without quotes and spaces at their ends."""
    return [name.strip().casefold() for name in next(csv.reader([heading], delimiter=separator), [])]


def _of_csv(path: Path, *, needed: Sequence[str], optional: Sequence[str]) -> Iterator[Named]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        heading = file.readline()
        file.seek(0)
        records = lines(file, separator=separator(heading, needed=needed))
        _, names = next(records, ("", []))
        columns = _columns(names, path=path, needed=needed, optional=optional)
        long = []
        for where, cells in records:
            # Spreadsheets end lines with separators.
            if any(cell.strip() for cell in cells[len(names) :]):
                long.append(where)
            elif cells:
                row = {name: cells[at].strip() if at < len(cells) else "" for name, at in columns.items()}
                yield where, row
        if long:
            raise ValueError(
                f"{', '.join(long[:SHOWN])}{' …' if len(long) > SHOWN else ''}: more cells than the heading's "
                f"{len(names)}; a cell with a separator in it stands in quotes"
            )


def lines(file: Iterable[str], *, separator: str = ",") -> Iterator[tuple[str, list[str]]]:
    """Yield what to call each record of a CSV file, by the line that it begins in, and its cells.

    Raises
    ------
    ValueError
        Naming the record, if a quote in it does not end.
    """
    # Otherwise a quote without an end would take the rest of the table for one cell.
    reader = csv.reader(file, delimiter=separator, strict=True)
    while True:
        where = f"line {reader.line_num + 1}"
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ValueError(f"{where}: {error}; a quote in a cell is written twice, in quotes") from error
        yield where, cells


def _of_parquet(path: Path, *, needed: Sequence[str], optional: Sequence[str]) -> Iterator[Named]:
    import pandas as pd

    table = pd.read_parquet(path)
    heading = [str(column) for column in table.columns]
    columns = _columns(heading, path=path, needed=needed, optional=optional)
    table = table.iloc[:, list(columns.values())].set_axis(list(columns), axis=1)
    table = table.astype(object).where(table.notna(), "")
    for number, row in enumerate(table.to_dict("records"), start=1):
        for name, value in row.items():
            if not isinstance(value, str | Number):
                raise ValueError(f"row {number}: {name} is of type {type(value).__name__}, no text")
        yield f"row {number}", {str(name): str(value).strip() for name, value in row.items()}


def _columns(
    heading: list[str], *, path: Path, needed: Sequence[str], optional: Sequence[str]
) -> dict[str, int]:
    names = [name.strip().casefold() for name in heading]
    where_known = f", and where known {', '.join(optional)}" if optional else ""
    valid = f"valid: columns {', '.join(needed)}{where_known}"
    if missing := [name for name in needed if name not in names]:
        has = ", ".join(filter(None, heading)) or "none"
        raise CorpusError(f"{path} lacks column {', '.join(missing)}; {valid}; it has {has}")
    if twice := [name for name in (*needed, *optional) if names.count(name) > 1]:
        raise CorpusError(f"{path} has column {', '.join(twice)} twice; {valid}")
    return {name: names.index(name) for name in (*needed, *optional) if name in names}
