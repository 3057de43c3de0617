"""TODO."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd

from components.core.errors import LeakError
from components.splits import leakage


def fingerprint(table: pd.DataFrame) -> str:
    """Hash who is in which part: equal fingerprints mean comparable numbers.

    Parameters
    ----------
    table : DataFrame
        A split table.

    Returns
    -------
    str
        SHA-256, 64 hexadecimal digits.
    """
    columns = ["unit", "track", "segment", "genre", "part"]
    ordered = table[columns].sort_values(columns[:3])
    return hashlib.sha256(ordered.to_csv(index=False).encode()).hexdigest()


def read(root: Path = Path("data")) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Read what :func:`run` wrote, and check that it still holds together.

    Parameters
    ----------
    root : Path
        The data folder.

    Returns
    -------
    tuple of DataFrame and dict
        The split table and its facts.

    Raises
    ------
    LeakError
        If the table does not match its fingerprint, or a song is on two sides.
    """
    table = pd.read_parquet(root / "splits" / "split.parquet")
    facts = json.loads((root / "splits" / "split.json").read_text(encoding="utf-8"))
    if fingerprint(table) != facts["fingerprint"]:
        raise LeakError(f"{root / 'splits'}: the table was changed after it was made; run `dvc repro split`")
    leakage.guard_split(table, protocol=facts["protocol"])
    return table, facts
