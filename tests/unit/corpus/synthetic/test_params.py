"""The block ``synthetic``."""

from __future__ import annotations

import pytest

from components.config.params import Params
from components.core.errors import ParamsError
from components.corpus.synthetic import params as synthetic
from components.corpus.synthetic.styles import STYLES


@pytest.mark.parametrize(
    ("block", "named"),
    [
        ({"seconds": 3.0}, "synthetic.synthetic: tracks_per_genre"),
        ({"tracks_per_genre": 0, "seconds": 3.0}, "tracks_per_genre.* is 0"),
        ({"tracks_per_genre": 2, "seconds": 0.0}, "seconds is 0.0"),
        ({"tracks_per_genre": 2, "seconds": 3.0, "sed": 1}, "'sed'; valid: tracks_per_genre"),
        ({"tracks_per_genre": {"polka": 2, "jazz": 2}, "seconds": 3.0}, "polka; valid: blues, "),
    ],
)
def test_a_wrong_block_is_named(demo_params: Params, block: dict, named: str) -> None:
    with pytest.raises(ParamsError, match=named):
        synthetic.block(
            "synthetic", params=demo_params.model_copy(update={"synthetic": {"synthetic": block}})
        )


def test_an_unknown_name_lists_the_known(demo_params: Params) -> None:
    with pytest.raises(ParamsError, match=r"'other'.* valid: synthetic"):
        synthetic.block("other", params=demo_params)


def test_one_number_is_for_all_genres() -> None:
    assert synthetic.SyntheticParams(tracks_per_genre=3, seconds=2.0).counts() == dict.fromkeys(STYLES, 3)
    few = {"jazz": 1, "pop": 2}
    assert synthetic.SyntheticParams(tracks_per_genre=few, seconds=2.0).counts() == few
