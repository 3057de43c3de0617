"""The stage ``split``: the tracks that every listing can use, in train, validation and test."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from components.config.params import Params
from components.corpus import published_metadata
from components.corpus import store as corpus_store
from components.splits import artists, folds, leakage, store
from components.splits.store import SplitRecord


def run(*, params: Params, root: Path = Path("data")) -> pd.DataFrame:
    """Make ``splits/split.parquet`` and ``splits/split.json``.

    Returns
    -------
    DataFrame
        A split table, see :mod:`components.splits`.

    Raises
    ------
    CorpusError, LeakError, ParamsError
        As :func:`components.splits.folds.make`; or a listing or published table cannot be read.
    """
    listings = [corpus_store.read(source, root=root) for source in sorted(params.corpus.sources)]
    usable = [corpus_store.usable(listing) for listing in listings]
    shared = set.intersection(*(set(listing["track"]) for listing in usable))
    tracks = usable[0].loc[usable[0]["track"].isin(shared), ["track", "genre", "sha256"]]
    counts = pd.concat(usable).groupby("track")["segments"].max()
    tracks["segments"] = tracks["track"].map(counts)
    known = {name: published_metadata.read(name, root=root) for name in params.corpus.published}
    tracks["sound_sha256"] = ""
    tracks["artist"] = tracks["track"].map(known.get("artists", {})).fillna("")
    table = folds.make(tracks, params=params, lists=known.get("lists"))
    leakage.check_split(table, protocol=params.split.protocol)
    whole = table[table["unit"] == "track"]
    by_part = table.groupby(["unit", "part"])["track"].agg(tracks="nunique", rows="size")
    record = SplitRecord(
        protocol=params.split.protocol,
        seed=params.seed,
        fold=params.split.fold,
        folds=params.split.folds,
        fingerprint=store.fingerprint(table),
        genres=sorted(set(table["genre"])),
        counts={".".join(key): row for key, row in by_part.to_dict("index").items()},
        artists=artists.status(whole),
        artists_by_genre=artists.by_genre(whole),
        confounded=artists.confounded(whole),
        tracks_with_artist=int((whole["artist"] != "").sum()),
    )
    store.write(table, record, tracks=tracks, root=root)
    return table
