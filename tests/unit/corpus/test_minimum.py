"""Enough usable tracks of enough genres; what else stops a run is tested with the stage, in test_corpus.py."""

from __future__ import annotations

import pandas as pd
import pytest

from components.core.errors import CorpusError
from components.corpus.minimum import require_enough


def test_files_without_any_genre_are_not_called_one_genre() -> None:
    listing = pd.DataFrame({"genre": ["", ""], "fault": ["no genre tag", "no genre tag"]})
    with pytest.raises(CorpusError, match="audio: no usable track of any genre; valid: 2 to 100 genres"):
        require_enough(listing, name="audio", minimum=2)


def test_one_genre_is_named() -> None:
    listing = pd.DataFrame({"genre": ["jazz", "jazz"], "fault": ["", ""]})
    with pytest.raises(CorpusError, match="audio: one genre only: 'jazz'"):
        require_enough(listing, name="audio", minimum=2)
