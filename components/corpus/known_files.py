"""What an earlier listing found of each file, so that a new song costs one song.

A file is the same where its path, size, time of change and inode are: its *stamp*. What was found depends on the code
and the settings too, which name the file that it is kept in: ``data/.listings/SOURCE-HASH.parquet``. It is no output of
a stage; without it all files are read again, and the listing is the same.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from components.config.params import Params
from components.core import atomic, hashing
from components.corpus.store import Rows

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

FOLDER = ".listings"
#: Releases on which it depends what is found in a file.
_LIBRARIES = ("soundfile", "av", "numpy", "pillow", "mutagen")
#: Nanoseconds before a listing in which a file must not have been written, to be known later: its time may not show it
#: from one that was written a moment after it was read.
FRESH = 2_000_000_000
#: What a file that is known has in common with what is there now.
_SAME = ["track", "genre", "path", "stamp"]
#: Faults that say nothing of a file's content, by how they begin.
PASSING = ("vanished", "changed during", "exchanged", "not readable")


def stamp(found: os.stat_result) -> str:
    """Return what sets a file apart from another one, or from what it was earlier."""
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"


def read(found: pd.DataFrame, source: str, *, params: Params, root: Path) -> tuple[Rows, NDArray[np.bool_]]:
    """Read what is known of a source's files.

    Parameters
    ----------
    found : DataFrame
        The files that are there now: the columns of :data:`components.corpus.store.COLUMNS`, and ``stamp``.
    source : str
        A key of ``corpus.sources``.

    Returns
    -------
    rows : Rows
        Those that are the same as they were, with what was found then, and ``stamp``.
    known : ndarray of bool, shape (files,)
        Which of ``found`` they are.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, known = Rows("stamp"), np.zeros(len(found), dtype=bool)
    path = _path(source, params=params, root=root)
    if not path.is_file():
        return rows, known
    can_be = np.flatnonzero((found["stamp"] != "") & (found["fault"] == ""))
    places = pd.Index(found["path"].take(can_be))
    try:
        for batch in pq.ParquetFile(path).iter_batches(Rows.TOGETHER):
            at = places.get_indexer(pd.Index(batch["path"].to_pandas()))
            if (at < 0).all():
                continue
            now, then = found[_SAME].iloc[can_be[at]], batch.select(_SAME).to_pandas()
            same = (at >= 0) & (now.to_numpy() == then.to_numpy()).all(axis=1)
            rows.extend(batch.select(rows.schema.names).filter(pa.array(same)))
            known[can_be[at[same]]] = True
    except (OSError, ValueError, KeyError):
        # Damaged: the files are read again.
        return Rows("stamp"), np.zeros(len(found), dtype=bool)
    return rows, known


def write(batches: Iterable[pa.RecordBatch], source: str, *, params: Params, root: Path, began: int) -> None:
    """Keep what was found.

    Parameters
    ----------
    batches : iterable of RecordBatch
        Of :meth:`components.corpus.store.Rows.batches`, with ``stamp``; rows without a stamp are left out.
    began : int
        When the listing began, in nanoseconds since 1970.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = _path(source, params=params, root=root)
    with atomic.replacing(path) as temporary, pq.ParquetWriter(temporary, Rows("stamp").schema) as writer:
        for batch in batches:
            columns = zip(batch["stamp"].to_pylist(), batch["fault"].to_pylist(), strict=True)
            lasts = [_lasts(stamp, fault, began=began) for stamp, fault in columns]
            writer.write_batch(batch.filter(pa.array(lasts, pa.bool_())))
    for old in path.parent.glob(f"{source}-*.parquet"):
        if old != path:
            old.unlink(missing_ok=True)


def _lasts(stamp: str, fault: str, *, began: int) -> bool:
    """Return whether what was found of a file says what will be found of it."""
    if not stamp or fault.startswith(PASSING):
        return False
    # A bucket's stamp has no time: its ETag is of the content.
    words = stamp.split(" ")
    return len(words) != 3 or int(words[1]) < began - FRESH


def _path(source: str, *, params: Params, root: Path) -> Path:
    about = {
        "form": params.corpus.sources[source].form,
        "segments": params.segments.model_dump(mode="json"),
        "limits": [params.corpus.max_seconds, params.corpus.max_bytes],
        "code": hashing.files(sorted(Path(__file__).parent.glob("*.py"))),
        "libraries": {library: version(library) for library in _LIBRARIES},
    }
    key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
    return Path(root) / FOLDER / f"{source}-{key}.parquet"
