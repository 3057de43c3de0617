"""Settings of a machine, which change no result: environment variables, checked by a class of settings each."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsError

from components.core.errors import ParamsError

S = TypeVar("S", bound=BaseSettings)

#: How alike two names are, 0 to 1, from which on one is taken for the other misspelt: a letter or two of a word.
ALIKE = 0.85


def read(settings: type[S]) -> S:
    """Read settings from the environment.

    Parameters
    ----------
    settings : type
        Each field is read from its prefix and the field's name. A field that is no number says in its description what
        is valid.

    Raises
    ------
    ParamsError
        If a variable is not of its type or range: it names the variable, its value (of an address without a password),
        and what is valid.
    """
    prefix = settings.model_config.get("env_prefix", "")
    fields = settings.model_json_schema()["properties"]
    try:
        return settings()
    except ValidationError as error:
        faults = [(str(fault["loc"][0]), fault["input"]) for fault in error.errors()]
    except SettingsError as error:
        # Of a field that is JSON and does not parse; the error names it in its text only.
        faults = [
            (name, os.environ.get(f"{prefix}{name.upper()}", ""))
            for name in re.findall(r'field "(\w+)"', str(error))
        ]
    lines = (
        f"{prefix}{name.upper()} is {_shown(value)}; valid: {valid(fields[name])}" for name, value in faults
    )
    raise ParamsError("; ".join(lines)) from None


def _shown(value: object) -> str:
    # What stands before an @ may be a password.
    return re.sub(r"//[^/]*@", "//…@", repr(value))


def valid(field: Mapping[str, Any]) -> str:
    """Say what a field takes, from its JSON schema.

    Examples
    --------
    >>> valid({"type": "integer", "minimum": 1, "maximum": 64})
    'a whole number from 1 to 64'
    """
    if described := field.get("description"):
        return str(described)
    kind = {"integer": "a whole number", "number": "a number"}[field["type"]]
    if "exclusiveMinimum" in field:
        return f"{kind} above {field['exclusiveMinimum']:g}"
    if "maximum" in field:
        return f"{kind} from {field['minimum']:g} to {field['maximum']:,g}"
    return f"{kind} from {field['minimum']:g} on"


def names(settings: type[BaseSettings]) -> list[str]:
    """Return the variables that a class of settings reads."""
    prefix = settings.model_config.get("env_prefix", "")
    return [f"{prefix}{name.upper()}" for name in settings.model_fields]


def misspelt(given: Iterable[str], *, known: Iterable[str]) -> list[str]:
    """Return a line for each variable that is not known and named almost as one that is."""
    known = sorted(known)
    found = []
    for name in sorted(given):
        if name.upper() not in known and (
            near := difflib.get_close_matches(name.upper(), known, n=1, cutoff=ALIKE)
        ):
            found.append(f"{name} is no setting and changes nothing; valid: {near[0]}")
    return found
