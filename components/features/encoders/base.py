"""Frozen encoders: one file each beside this one, found by name."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import numpy as np

from components.config.strict import Strict
from components.core import devices
from components.core.errors import MissingWeightsError, ParamsError, PretrainedError

#: Value of ``pretrained.<encoder>`` that selects untrained weights even where trained ones are at hand.
UNTRAINED = "untrained"
#: Seed of every untrained encoder; fixed, so that a feature means the same in every run.
SEED = 20


#: Files beside the encoders that are none.
_SHARED = ("base", "hub")


class EncoderRecord(Strict):
    """Weights of a frozen encoder that a feature came out of.

    Attributes
    ----------
    encoder : str
        Its name, such as ``yamnet``.
    origin : str
        Where the weights come from, without any folder of this machine.
    trained : bool
        False for seeded random weights.
    sha256 : str
        Of the weights.
    """

    encoder: str
    origin: str
    trained: bool
    sha256: str

    @property
    def licence(self) -> str:
        """Licence of the published weights; that of a stand-in is this project's own."""
        return find(self.encoder).LICENCE if self.trained else "MIT (a stand-in of this project)"

    @property
    def trained_on(self) -> str:
        """What the weights were trained on."""
        return find(self.encoder).TRAINED_ON if self.trained else "nothing"


@dataclass(frozen=True)
class Encoder:
    """A frozen encoder, ready to run.

    Attributes
    ----------
    name : str
        Its file in this folder.
    run : callable
        Arrays in, arrays out; the encoder's ``load`` documents their shapes.
    origin : str
        Where the weights come from, without any folder of this machine.
    trained : bool
        False for seeded random weights.
    sha256 : str
        Of the weights.
    batch : int
        Items that it takes in one call without waste, see :func:`batch`.
    """

    name: str
    run: Callable[..., list[np.ndarray]]
    origin: str
    trained: bool
    sha256: str
    batch: int = 1

    @property
    def record(self) -> EncoderRecord:
        """Its weights, as the features that it is run for keep them."""
        return EncoderRecord(encoder=self.name, origin=self.origin, trained=self.trained, sha256=self.sha256)


def batch(*, cpu: int, gpu: int) -> int:
    """Return how many items an encoder that TensorFlow runs takes in one call.

    Parameters
    ----------
    cpu : int
        As many as a processor's caches hold.
    gpu : int
        As many as keep a GPU busy; the values of a row may then differ in their last digits.
    """
    return gpu if devices.seen() else cpu


class EncoderFile(Protocol):
    """What an encoder's file holds.

    It may have ``export(value, *, options, to)`` and ``EXPORTED`` too: that writes what ``pretrained.<name>``
    stands for, as features with these options run it, as a file or folder of this ending, which ``load`` runs without
    TensorFlow.

    Attributes
    ----------
    LICENCE : str
        Of the weights.
    TRAINED_ON : str
        What the weights were trained on.
    PARAMETERS : int
        Weights of the network that runs, each of 4 bytes.
    REQUIREMENTS : tuple of str
        Packages that a served model needs besides those of every model.
    """

    LICENCE: str
    TRAINED_ON: str
    PARAMETERS: int
    REQUIREMENTS: tuple[str, ...]

    def locate(self, value: str) -> Path:
        """Return the file or folder that ``pretrained.<name>`` stands for; it may not exist.

        It travels with a served model, where its path in turn is a value of ``pretrained.<name>``.
        """
        ...

    def load(self, value: str) -> Encoder:
        """Load the weights that ``pretrained.<name>`` stands for.

        Raises
        ------
        MissingWeightsError
            If they cannot be had; the message names which file goes where.
        PretrainedError
            If they are of another network.
        """
        ...

    def untrained(self) -> Encoder:
        """Build a stand-in with weights drawn from ``SEED``."""
        ...


def names() -> list[str]:
    """List the encoders there are, sorted."""
    return list(_names())


@cache
def _names() -> tuple[str, ...]:
    # Read from disk once: a song's features look names up a dozen times.
    package = import_module(__package__)
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(name for name in found if name not in _SHARED))


def find(name: str) -> EncoderFile:
    """Import an encoder's file.

    Raises
    ------
    ParamsError
        If there is no such encoder.
    """
    if name not in names():
        raise ParamsError(f"encoder {name!r} is not known; valid: {', '.join(names())}")
    return cast(EncoderFile, import_module(f"{__package__}.{name}"))


def check(pretrained: Mapping[str, str]) -> None:
    """Check the keys of ``pretrained`` in ``params.yaml``.

    Raises
    ------
    ParamsError
        If a key is no encoder.
    """
    for name in pretrained:
        if name not in names():
            raise ParamsError(f"pretrained.{name} has no file in {__package__}; valid: {', '.join(names())}")


def load(name: str, *, pretrained: Mapping[str, str], allow_untrained: bool) -> Encoder:
    """Load an encoder, once a process.

    Parameters
    ----------
    name : str
        The encoder.
    pretrained : mapping of str to str
        ``pretrained`` of ``params.yaml``: where each encoder's weights come from, or ``untrained``.
    allow_untrained : bool
        Go on with untrained weights, with a warning, where the others cannot be had.

    Returns
    -------
    Encoder
        Ready to run.

    Raises
    ------
    ParamsError
        If there is no such encoder, or ``pretrained`` does not name it.
    MissingWeightsError
        If its weights cannot be had, and untrained ones are not allowed.
    PretrainedError
        If the weights are of another network.
    """
    module = find(name)
    if name not in pretrained:
        raise ParamsError(f"pretrained has no key {name!r}; valid: where its weights are, or {UNTRAINED}")
    value = pretrained[name]
    return _load(name, value, allow_untrained, module.locate(value))


@lru_cache(maxsize=4)
def _load(name: str, value: str, allow_untrained: bool, place: Path) -> Encoder:
    devices.share_memory()
    # By its place too: one value may have weights in two caches.
    reason = ""
    if value != UNTRAINED:
        try:
            return find(name).load(value)
        except PretrainedError as error:
            if not (allow_untrained and isinstance(error, MissingWeightsError)):
                raise type(error)(f"pretrained.{name} is {value!r}: {error}") from error
            reason = f" ({error})"
    print(f"{name}: UNTRAINED, seeded random weights{reason}", file=sys.stderr, flush=True)
    return find(name).untrained()
