"""A variable that is not valid is named with what is; one that is misspelt is named with the one that is meant."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from components.config import variables
from components.core.errors import ParamsError


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SOME_", extra="ignore", allow_inf_nan=False)

    count: Annotated[int, Field(ge=1, le=10_000)] = 1
    size: Annotated[int, Field(ge=1)] = 1
    seconds: Annotated[float, Field(gt=0.0)] = 1.0
    page: Annotated[str, Field(pattern="^(http://.*)?$", description="http://HOST")] = ""
    places: Annotated[dict[str, str], Field(description="JSON")] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("COUNT", "many", "SOME_COUNT is 'many'; valid: a whole number from 1 to 10,000"),
        ("COUNT", "0", "SOME_COUNT is '0'; valid: a whole number from 1 to 10,000"),
        ("SIZE", "0", "SOME_SIZE is '0'; valid: a whole number from 1 on"),
        ("SECONDS", "inf", "SOME_SECONDS is 'inf'; valid: a number above 0"),
        ("PAGE", "ftp://me:secret@host", "SOME_PAGE is 'ftp://…@host'; valid: http://HOST"),
        ("PLACES", "{", "SOME_PLACES is '{'; valid: JSON"),
    ],
)
def test_a_fault_names_variable_value_and_what_is_valid(monkeypatch, name, value, message):
    monkeypatch.setenv(f"SOME_{name}", value)
    with pytest.raises(ParamsError) as refused:
        variables.read(Settings)
    assert str(refused.value) == message


def test_each_fault_is_named(monkeypatch):
    monkeypatch.setenv("SOME_COUNT", "0")
    monkeypatch.setenv("some_size", "x")
    with pytest.raises(ParamsError, match=r"SOME_COUNT is '0'.*SOME_SIZE is 'x'"):
        variables.read(Settings)


def test_a_variable_named_almost_as_a_setting_is_found():
    known = ["GENRE_CONCURRENCY", "GENRE_WAIT", "GENRE_RETRIES"]
    lines = variables.misspelt(["GENRE_CONCURENCY", "genre_wait", "GENRE_TEST_DATA"], known=known)
    assert lines == ["GENRE_CONCURENCY is no setting and changes nothing; valid: GENRE_CONCURRENCY"]
