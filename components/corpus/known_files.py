"""What an earlier listing found of each file, so that a new song costs one song.

A file is the same where its path, size, time of change and inode are: its *stamp*. What was found depends on the code
and the settings too, which name the file that it is kept in: ``data/.listings/SOURCE-HASH.parquet``. It is no output of
a stage; without it all files are read again, and the listing is the same.
"""

from __future__ import annotations

import hashlib
import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from components.config.params import Params
from components.core import atomic, hashing
from components.corpus.store import COLUMNS

if TYPE_CHECKING:
    import pandas as pd

FOLDER = ".listings"
#: Releases on which it depends what is found in a file.
_LIBRARIES = ("soundfile", "av", "numpy", "pillow", "mutagen")
#: Nanoseconds before a listing in which a file must not have been written, to be known later: its time may not show it
#: from one that was written a moment after it was read.
FRESH = 2_000_000_000
#: Faults that say nothing of a file's content, by how they begin.
PASSING = ("vanished", "changed during", "exchanged", "not readable")


def stamp(found: os.stat_result) -> str:
    """Return what sets a file apart from another one, or from what it was earlier."""
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"


def read(source: str, *, params: Params, root: Path) -> pd.DataFrame | None:
    """Read what is known of a source's files.

    Parameters
    ----------
    source : str
        A key of ``corpus.sources``.

    Returns
    -------
    DataFrame or None
        The columns of :data:`components.corpus.store.COLUMNS`, and ``stamp``; None where nothing is known.
    """
    import pandas as pd

    try:
        known = pd.read_parquet(_path(source, params=params, root=root))
    except (OSError, ValueError):
        # Damaged or not there: the files are read again.
        return None
    return known if {*COLUMNS, "stamp"} <= set(known.columns) else None


def write(listing: pd.DataFrame, source: str, *, params: Params, root: Path, began: int) -> None:
    """Keep what was found.

    Parameters
    ----------
    listing : DataFrame
        As :func:`read` returns it; rows without a stamp are left out.
    began : int
        When the listing began, in nanoseconds since 1970.
    """
    stamps = listing["stamp"].str.split(" ")
    changed = stamps.str[1].where(stamps.str.len() == 3, "0").astype("int64")
    lasting = (listing["stamp"] != "") & (changed < began - FRESH) & ~listing["fault"].str.startswith(PASSING)
    path = _path(source, params=params, root=root)
    with atomic.replacing(path) as temporary:
        listing[lasting].to_parquet(temporary, index=False)
    for old in path.parent.glob(f"{source}-*.parquet"):
        if old != path:
            old.unlink(missing_ok=True)


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
