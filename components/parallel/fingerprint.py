"""What values depend on besides data and params: this project's code, and the releases of libraries."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import components

#: Key of the hash of this project's code.
CODE = "this project's code"
#: Libraries of which another release may change a value's last bits, or what a search tries.
LIBRARIES = (
    "numpy", "scipy", "librosa", "soundfile", "soxr", "numba", "tensorflow", "keras", "keras-tuner",
)  # fmt: skip
#: Characters of a hash that a message shows.
SHOWN = 12


@lru_cache(maxsize=1)
def own() -> dict[str, str]:
    """Identify the code and libraries of this process, once: what it has imported stays as it is.

    Returns
    -------
    dict of str to str
        :data:`CODE`, ``python``, ``machine`` (such as x86_64), and each of :data:`LIBRARIES`: a release, or
        ``missing``.
    """
    found = {CODE: code(), "python": platform.python_version(), "machine": platform.machine()}
    return found | {library: _release(library) for library in LIBRARIES}


def code() -> str:
    """Hash every Python file of ``components``, with its place below the folder."""
    folder = Path(components.__path__[0])
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _release(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "missing"


def differences(found: Mapping[str, str], *, expected: Mapping[str, str]) -> list[str]:
    """Say what differs between two processes.

    Parameters
    ----------
    found, expected : mapping of str to str
        From :func:`own`, there and here.

    Returns
    -------
    list of str
        Such as ``numpy 2.3.1 (2.4.6 here)``; empty where nothing differs.
    """
    return [
        f"{name} {found.get(name, 'missing')[:SHOWN]} ({value[:SHOWN]} here)"
        for name, value in expected.items()
        if found.get(name) != value
    ]
