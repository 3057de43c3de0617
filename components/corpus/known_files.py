"""What an earlier listing found of each file, so that a new song costs one song.

A file is the same where its path, size, time of change and inode are: its *stamp*. What was found depends on the code
and the settings too, which name the file that it is kept in: ``data/.listings/SOURCE-HASH.parquet``. It is no output of
a stage; without it all files are read again, and the listing is the same.
"""

from __future__ import annotations

import hashlib
import itertools
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


def read(found: Rows, source: str, *, params: Params, root: Path) -> tuple[Rows, Rows]:
    """Read what is known of a source's files.

    Parameters
    ----------
    found : Rows
        The files that are there now, with ``stamp``.
    source : str
        A key of ``corpus.sources``.

    Returns
    -------
    known : Rows
        Those that are the same as they were, with what was found then, and ``stamp``.
    left : Rows
        The others of ``found``, in its order.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = _path(source, params=params, root=root)
    if not path.is_file():
        return Rows("stamp"), found
    now = [_digests(batch, where=_can_be_known(batch)) for batch in found.batches(*_SAME, "fault")]
    there = np.sort(np.concatenate(now))
    known, left, then = Rows("stamp"), Rows("stamp"), [there[:0]]
    try:
        for batch in pq.ParquetFile(path).iter_batches(Rows.TOGETHER):
            digests = _digests(batch)
            same = _are_in(digests, there)
            if same.any():
                then.append(digests[same])
                known.extend(batch.select(known.schema.names).filter(pa.array(same)))
    except (OSError, ValueError, KeyError):
        # Damaged: the files are read again.
        return Rows("stamp"), found
    those = np.sort(np.concatenate(then))
    for batch, digests in zip(found.batches(), now, strict=True):
        if (new := ~_are_in(digests, those)).any():
            left.extend(batch.filter(pa.array(new)))
    return known, left


def _can_be_known(batch: pa.RecordBatch) -> list[bool]:
    columns = zip(batch["stamp"].to_pylist(), batch["fault"].to_pylist(), strict=True)
    return [bool(stamp) and not fault for stamp, fault in columns]


def _digests(batch: pa.RecordBatch, *, where: Iterable[bool] = itertools.repeat(True)) -> NDArray[np.bytes_]:
    """Return what each row is compared by, a hash of 16 bytes: those of all files are in memory at once, no names."""
    rows = zip(*(batch[name].to_pylist() for name in _SAME), strict=True)
    digests = (
        hashlib.blake2b("\0".join(row).encode(), digest_size=16).digest() if is_one else b""
        for row, is_one in zip(rows, where)  # noqa: B905 - the second may be endless
    )
    return np.fromiter(digests, dtype="S16", count=batch.num_rows)


def _are_in(some: NDArray[np.bytes_], others: NDArray[np.bytes_]) -> NDArray[np.bool_]:
    """Return which of some digests are among others, which are sorted."""
    if not len(others):
        return np.zeros(len(some), dtype=bool)
    at = np.minimum(np.searchsorted(others, some), len(others) - 1)
    return np.asarray((some != b"") & (others[at] == some))


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
        "code": hashing.files(sorted(Path(__file__).parent.rglob("*.py"))),
        "libraries": {library: version(library) for library in _LIBRARIES},
    }
    key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
    return Path(root) / FOLDER / f"{source}-{key}.parquet"
