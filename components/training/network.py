"""A model's network, made by its file; one that fails is named with its hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from components import models
from components.core.errors import GenreError, TrainingError

if TYPE_CHECKING:
    import keras

    from components.config.params import SelectedModel


def build(
    selected: SelectedModel, *, hp: Mapping[str, Any], input_shape: tuple[int, ...], classes: int
) -> keras.Model:
    """Build a network, uncompiled.

    Raises
    ------
    TrainingError
        If the network's file cannot build one from these hyperparameters.
    """
    function = models.load(selected.network, build=selected.build)
    try:
        return function(hp, input_shape=input_shape, classes=classes)
    except GenreError:
        raise
    except Exception as error:
        if isinstance(error, KeyError) and error.args[0] not in hp:
            raise TrainingError(
                f"model {selected.name!r}: {selected.build} of components/models/{selected.network}.py reads "
                f"{error.args[0]!r}, which is neither in fixed nor in search; there are {', '.join(sorted(hp))}"
            ) from error
        given = ", ".join(f"{key} {value!r}" for key, value in hp.items())
        reason = f"{type(error).__name__}: {error}".strip().splitlines()[0]
        raise TrainingError(
            f"model {selected.name!r}: {selected.build} of components/models/{selected.network}.py fails with {given} "
            f"({reason})"
        ) from error
