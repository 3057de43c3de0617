"""The base of every checked block."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class Strict(BaseModel):
    """Base of every block: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        # Before pydantic's own check, whose message names no valid key.
        if isinstance(value, dict) and (unknown := [key for key in value if key not in cls.model_fields]):
            raise ValueError(f"unknown key {unknown[0]!r}; valid: {', '.join(cls.model_fields) or 'none'}")
        return value
