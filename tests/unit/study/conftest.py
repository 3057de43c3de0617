"""What the study finds where all of its data is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.corpus import published_metadata
from components.study.discovery import Collection, Found
from tests.unit.study.workspace import GENRES


@pytest.fixture
def everything(tmp_path: Path) -> Found:
    """All of GTZAN, with lists, artists and weights."""
    sources = {
        name: Collection(path=Path("/elsewhere") / name, tracks=1000, genres=tuple(GENRES))
        for name in ("audio", "pictures", "table_30", "table_3")
    }
    (tmp_path / "lists").mkdir()
    for path in (
        tmp_path / "artists.txt",
        *(tmp_path / "lists" / name for name in published_metadata.LISTS.values()),
    ):
        path.touch()
    return Found(
        sources=sources,
        lists=tmp_path / "lists",
        artists=tmp_path / "artists.txt",
        weights={"yamnet": "handle", "vgg16": "imagenet", "musicnn": "package"},
        known=dict.fromkeys(sources, 1000),
    )
