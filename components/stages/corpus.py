"""The stage ``corpus@SOURCE``: list the tracks and what is left out, stop where too little is left.

Where several sources of one form are one corpus, the stage ``split`` stops where too little is left of them together.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pandas as pd
from rich.console import Console

from components.config.params import Params
from components.core import progress
from components.core.atomic import replacing
from components.core.errors import CorpusError
from components.corpus import (
    audio,
    audio_files,
    bucket,
    discovery,
    feature_table,
    image_files,
    locations,
    minimum,
    store,
)
from components.corpus.store import COLUMNS, Row, usable
from components.parallel import executors

#: Decoding and hashing release the interpreter's lock, so threads are enough; two, as small machines have.
THREADS = 2
#: Files of one task on a cluster: a tenth of a second of work and more.
TOGETHER = 16
#: Tracks left out that are named one by one on the terminal; all are in the file.
SHOWN = 20

_FOLDERS: dict[str, tuple[Collection[str], Callable[..., Row]]] = {
    "audio": (audio.SUFFIXES, audio_files.measure),
    "pictures": (image_files.SUFFIXES, image_files.measure),
}


def run(source: str, *, params: Params, root: Path = Path("data")) -> pd.DataFrame:
    """List one source of the collection and write ``ROOT/corpus/SOURCE.parquet``.

    Parameters
    ----------
    source : str
        A key of ``corpus.sources``, whose relative paths start from the folder that holds ``root``.

    Returns
    -------
    DataFrame
        See :func:`components.corpus.store.read`.

    Raises
    ------
    CorpusError
        If the source is unknown or missing, or the only one of its form and holds fewer than two genres, or a genre
        keeps fewer usable tracks than ``corpus.minimum_tracks``; or the listing cannot be written. Nothing is left
        behind.
    """
    if source not in params.corpus.sources:
        valid = ", ".join(sorted(params.corpus.sources))
        raise CorpusError(f"corpus source {source!r} is not in params.yaml; valid: {valid}")
    key = f"corpus.sources.{source}.path"
    form = params.corpus.sources[source].form
    place = store.place(source, params=params, root=root)
    alone = params.corpus.of_form(form) == [source]
    fewest = 2 if alone else 1
    console = Console(stderr=True)
    if form == "table":
        rows, ignored = feature_table.tracks(Path(place), key=key), 0
    else:
        suffixes, measure = _FOLDERS[form]
        inspect: Callable[[Row], Row]
        if locations.is_remote(place):
            found, ignored = bucket.walk(place, key=key, suffixes=suffixes, fewest=fewest)
            inspect = partial(bucket.inspect, folder=place, params=params, measure=measure)
        else:
            found, ignored = discovery.walk(Path(place), key=key, suffixes=suffixes, fewest=fewest)
            inspect = partial(
                discovery.inspect, folder=Path(place).absolute(), params=params, measure=measure
            )
        rows = discovery.unique(_inspected(found, inspect, source=source))
    listing = pd.DataFrame([asdict(row) for row in rows], columns=list(COLUMNS)).astype(COLUMNS)
    for line in describe(listing, source=source, ignored=ignored):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    least = params.corpus.minimum_tracks if alone else 0
    minimum.require_enough(listing, name=source, minimum=least, fewest=fewest)
    target = Path(root) / "corpus" / f"{source}.parquet"
    try:
        with replacing(target) as temporary:
            listing.to_parquet(temporary, index=False)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CorpusError(f"{target} cannot be written: {reason}") from error
    return listing


def _inspected(found: list[Row], inspect: Callable[[Row], Row], *, source: str) -> list[Row]:
    """Open each file, side by side: on a cluster's workers where one is named."""
    rows = list(found)
    with (
        executors.executor(partial(ThreadPoolExecutor, THREADS)) as pool,
        progress.counted(source, total=len(found), unit="files") as advance,
    ):
        size = TOGETHER if executors.is_remote(pool) else 1
        groups = ((first, found[first : first + size]) for first in range(0, len(found), size))
        for (first, group), done in executors.completed(pool, partial(_each, inspect), groups):
            rows[first : first + len(group)] = done
            advance(len(group))
    return rows


def _each(inspect: Callable[[Row], Row], numbered: tuple[int, list[Row]]) -> list[Row]:
    return [inspect(row) for row in numbered[1]]


def describe(listing: pd.DataFrame, *, source: str, ignored: int = 0) -> list[str]:
    """Describe what a listing holds and leaves out, in lines of text.

    Parameters
    ----------
    listing : DataFrame
        From :func:`run`.
    source : str
        Its name.
    ignored : int
        Files that are no tracks.

    Returns
    -------
    list of str
        A summary, each left-out track with its reason (at most 20), repeats.
    """
    kept, left_out = usable(listing), listing[listing["fault"] != ""]
    genres = kept["genre"].nunique()
    lines = [f"{source}: {len(kept)} usable tracks of {genres} genres, {len(left_out)} left out"]
    lines += [f"  left out: {row.track}: {row.fault}" for row in left_out.head(SHOWN).itertuples()]
    if len(left_out) > SHOWN:
        lines.append(f"  … and {len(left_out) - SHOWN} more: see column fault of corpus/{source}.parquet")
    if repeats := int(kept["sha256"].duplicated().sum()):
        lines.append(f"  {repeats} tracks repeat another track byte for byte")
    sounds = kept.loc[(kept["sound_sha256"] != "") & ~kept["sha256"].duplicated(), "sound_sha256"]
    if repeats := int(sounds.duplicated().sum()):
        lines.append(f"  {repeats} tracks repeat another track's sound in another file")
    if ignored:
        lines.append(f"  {ignored} other files are no tracks")
    return lines
