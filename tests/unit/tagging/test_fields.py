"""Names of fields: those that every format takes, and that hold nothing else."""

from __future__ import annotations

import pytest

from components.core.errors import ParamsError
from components.tagging import fields


def test_a_known_field_has_one_name_and_another_is_ones_own():
    assert fields.check("Genre") == "genre"
    assert fields.check("AI genre") == "AI genre"
    assert fields.check("genre-2") == "genre-2"


@pytest.mark.parametrize("name", ["", "x", "a=b", "ge\nnre", "é" * 5, "a" * 64])
def test_what_not_every_format_takes_is_refused(name):
    with pytest.raises(ParamsError, match="valid: genre, grouping, mood"):
        fields.check(name)


@pytest.mark.parametrize("name", ["TAG", "ID3", "OggS"])
def test_what_apev2_reserves_is_refused(name):
    with pytest.raises(ParamsError, match=r"reserve; valid: genre, grouping, mood"):
        fields.check(name)


@pytest.mark.parametrize(
    "name",
    [
        "title", "ARTIST", "Album", "date", "Year", "album artist", "Album_Artist", "tracknumber", "Track", "comment",
        "lyrics", "replaygain_track_gain", "MUSICBRAINZ_ALBUMID", "performer", "description", "Author", "iTunSMPB",
    ],
)  # fmt: skip
def test_a_standard_field_is_not_overwritten(name):
    with pytest.raises(ParamsError, match=r"standard field .*; valid: genre, grouping, mood"):
        fields.check(name)
