"""The listing on disk: ``data/corpus/SOURCE.parquet``, one row a track."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from components.core.errors import CorpusError

#: Columns of ``data/corpus/SOURCE.parquet`` and their types.
COLUMNS = {
    "track": "str",
    "genre": "str",
    "path": "str",
    "seconds": "float64",
    "sample_rate": "int64",
    "samples": "int64",
    "bytes": "int64",
    "segments": "int64",
    "sha256": "str",
    "fault": "str",
}


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
