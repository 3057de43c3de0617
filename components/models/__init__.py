"""The models, one file each: ``build``, and further functions of its kind for a model's other variants."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from components.core.errors import ParamsError

if TYPE_CHECKING:
    import keras

#: A set of hyperparameters, by name.
Hyperparameters = Mapping[str, Any]


class Build(Protocol):
    """What a model's file holds one of, or several."""

    def __call__(self, hp: Hyperparameters, *, input_shape: tuple[int, ...], classes: int) -> keras.Model:
        """Return an uncompiled, unfitted model that ends in a softmax over ``classes``."""
        ...


def names() -> list[str]:
    """List the files, sorted, without their ending."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "layers")


def load(network: str, *, build: str = "build") -> Build:
    """Return a function of one model's file.

    Raises
    ------
    ParamsError
        If there is no such file, or no such function in it.
    """
    check(network, build=build)
    function: Build = getattr(importlib.import_module(f"{__name__}.{network}"), build)
    return function


def check(network: str, *, build: str = "build") -> None:
    """Check that a model's file has a function, without importing it: that takes Keras, and seconds.

    Raises
    ------
    ParamsError
        As :func:`load`.
    """
    if network not in names():
        raise ParamsError(
            f"network {network!r} has no file in components/models; valid: {', '.join(names())}"
        )
    source = Path(__file__).with_name(f"{network}.py").read_bytes()
    functions = [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    found = [name for name in functions if name.startswith("build")]
    if build not in found:
        raise ParamsError(
            f"build {build!r} is not in components/models/{network}.py; valid: {', '.join(found)}"
        )
