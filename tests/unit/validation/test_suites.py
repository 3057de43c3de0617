"""Suites: one file a feature extractor, none needed."""

from __future__ import annotations

import pkgutil

import pytest

from components import features
from components.validation import suites
from components.validation.limits import Limits

NAMES = [module.name for module in pkgutil.iter_modules(suites.__path__)]


@pytest.mark.parametrize("name", NAMES)
def test_a_suite_is_an_extractor_s(name: str) -> None:
    suite = suites.find(name)
    assert name in features.names()
    assert suite is not None
    assert isinstance(suite.LIMITS, Limits)
    assert callable(suite.extend)


def test_an_extractor_without_a_suite_has_none() -> None:
    assert suites.find("loudness") is None
