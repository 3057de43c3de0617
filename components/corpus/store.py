"""The listing on disk: ``data/corpus/SOURCE.parquet``, one row a track."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from components.core.errors import CorpusError


@dataclass(frozen=True)
class Row:
    """One track. ``fault`` is empty for a usable one; what could not be measured stays 0 or empty."""

    track: str
    genre: str
    path: str
    seconds: float = 0.0
    sample_rate: int = 0
    samples: int = 0
    bytes: int = 0
    segments: int = 0
    sha256: str = ""
    fault: str = ""


#: Columns of ``data/corpus/SOURCE.parquet`` and their types.
_TYPES = {"str": "str", "int": "int64", "float": "float64"}
COLUMNS = {field.name: _TYPES[str(field.type)] for field in fields(Row)}


def read(source: str, *, root: Path = Path("data")) -> pd.DataFrame:
    """Read a listing, unusable tracks included.

    Parameters
    ----------
    source : str
        ``audio``, ``pictures`` or ``table``.

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


def usable(listing: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a listing that have no fault, with a fresh index."""
    return listing[listing["fault"] == ""].reset_index(drop=True)
