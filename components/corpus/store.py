"""The listings on disk: ``data/corpus/SOURCE.parquet``, one row a track."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from components.config.params import Params
from components.core.errors import CorpusError
from components.corpus import locations

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Row:
    """One track. ``fault`` is empty for a usable one; what could not be measured stays 0 or empty.

    ``sha256`` is of the file's bytes, ``sound_sha256`` of its decoded mono samples ('' for pictures and tables).
    ``artist``, ``album`` and ``part`` (of the split) are of the manifest, the first two else of the file's tags, whose
    genre is ``tagged``. ``fingerprint`` is that of the sound (:mod:`components.corpus.fingerprint`).
    ``lost`` is how many seconds of the sound could not be decoded, ``damage`` says why; the rest is used.
    """

    track: str
    genre: str
    path: str
    seconds: float = 0.0
    sample_rate: int = 0
    samples: int = 0
    bytes: int = 0
    segments: int = 0
    sha256: str = ""
    sound_sha256: str = ""
    lost: float = 0.0
    damage: str = ""
    artist: str = ""
    album: str = ""
    tagged: str = ""
    part: str = ""
    fingerprint: str = ""
    fault: str = ""


#: Columns of ``data/corpus/SOURCE.parquet`` and their types.
_TYPES = {"str": "str", "int": "int64", "float": "float64"}
COLUMNS = {field.name: _TYPES[str(field.type)] for field in fields(Row)}
_VALUES = attrgetter(*COLUMNS)


class Rows:
    """Rows as they come, kept on disk but for the last: a hundred thousand take no more memory than a few.

    Parameters
    ----------
    more : str
        Names of further columns, of text.
    """

    #: Rows that are still objects.
    TOGETHER = 2048

    def __init__(self, *more: str) -> None:
        import pyarrow as pa

        types = {"str": pa.large_string(), "int64": pa.int64(), "float64": pa.float64()}
        columns = COLUMNS | dict.fromkeys(more, "str")
        self.schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
        self._waiting: list[tuple[Any, ...]] = []
        self._on_disk = 0
        self._sizes = dict.fromkeys(self.schema.names, 0)
        self._file: IO[bytes] | None = None
        self._writer: pa.RecordBatchFileWriter | None = None

    def __len__(self) -> int:
        """Return how many have come."""
        return self._on_disk + len(self._waiting)

    def __iter__(self) -> Iterator[tuple[Row, tuple[str, ...]]]:
        """End, and yield each row with its values of further columns, in the order in which they came."""
        own = len(COLUMNS)
        for batch in self.batches():
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield Row(*values[:own]), values[own:]

    def add(self, row: Row, *more: str) -> None:
        """Take a row, and its values of further columns."""
        self._waiting.append((*_VALUES(row), *more))
        if len(self._waiting) == self.TOGETHER:
            batch, self._waiting = self._batch(), []
            self.extend(batch)

    def extend(self, batch: pa.RecordBatch) -> None:
        """Take rows that are columns already, of :attr:`schema`."""
        import pyarrow as pa

        if self._file is None:
            # It has no name, and goes with this object.
            self._file = tempfile.TemporaryFile()  # noqa: SIM115
            self._writer = pa.ipc.new_file(self._file, self.schema)
        assert self._writer is not None  # nothing comes after the end
        self._writer.write_batch(batch)
        self._on_disk += batch.num_rows
        for name, column in zip(self.schema.names, batch.columns, strict=True):
            self._sizes[name] += column.nbytes

    def _batch(self) -> pa.RecordBatch:
        import pyarrow as pa

        columns = list(zip(*self._waiting, strict=True)) or [()] * len(self.schema)
        arrays = [pa.array(column, kind) for column, kind in zip(columns, self.schema.types, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _end(self) -> None:
        if self._file is not None and self._writer is not None:
            if self._waiting:
                batch, self._waiting = self._batch(), []
                self.extend(batch)
            self._writer.close()
            self._file.flush()
            self._writer = None

    def batches(self, *names: str) -> Iterator[pa.RecordBatch]:
        """End, and yield the rows a few at a time, in the order in which they came: all columns, or those named."""
        import pyarrow as pa

        self._end()
        columns = list(names) or self.schema.names
        if self._file is None:
            yield self._batch().select(columns)
            return
        chosen = [self.schema.get_field_index(name) for name in columns]
        held = pa.ipc.open_file(self._file, options=pa.ipc.IpcReadOptions(included_fields=chosen))
        for number in range(held.num_record_batches):
            yield held.get_batch(number).select(columns)

    def table(self, *, without: Collection[str] = (), sort_by: Sequence[str] = ()) -> pd.DataFrame:
        """End, and return the rows as a table.

        Parameters
        ----------
        without : collection of str
            Columns that it lacks.
        sort_by : sequence of str
            Columns of text to sort by; the order in which they came by default.

        Returns
        -------
        DataFrame
            Made column by column, the largest first, since the one that is made is in memory twice.
        """
        import pandas as pd

        self._end()
        order = None
        if sort_by:
            order = sorted_by(pd.DataFrame({name: self._column(name) for name in sort_by}, copy=False))
        names = [name for name in self.schema.names if name not in without]
        largest_first = sorted(names, key=self._sizes.__getitem__, reverse=True)
        made = {name: self._column(name, order=order) for name in largest_first}
        return pd.DataFrame({name: made[name] for name in names}, copy=False)

    def _column(self, name: str, *, order: pa.Array | None = None) -> pd.Series:
        import pyarrow as pa

        column = pa.Table.from_batches(self.batches(name)).combine_chunks()
        if order is not None:
            # Of one chunk: of several a third copy would be made.
            column = column.take(order)
        made = column.to_pandas()[name]
        del column
        give_back_memory()
        return made


def sorted_by(keys: pd.DataFrame) -> pa.Array:
    """Return the places of rows in the order of all columns, the first before the second; equal rows stay as they are.

    By Arrow: pandas would make a Python object of every text.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    table = pa.Table.from_pandas(keys, preserve_index=False)
    return pc.sort_indices(table, sort_keys=[(name, "ascending") for name in table.column_names])


