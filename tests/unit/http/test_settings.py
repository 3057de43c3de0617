"""Settings of the server are checked, and no message holds the key."""

from __future__ import annotations

import pytest

from components.core.errors import ParamsError
from components.http import settings

KEY = "planted-7f3a91-secret"


def test_a_key_is_taken_and_not_shown(monkeypatch):
    monkeypatch.setenv("GENRE_SERVE_API_KEY", KEY)
    loaded = settings.load()
    assert loaded.api_key.get_secret_value() == KEY
    assert KEY not in repr(loaded)


def test_without_variables_there_is_no_key_and_a_process_a_core():
    loaded = settings.load()
    assert not loaded.api_key.get_secret_value()
    assert loaded.workers >= 1


@pytest.mark.parametrize("key", ["short-7f3a", "planted 7f3a91 secret words", "plänted-7f3a91-secret"])
def test_a_key_that_is_none_is_refused_unshown(monkeypatch, key):
    monkeypatch.setenv("GENRE_SERVE_API_KEY", key)
    with pytest.raises(ParamsError, match="GENRE_SERVE_API_KEY") as refused:
        settings.load()
    assert key not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"), [("WORKERS", "0"), ("MAX_BYTES", "many"), ("MAX_SECONDS", "inf"), ("REFRESH", "-1")]
)
def test_a_value_that_is_not_valid_is_named(monkeypatch, name, value):
    monkeypatch.setenv("GENRE_SERVE_API_KEY", KEY)
    monkeypatch.setenv(f"GENRE_SERVE_{name}", value)
    with pytest.raises(ParamsError, match=f"GENRE_SERVE_{name} is .*; valid: a") as refused:
        settings.load()
    assert KEY not in str(refused.value)


def test_a_variable_of_no_setting_is_refused(monkeypatch):
    monkeypatch.setenv("GENRE_SERVE_APIKEY", KEY)
    with pytest.raises(
        ParamsError, match=r"GENRE_SERVE_APIKEY is no setting.*GENRE_SERVE_API_KEY"
    ) as refused:
        settings.load()
    assert KEY not in str(refused.value)
