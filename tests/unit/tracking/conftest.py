"""A store of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def workspace(folder_with_store: Path) -> Path:
    """An empty folder with an empty store."""
    return folder_with_store