def give_back_memory() -> None:
    """Give what is free of the process's memory back to the system, where it otherwise waits for what is next."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def table(rows: Iterable[Row]) -> pd.DataFrame:
    """Return rows as a table with the columns of :data:`COLUMNS`."""
    made = Rows()
    for row in rows:
        made.add(row)
    return made.table()


def read(source: str, *, root: Path = Path("data")) -> pd.DataFrame:
    """Read a listing, unusable tracks included.

    Parameters
    ----------
    source : str
        A key of ``corpus.sources``.

    Returns
    -------
    DataFrame
        The columns of :data:`COLUMNS`, sorted by track. ``fault`` is '' for a usable track, else the plain reason
        why it is left out; :func:`usable` keeps the rows without.

    Raises
    ------
    CorpusError
        If there is no such listing, or it cannot be read.
    """
    import pandas as pd

    path = Path(root) / "corpus" / f"{source}.parquet"
    try:
        listing = pd.read_parquet(path)
    except FileNotFoundError as error:
        raise CorpusError(f"{path} does not exist; `genre stage corpus {source}` makes it") from error
    except (OSError, ValueError) as error:
        raise CorpusError(
            f"{path} cannot be read ({error}); `genre stage corpus {source}` makes it anew"
        ) from error
    missing = COLUMNS.keys() - set(listing.columns)
    if missing:
        raise CorpusError(f"{path} lacks column {', '.join(sorted(missing))}; make it anew")
    return listing


def read_all(sources: Sequence[str], *, root: Path = Path("data")) -> pd.DataFrame:
    """Read the listings of several sources of one form as one corpus.

    Parameters
    ----------
    sources : sequence of str
        Keys of ``corpus.sources``.

    Returns
    -------
    DataFrame
        As :func:`read`, and the column ``source``.

    Raises
    ------
    CorpusError
        As :func:`read`; or two sources have a track of one name.
    """
    import pandas as pd

    listings = [read(source, root=root).assign(source=source) for source in sources]
    both = pd.concat(listings, ignore_index=True).sort_values("track", kind="stable", ignore_index=True)
    if (twice := both["track"].duplicated(keep=False)).any():
        first, second = both[twice].head(2).itertuples()
        raise CorpusError(
            f"track {first.track!r} is in the sources {first.source!r} ({first.path}) and {second.source!r} "
            f"({second.path}); valid: each track in one source; {int(twice.sum()) // 2} are in two"
        )
    return both


def files(listing: pd.DataFrame, *, params: Params, root: Path = Path("data")) -> list[str]:
    """Return the path or URL of each track's file; :func:`components.corpus.locations.local` gives the file.

    Parameters
    ----------
    listing : DataFrame
        From :func:`read_all`. Relative paths of sources start from the folder that holds ``root``.
    """
    folders = {name: place(name, params=params, root=root) for name in params.corpus.sources}
    return [
        f"{folders[source]}/{path}" for source, path in zip(listing["source"], listing["path"], strict=True)
    ]


def place(source: str, *, params: Params, root: Path = Path("data")) -> str:
    """Return the path or URL of a source, without a slash at its end."""
    named = params.corpus.sources[source].path
    return named.rstrip("/") if locations.is_remote(named) else str(Path(root).parent / named)


def usable(listing: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a listing that have no fault, with a fresh index."""
    return listing[listing["fault"] == ""].reset_index(drop=True)
