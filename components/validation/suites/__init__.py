"""Expectation suites, one file a feature extractor that needs more than any feature does.

A file is a suite if it has ``LIMITS``, the limits that differ for its feature, and ``extend(inputs, found, checks)``,
which adds columns, tables and expectations to those of any feature.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType


def find(extractor: str) -> ModuleType | None:
    """Import the suite of a feature extractor; None where it has none."""
    if extractor not in {module.name for module in pkgutil.iter_modules(__path__)}:
        return None
    return import_module(f"{__name__}.{extractor}")
