"""Extracted rows on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.core.errors import FeatureError
from components.features.pipeline import store as feature_store


def test_reading_what_was_not_extracted_says_how_to(tmp_path: Path) -> None:
    with pytest.raises(FeatureError, match="genre stage features mel_image"):
        feature_store.read("mel_image", root=tmp_path)
