"""SHA-256 of files and arrays, in hexadecimal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np


def files(paths: Iterable[Path]) -> str:
    """Hash files' contents, one after the other in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def arrays(values: Iterable[np.ndarray]) -> str:
    """Hash arrays' bytes, one after the other in the order given."""
    digest = hashlib.sha256()
    for array in values:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
