"""Kinds of hyperparameters a search space is declared with, and the strictness of every block of params."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1)]


class Strict(BaseModel):
    """Base of every block: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class IntRange(Strict):
    """A whole-number hyperparameter, ``low`` to ``high`` in steps."""

    type: Literal["int"]
    low: int
    high: int
    step: Count = 1
    sampling: Literal["linear", "log"] = "linear"


class FloatRange(Strict):
    """A real hyperparameter between ``low`` and ``high``."""

    type: Literal["float"]
    low: float
    high: float
    step: float | None = None
    sampling: Literal["linear", "log"] = "linear"


class Choice(Strict):
    """A hyperparameter that takes one of ``values``."""

    type: Literal["choice"]
    values: Annotated[list[str | int | float], Field(min_length=1)]


class Boolean(Strict):
    """A yes-or-no hyperparameter."""

    type: Literal["boolean"]


class Fixed(Strict):
    """A hyperparameter that is not searched."""

    type: Literal["fixed"]
    value: bool | int | float | str


Hyperparameter = Annotated[IntRange | FloatRange | Choice | Boolean | Fixed, Field(discriminator="type")]
