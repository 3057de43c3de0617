"""The stage ``split``: the tracks that every listing can use, in train, validation and test."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from components.config.params import Params
from components.corpus import minimum, published_metadata
from components.corpus import store as corpus_store
from components.splits import artists, counts, folds, leakage, store
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
        As :func:`components.splits.folds.make`; or a listing or published table cannot be read, or a genre keeps fewer
        tracks than ``corpus.minimum_tracks``.
    """
    listings = _listings(params, root=root)
    usable = [corpus_store.usable(listing) for listing in listings]
    shared = set.intersection(*(set(listing["track"]) for listing in usable))
    tracks = usable[0].loc[usable[0]["track"].isin(shared), ["track", "path", "genre", *store.KNOWN_BY]]
    tracks["segments"] = tracks["track"].map(pd.concat(usable).groupby("track")["segments"].max())
    known = {name: published_metadata.read(name, root=root) for name in params.corpus.published}
    named = published_metadata.match(known.get("artists", {}), tracks, key="corpus.published.artists")
    tracks["artist"] = tracks["track"].map(named).fillna("")
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
        genre_counts=counts.by_genre(listings, usable=tracks, split=table),
    )
    store.write(table, record, tracks=tracks, root=root)
    if named:
        genres = ", ".join(f"{genre} {count}" for genre, count in record.artists_by_genre.items())
        print(f"artists: of {record.tracks_with_artist} of {len(whole)} tracks; of each genre: {genres}")
    return table


def _listings(params: Params, *, root: Path) -> list[pd.DataFrame]:
    """Read the listings, those of one form as one, and check that each keeps enough tracks.

    A single source too: the stage ``corpus`` leaves it unchecked while there is another of its form, and does not run
    again once that is gone.
    """
    listings = []
    for form in sorted({source.form for source in params.corpus.sources.values()}):
        sources = params.corpus.of_form(form)
        listing = corpus_store.read_all(sources, root=root)
        name = " and ".join(sources)
        minimum.require_enough(listing, name=name, minimum=params.corpus.minimum_tracks)
        listings.append(listing)
    return listings
