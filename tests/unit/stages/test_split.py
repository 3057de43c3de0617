"""The stage ``split``: from listings to a table and its record."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from components.config.params import Params
from components.core.errors import CorpusError
from components.splits import store
from components.stages import split
from tests.support.collections_on_disk import pointed_at


def listing(tracks: pd.DataFrame, **columns: object) -> pd.DataFrame:
    facts = {"path": "", "seconds": 12.0, "sample_rate": 22050, "samples": 264600, "bytes": 1, "fault": ""}
    facts |= {"lost": 0.0, "damage": "", "album": "", "tagged": "", "part": "", "fingerprint": ""}
    return tracks.assign(**facts).assign(**columns)


def test_tracks_that_every_listing_can_use(tmp_path: Path, tracks: pd.DataFrame, demo_params: Params) -> None:
    audio, table = listing(tracks), listing(tracks, segments=0)
    audio.loc[0, "fault"], table.loc[1, "fault"] = "silent", "no label"
    (tmp_path / "corpus").mkdir()
    for name, rows in (("audio", audio), ("table", table)):
        rows.to_parquet(tmp_path / "corpus" / f"{name}.parquet", index=False)
    params = pointed_at(demo_params, audio=tmp_path, table=tmp_path)
    made = split.run(params=params, root=tmp_path)
    assert set(made["track"]) == set(tracks["track"][2:])
    assert (made[made["unit"] == "segment"].groupby("track").size() == 4).all()
    read, record = store.read(tmp_path)
    pd.testing.assert_frame_equal(read, made, check_dtype=False)
    assert sum(counts["tracks"] for part, counts in record.counts.items() if part.startswith("track.")) == 58
    assert record.genres == ["blues", "jazz", "rock"]


def test_sources_of_one_form_are_split_together(
    tmp_path: Path, tracks: pd.DataFrame, demo_params: Params
) -> None:
    (tmp_path / "corpus").mkdir()
    for name, rows in (("songs", tracks[::2]), ("clips", tracks[1::2])):
        listing(rows).to_parquet(tmp_path / "corpus" / f"{name}.parquet", index=False)
    params = pointed_at(demo_params, minimum=20, form="audio", songs=tmp_path, clips=tmp_path)
    assert set(split.run(params=params, root=tmp_path)["track"]) == set(tracks["track"])
    with pytest.raises(CorpusError, match=r"clips and songs: genre 'blues' keeps 20 usable of 20 tracks"):
        split.run(
            params=pointed_at(params, minimum=21, form="audio", songs=tmp_path, clips=tmp_path), root=tmp_path
        )


def test_a_source_that_is_left_alone_must_hold_enough(
    tmp_path: Path, tracks: pd.DataFrame, demo_params: Params
) -> None:
    (tmp_path / "corpus").mkdir()
    listing(tracks).to_parquet(tmp_path / "corpus" / "songs.parquet", index=False)
    alone = pointed_at(demo_params, minimum=21, form="audio", songs=tmp_path)
    with pytest.raises(CorpusError, match=r"songs: genre 'blues' keeps 20 usable of 20 tracks"):
        split.run(params=alone, root=tmp_path)
