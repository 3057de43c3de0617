"""One track by a genre's rules."""

from __future__ import annotations

import numpy as np
import pytest

from components.corpus.synthetic import composition
from components.corpus.synthetic.styles import STYLES


def test_genres_borrow_from_their_neighbours_and_from_none_else() -> None:
    draws = 200
    parts = ("feel", "drums", "bass", "chords", "lead", "sound")
    borrowed = 0
    for seed in range(draws):
        style = composition.borrow("rock", rng=np.random.default_rng(seed))
        allowed = [STYLES["rock"], *(STYLES[name] for name in STYLES["rock"].neighbours)]
        for part in parts:
            assert any(getattr(style, part) == getattr(one, part) for one in allowed)
            borrowed += getattr(style, part) != getattr(STYLES["rock"], part)
    assert 0.04 < borrowed / (draws * len(parts)) < 0.12


@pytest.mark.parametrize("genre", ["classical", "metal"])
def test_a_track_has_its_length_and_no_clipped_sample(genre: str) -> None:
    wave = composition.compose(genre, seconds=1.5, rng=np.random.default_rng(0))
    assert (wave.dtype, wave.shape) == (np.float32, (33_075,))
    assert 0.3 < np.abs(wave).max() < 1.0
