"""The stage ``split``: the tracks that every listing can use, in train, validation and test."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from components.config.params import Params
from components.corpus import credits, minimum, published_metadata, recordings
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
        As :func:`components.splits.folds.make`; or more recordings have two labels than
        ``validation.max_conflicting_tracks``, a listing or published table cannot be read, or a genre keeps fewer
        tracks than ``corpus.minimum_tracks``.
    """
    listings = _listings(params, root=root)
    usable = [corpus_store.usable(listing) for listing in listings]
    shared = set.intersection(*(set(listing["track"]) for listing in usable))
    own = ["track", "path", "genre", "artist", "album", "part", *store.KNOWN_BY]
    # A copy: text of a part may not be set.
    tracks = usable[0].loc[usable[0]["track"].isin(shared), own].reset_index(drop=True).copy()
    tracks["segments"] = tracks["track"].map(pd.concat(usable).groupby("track")["segments"].max())
    known = {name: published_metadata.read(name, root=root) for name in params.corpus.published}
    named = published_metadata.match(known.get("artists", {}), tracks, key="corpus.published.artists")
    tracks[["artist", "album"]] = credits.of(tracks, table=named)
    tracks["recording"] = recordings.of(tracks)
    recordings.require_one_label(tracks, allowed=params.validation.max_conflicting_tracks)
    lists = known.get("lists")
    if params.split.protocol == "manifest":
        lists = dict(tracks.loc[tracks["part"] != "", ["track", "part"]].itertuples(index=False, name=None))
    table = folds.make(tracks, params=params, lists=lists)
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
    if record.tracks_with_artist:
        genres = ", ".join(f"{genre} {count}" for genre, count in record.artists_by_genre.items())
        print(f"artists: of {record.tracks_with_artist} of {len(whole)} tracks; of each genre: {genres}")
    else:
        print(
            f"artists: of none of {len(whole)} tracks is the artist known; songs are kept whole, artists are not"
        )
    if repeats := int((tracks["recording"] != "").sum()):
        number = tracks.loc[tracks["recording"] != "", "recording"].nunique()
        print(f"recordings: {number} of {repeats} tracks together, each on one side of the split")
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
