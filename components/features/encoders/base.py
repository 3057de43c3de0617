"""What the frozen encoders share: whose weights they run, and what to do where there are none."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from components.core.errors import PretrainedError

#: Value of ``pretrained.<encoder>`` that asks for untrained weights even where trained ones are at hand.
UNTRAINED = "untrained"
#: Seed of every untrained encoder; fixed, so that a feature means the same in every run.
SEED = 20


@dataclass(frozen=True)
class Encoder:
    """A frozen encoder, ready to run.

    Attributes
    ----------
    name : str
        ``yamnet`` or ``vgg16``.
    run : callable
        Arrays in, arrays out; each feature's file says of which shape.
    origin : str
        Where the weights come from, without any folder of this machine.
    trained : bool
        False for seeded random weights.
    sha256 : str
        Of the weights.
    """

    name: str
    run: Callable[..., list[np.ndarray]]
    origin: str
    trained: bool
    sha256: str

    def facts(self) -> dict[str, str | bool]:
        """Say whose weights these are, as ``meta.json`` keeps it."""
        return {
            "encoder": self.name,
            "origin": self.origin,
            "trained": self.trained,
            "sha256": self.sha256,
        }


def say_untrained(name: str, *, key: str, value: str, reason: str, remedy: str, allowed: bool) -> None:
    """Go on without trained weights if that is allowed, and say so; stop otherwise.

    Parameters
    ----------
    name : str
        The encoder.
    key, value : str
        The key of ``params.yaml`` that names the weights, and its value.
    reason : str
        Why they cannot be had.
    remedy : str
        Which file goes where.
    allowed : bool
        ``pretrained.allow_untrained``.

    Raises
    ------
    PretrainedError
        If it is not allowed.
    """
    if value == UNTRAINED:
        reason = "as asked for"
    elif not allowed:
        raise PretrainedError(f"{key} is {value!r}: {reason}; {remedy}")
    print(f"{name}: UNTRAINED, seeded random weights ({reason})", file=sys.stderr, flush=True)


def sha256_of_files(paths: Iterable[Path]) -> str:
    """Hash files in the order given.

    Parameters
    ----------
    paths : iterable of Path
        Files.

    Returns
    -------
    str
        SHA-256 of their contents, one after the other, in hexadecimal.
    """
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def sha256_of_arrays(arrays: Iterable[np.ndarray]) -> str:
    """Hash arrays in the order given.

    Parameters
    ----------
    arrays : iterable of ndarray
        Weights.

    Returns
    -------
    str
        SHA-256 of their bytes, in hexadecimal.
    """
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
