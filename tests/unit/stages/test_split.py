"""The stage ``split``: from listings to a table and its record."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from components.config.params import Params
from components.splits import store
from components.stages import split


def listing(tracks: pd.DataFrame, **columns: object) -> pd.DataFrame:
    facts = {"path": "", "seconds": 12.0, "sample_rate": 22050, "samples": 264600, "bytes": 1, "fault": ""}
    return tracks.assign(**facts).assign(**columns)


def test_tracks_that_every_listing_can_use(tmp_path: Path, tracks: pd.DataFrame, demo_params: Params) -> None:
    audio, table = listing(tracks), listing(tracks, segments=0)
    audio.loc[0, "fault"], table.loc[1, "fault"] = "silent", "no label"
    (tmp_path / "corpus").mkdir()
    for name, rows in (("audio", audio), ("table", table)):
        rows.to_parquet(tmp_path / "corpus" / f"{name}.parquet", index=False)
    source = demo_params.corpus.sources["audio"]
    corpus = demo_params.corpus.model_copy(update={"sources": {"audio": source, "table": source}})
    made = split.run(params=demo_params.model_copy(update={"corpus": corpus}), root=tmp_path)
    assert set(made["track"]) == set(tracks["track"][2:])
    assert (made[made["unit"] == "segment"].groupby("track").size() == 4).all()
    read, record = store.read(tmp_path)
    pd.testing.assert_frame_equal(read, made, check_dtype=False)
    assert sum(counts["tracks"] for part, counts in record.counts.items() if part.startswith("track.")) == 58
    assert record.genres == ["blues", "jazz", "rock"]
