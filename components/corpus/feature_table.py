"""The public feature tables: which tracks a CSV holds, and its rows, named by track and segment."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from components.core.errors import CorpusError
from components.core.formatting import printable
from components.corpus.discovery import MAX_GENRES, track_id
from components.corpus.store import Row

if TYPE_CHECKING:
    import pandas as pd

_SPECTRAL = ("chroma_stft", "rms", "spectral_centroid", "spectral_bandwidth", "rolloff", "zero_crossing_rate")
#: The 57 numbers of a row, in the order of the public tables.
VALUES = (
    *(f"{name}_{statistic}" for name in (*_SPECTRAL, "harmony", "perceptr") for statistic in ("mean", "var")),
    "tempo",
    *(f"mfcc{number}_{statistic}" for number in range(1, 21) for statistic in ("mean", "var")),
)
#: A row shorter than this many samples (at 22,050 Hz: 20 s) is a piece of a track, else the whole track.
WHOLE_TRACK = 441_000


def rows(path: Path, *, key: str = "corpus.sources.table.path") -> pd.DataFrame:
    """Read a table of the public layout, whatever the order of its columns.

    Parameters
    ----------
    path : Path
        CSV with ``filename``, ``length`` (samples at 22,050 Hz), the 57 columns of ``VALUES`` and
        ``label``; others are ignored. Byte-order mark, CRLF and quoting are as they may be.
    key : str
        The key of ``params.yaml`` that names it, for messages.

    Returns
    -------
    DataFrame
        Columns track, segment (-1 for a row of a whole track), genre, fault, and ``VALUES`` as float64;
        in the order of the file. ``fault`` is '' for a row that can be used.

    Raises
    ------
    CorpusError
        If the file is missing, no CSV, or lacks a column.
    """
    import pandas as pd

    frame = _text(path, key=key)
    genres = frame["label"].str.strip().map(printable)
    lengths = pd.to_numeric(frame["length"], errors="coerce")
    values = frame[list(VALUES)].apply(pd.to_numeric, errors="coerce").astype("float64")
    stems = frame["filename"].str.strip().str.replace(r"\.[A-Za-z][A-Za-z0-9]{1,4}$", "", regex=True)
    # ``blues.00000.3.wav`` is segment 3 of a track; a whole track's row has segment -1.
    pieces = stems.str.extract(r"^(.+)\.(\d{1,9})$", flags=re.DOTALL)
    whole = lengths >= WHOLE_TRACK
    numbered = ~whole & pieces[0].notna()
    stems = pieces[0].where(numbered, stems)
    read = pd.DataFrame(
        {
            "track": [track_id(genre, stem) for genre, stem in zip(genres, stems, strict=True)],
            "segment": pieces[1].where(numbered, "0").astype("int64").mask(whole, -1),
            "genre": genres,
        }
    )
    read["fault"] = _faults(read, stems=stems, lengths=lengths, values=values)
    return pd.concat([read, values], axis=1)


def _text(path: Path, *, key: str) -> pd.DataFrame:
    import pandas as pd

    if not path.is_file():
        state = "is not a file" if path.exists() else "does not exist"
        raise CorpusError(f"{key} is {str(path)!r}, which {state}; valid: a CSV of the public feature tables")
    try:
        # The header stays a row here: pandas would rename the second of two columns of one name.
        frame = pd.read_csv(path, dtype=str, header=None, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # pandas' parser errors and decoding errors are ValueErrors
        reason = " ".join(str(error).split())
        raise CorpusError(f"{key} is {str(path)!r}, which is no CSV that can be read: {reason}") from error
    frame.columns = frame.iloc[0].str.strip()
    frame = frame.iloc[1:].reset_index(drop=True)
    missing = [name for name in ("filename", "length", *VALUES, "label") if name not in frame.columns]
    if missing:
        shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise CorpusError(f"{key} is {str(path)!r}, which lacks column {shown}; valid: the public 60 columns")
    twice = sorted(frame.columns[frame.columns.duplicated()])
    if set(twice) & {"filename", "length", *VALUES, "label"}:
        raise CorpusError(f"{key} is {str(path)!r}, which has column {', '.join(twice)} twice")
    if frame.empty:
        raise CorpusError(f"{key} is {str(path)!r}, which holds no rows")
    return frame


def _faults(read: pd.DataFrame, *, stems: pd.Series, lengths: pd.Series, values: pd.DataFrame) -> np.ndarray:
    finite = np.isfinite(values.to_numpy())
    bad = [np.array(VALUES)[~row] for row in finite]
    labels = read["genre"].groupby(stems).transform("nunique")
    reasons = {
        "no file name": stems == "",
        "no label": read["genre"] == "",
        "labels disagree: one track under several labels": labels > 1,
        "file name repeated": read.duplicated(["track", "segment"], keep=False),
        "length is not a number of samples": ~(lengths > 0),
    }
    others = [f"not finite: {', '.join(row[:3])}{' …' * (len(row) > 3)}" if row.size else "" for row in bad]
    return np.select(list(reasons.values()), list(reasons), np.array(others, dtype=object))


def tracks(path: Path, *, key: str = "corpus.sources.table.path") -> list[Row]:
    """List the tracks of a table.

    Parameters
    ----------
    path : Path
        See :func:`rows`.
    key : str
        See :func:`rows`.

    Returns
    -------
    list of Row
        One a track, sorted; ``path`` is '', ``segments`` its usable rows, ``sha256`` of its rows' text. A
        track with a faulty row has the first such fault.

    Raises
    ------
    CorpusError
        See :func:`rows`; or there are more than 100 labels.
    """
    table = rows(path, key=key)
    if table["genre"].nunique() > MAX_GENRES:
        labels = table["genre"].nunique()
        raise CorpusError(f"{key} is {str(path)!r}, which has {labels} labels; valid: 2 to {MAX_GENRES}")
    listed = []
    for (track, genre), group in table.groupby(["track", "genre"], sort=True):
        ordered = group.sort_values("segment", kind="stable")
        content = ordered[["segment", *VALUES]].to_csv(index=False, lineterminator="\n")
        digest = hashlib.sha256(content.encode()).hexdigest()
        fault = next(filter(None, ordered["fault"]), "")
        segments = 0 if fault else len(ordered)
        listed.append(Row(str(track), str(genre), "", segments=segments, sha256=digest, fault=fault))
    return sorted(listed, key=lambda row: row.track)
