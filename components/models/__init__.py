"""The models, one file each. A new model needs a file here with ``build`` and a block in ``params.yaml``.

``build`` is the network of variant ``study``; variant ``best`` takes ``build_best`` where the file has one.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

from components.config.params import Variant
from components.core.errors import ParamsError

if TYPE_CHECKING:
    import keras

#: A set of hyperparameters, by name.
Hyperparameters = Mapping[str, Any]


class Model(Protocol):
    """What a model's file holds."""

    def build(self, hp: Hyperparameters, *, input_shape: tuple[int, ...], classes: int) -> keras.Model:
        """Return an uncompiled, unfitted model that ends in a softmax over ``classes``."""
        ...


def names() -> list[str]:
    """List the models that have a file.

    Returns
    -------
    list of str
        File names without ending, sorted.
    """
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "layers")


def load(name: str) -> Model:
    """Import one model's file.

    Parameters
    ----------
    name : str
        One of :func:`names`.

    Returns
    -------
    Model
        The module.

    Raises
    ------
    ParamsError
        If there is no such file.
    """
    if name not in names():
        raise ParamsError(f"model {name!r} has no file in components/models; valid: {', '.join(names())}")
    return cast(Model, importlib.import_module(f"{__name__}.{name}"))


def build(
    name: str,
    hp: Hyperparameters,
    *,
    variant: Variant,
    input_shape: tuple[int, ...],
    classes: int,
) -> keras.Model:
    """Build the network of a model's variant.

    Parameters
    ----------
    name : str
        One of :func:`names`.
    hp : mapping
        Its hyperparameters.
    variant : str
        ``study`` or ``best``; a file without ``build_best`` has one network for both.
    input_shape : tuple of int
        Shape of a row.
    classes : int
        Number of genres.

    Returns
    -------
    keras.Model
        Uncompiled, unfitted.

    Raises
    ------
    ParamsError
        If there is no such file.
    """
    file = load(name)
    make = getattr(file, "build_best", file.build) if variant == "best" else file.build
    return make(hp, input_shape=input_shape, classes=classes)
