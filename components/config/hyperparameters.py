"""Hyperparameters that the project itself reads, and which values each takes; a network may read further ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

_Rate = Annotated[float, Field(ge=0, lt=1)]
_Number = Annotated[int, Field(ge=0)]
#: Of keras.activations, those that map each value alone.
_Activation = Literal[
    "celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu",
    "linear", "log_sigmoid", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softplus", "softsign",
    "sparse_plus", "sparse_sigmoid", "squareplus", "swish", "tanh", "tanh_shrink",
]  # fmt: skip
_Statistics = list[Literal["mean", "std", "max"]]
#: By a pattern of its name, what :mod:`components.training.fit` and :mod:`components.models.layers` take, and that in
#: words.
KNOWN: dict[str, tuple[Any, str]] = {
    "learning_rate": (Annotated[float, Field(gt=0)], "a number above 0, such as 0.001 or 1.0e-3"),
    "batch_size": (Annotated[int, Field(ge=1)], "a whole number, 1 or more"),
    "label_smoothing": (_Rate, "a number, 0 and up, below 1"),
    "weight_decay|mixup": (Annotated[float, Field(ge=0)], "a number, 0 or more"),
    "schedule": (Literal["constant", "cosine"], "constant, cosine"),
    "mixup_within_genre|augment": (bool, "true, false"),
    "mask_frames|mask_channels": (_Number, "a whole number, 0 or more"),
    r"(units|lstm)_\d+|attention": (_Number, "a whole number, 0 or more"),
    r"dropout_rate\d*|lstm_dropout": (_Rate, "a number, 0 and up, below 1"),
    "statistics|input_statistics": (_Statistics, "a list of mean, std, max"),
    "activation": (_Activation, ", ".join(get_args(_Activation))),
    "clip": (Annotated[float, Field(gt=0)], "a number above 0, in standard deviations"),
    "standardise|log_variances|compress|windows": (bool, "true, false"),
    "frames_at_once": (Annotated[int, Field(ge=1)], "a whole number, 1 or more"),
}
#: What every fit reads.
REQUIRED = ("learning_rate", "batch_size")


@cache
def _adapter(pattern: str) -> TypeAdapter[Any]:
    return TypeAdapter(KNOWN[pattern][0])


def check(name: str, values: Iterable[Any], *, block: str) -> None:
    """Check values of one hyperparameter.

    Parameters
    ----------
    name : str
        Its name; of one that is not known any value is valid.
    values : iterable
        What it is to be.
    block : str
        Where they stand: ``fixed``, ``search`` or ``start``.

    Raises
    ------
    ValueError
        If one is of a wrong type or out of range.
    """
    pattern = next((one for one in KNOWN if re.fullmatch(one, name)), None)
    if pattern is None:
        return
    for value in values:
        try:
            # Strictly: '0.1' is no number, and true is not 1.
            _adapter(pattern).validate_python(value, strict=True)
        except ValidationError:
            raise ValueError(f"{block}.{name} is {value!r}; valid: {KNOWN[pattern][1]}") from None


def check_all(*, fixed: Mapping[str, Any], search: Mapping[str, BaseModel], start: Mapping[str, Any]) -> None:
    """Check the blocks of a variant by :func:`check`; of what is searched, each value or both ends of a range.

    Raises
    ------
    ValueError
        Also where they lack one of :data:`REQUIRED`.
    """
    if missing := [name for name in REQUIRED if name not in {**fixed, **search}]:
        raise ValueError(f"{' and '.join(missing)} missing; valid: a value in fixed, or values in search")
    for block, given in (("fixed", fixed), ("start", start)):
        for name, value in given.items():
            check(name, [value], block=block)
    for name, kind in search.items():
        match kind.model_dump():
            case {"values": values}:
                check(name, values, block="search")
            case {"low": low, "high": high}:
                check(name, [low, high], block="search")
            case _:
                check(name, [False, True], block="search")
