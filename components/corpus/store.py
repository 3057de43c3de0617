"""The listings on disk: ``data/corpus/SOURCE.parquet``, one row a track."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.config.params import Params
from components.core.errors import CorpusError
from components.corpus import locations

if TYPE_CHECKING:
    import pandas as pd


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
    """Rows as they come, kept in columns: as Python objects they would take ten times the memory.

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
        self._schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
        self._batches: list[Any] = []
        self._waiting: list[tuple[Any, ...]] = []

    def add(self, row: Row, *more: str) -> None:
        """Take a row, and its values of further columns."""
        self._waiting.append((*_VALUES(row), *more))
        if len(self._waiting) == self.TOGETHER:
            self._pack()

    def _pack(self) -> None:
        import pyarrow as pa

        values = zip(*self._waiting, strict=True)
        arrays = [pa.array(column, kind) for column, kind in zip(values, self._schema.types, strict=True)]
        self._batches.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        self._waiting = []

    def table(self) -> pd.DataFrame:
        """Return them as a table, in the order in which they came."""
        import pyarrow as pa

        if self._waiting:
            self._pack()
        return pa.Table.from_batches(self._batches, schema=self._schema).to_pandas()


def rows(table: pd.DataFrame) -> Iterator[Row]:
    """Yield a table's rows; few of them are objects at a time."""
    for first in range(0, len(table), Rows.TOGETHER):
        part = table.iloc[first : first + Rows.TOGETHER]
        for values in zip(*(part[name].tolist() for name in COLUMNS), strict=True):
            yield Row(*values)


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
