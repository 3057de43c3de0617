"""SHA-256 of files and arrays, in hexadecimal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from io import BufferedReader
from pathlib import Path

import numpy as np


def file(source: Path | BufferedReader) -> str:
    """Hash one file's contents; an open file's from where it stands."""
    if isinstance(source, Path):
        with source.open("rb") as opened:
            return file(opened)
    return hashlib.file_digest(source, "sha256").hexdigest()


def files(paths: Iterable[Path]) -> str:
    """Hash files' contents, one after the other in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as opened:
            hashlib.file_digest(opened, lambda: digest)
    return digest.hexdigest()


def arrays(values: Iterable[np.ndarray]) -> str:
    """Hash arrays' bytes, one after the other in the order given."""
    digest = hashlib.sha256()
    for array in values:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
