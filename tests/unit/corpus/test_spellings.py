"""A mapping file that makes several spellings one genre."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.core.errors import CorpusError
from components.corpus import spellings


def test_spellings_are_one_whatever_their_case_and_spaces(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("spelling,genre\nHip-Hop,hiphop\nhip  hop,hiphop\nRap,hiphop\nPodcast,\n")
    known = spellings.read(tmp_path / "m.csv")
    for spelling in ("hip-hop", " Hip Hop", "RAP"):
        assert spellings.merged(spelling, spellings=known) == "hiphop"
    assert spellings.merged("podcast", spellings=known) == ""
    assert spellings.merged("Jazz ", spellings=known) == "Jazz"


@pytest.mark.parametrize(
    ("text", "named"),
    [("spelling\nrap\n", "lacks column genre"), ("spelling,genre\nrap,a\nRap,b\n", "line 3")],
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(CorpusError, match=named):
        spellings.read(tmp_path / "m.csv")
    with pytest.raises(CorpusError, match="cannot be read"):
        spellings.read(tmp_path / "none.csv")
