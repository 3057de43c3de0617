"""The models, one file each: ``build``, and further functions of its kind for a model's other variants."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
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
    if network not in names():
        raise ParamsError(
            f"network {network!r} has no file in components/models; valid: {', '.join(names())}"
        )
    module = importlib.import_module(f"{__name__}.{network}")
    functions = [name for name in vars(module) if name.startswith("build")]
    if build not in functions:
        raise ParamsError(
            f"build {build!r} is not in components/models/{network}.py; valid: {', '.join(functions)}"
        )
    function: Build = getattr(module, build)
    return function
