"""What a search varies: ranges of numbers, choices and yes or no, as ``params.yaml`` writes them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from components.config.strict import Strict

Sampling = Literal["linear", "log"]


class IntRange(Strict):
    """A whole-number hyperparameter, ``low`` to ``high`` in steps."""

    type: Literal["int"]
    low: int
    high: int
    step: Annotated[int, Field(ge=1)] = 1
    sampling: Sampling = "linear"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _check_ends(self)
        return self


class FloatRange(Strict):
    """A real hyperparameter between ``low`` and ``high``."""

    type: Literal["float"]
    low: float
    high: float
    step: Annotated[float, Field(gt=0.0)] | None = None
    sampling: Sampling = "linear"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _check_ends(self)
        if self.sampling == "log" and self.step is not None and self.step <= 1:
            raise ValueError(
                f"step is {self.step:g}; with sampling log it is a factor, valid: above 1, or none"
            )
        return self


def _check_ends(numbers: IntRange | FloatRange) -> None:
    if numbers.low > numbers.high:
        raise ValueError(f"low is {numbers.low:g}; valid: up to high, {numbers.high:g}")
    if numbers.sampling == "log" and numbers.low <= 0:
        raise ValueError(f"low is {numbers.low:g}; with sampling log valid: above 0")


class Choice(Strict):
    """A hyperparameter that takes one of ``values``."""

    type: Literal["choice"]
    values: Annotated[list[str | int | float], Field(min_length=1)]

    @field_validator("values", mode="before")
    @classmethod
    def _not_boolean(cls, values: object) -> object:
        # True is an int to Python: a network would be given 1.
        if isinstance(values, list) and any(isinstance(value, bool) for value in values):
            raise ValueError(f"{values} holds true or false; valid: [false, true] for both, or fixed for one")
        return values


class Boolean(Strict):
    """A yes-or-no hyperparameter."""

    type: Literal["boolean"]


def _typed(written: object) -> object:
    """Add a hyperparameter's type where its values show it: a list is a choice, whole numbers are a range of them."""
    if isinstance(written, list):
        if written in ([False, True], [True, False]) and all(isinstance(value, bool) for value in written):
            return {"type": "boolean"}
        return {"type": "choice", "values": written}
    if isinstance(written, Strict) or (isinstance(written, dict) and "type" in written):
        return written
    if isinstance(written, dict) and {"low", "high"} <= written.keys():
        whole = all(isinstance(written.get(key), int | None) for key in ("low", "high", "step"))
        return {"type": "int" if whole else "float", **written}
    raise ValueError("valid: a list of values, or {low: …, high: …, step: …}")


#: What a search varies: ``[relu, tanh]``, ``[false, true]``, ``{low: 32, high: 512, step: 32}`` (whole numbers) or
#: ``{low: 0.1, high: 0.5, step: 0.05}``; ``type`` may say which, as where a real range has whole ends.
Hyperparameter = Annotated[
    Annotated[IntRange | FloatRange | Choice | Boolean, Field(discriminator="type")], BeforeValidator(_typed)
]
