"""The stage ``corpus@SOURCE``: list the tracks and what is left out, stop where too little is left.

Where several sources of one form are one corpus, the stage ``split`` stops where too little is left of them together.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pandas as pd
from rich.console import Console

from components.config.params import Params
from components.core import progress
from components.core.atomic import replacing
from components.core.console import quiet
from components.core.errors import CorpusError
from components.core.processes import cores
from components.corpus import (
    audio,
    audio_files,
    bucket,
    described,
    discovery,
    feature_table,
    image_files,
    known_files,
    labels,
    locations,
    minimum,
    store,
)
from components.corpus.discovery import Found
from components.corpus.links import Reach
from components.corpus.store import Row, Rows
from components.parallel import executors

#: Files of one task on a cluster: a tenth of a second of work and more.
TOGETHER = 16
#: Rows of the listing that are encoded in memory at a time.
WRITTEN = 4096

_FOLDERS: dict[str, tuple[Collection[str], Callable[..., Row]]] = {
    "audio": (audio.SUFFIXES, audio_files.measure),
    "pictures": (image_files.SUFFIXES, image_files.measure),
}


def run(source: str, *, params: Params, root: Path = Path("data"), verify: bool = False) -> pd.DataFrame:
    """List one source of the collection and write ``ROOT/corpus/SOURCE.parquet``.

    Parameters
    ----------
    source : str
        A key of ``corpus.sources``, whose relative paths start from the folder that holds ``root``.
    verify : bool
        Whether files are read again that an earlier listing knows (see :mod:`components.corpus.known_files`).

    Returns
    -------
    DataFrame
        See :func:`components.corpus.store.read`.

    Raises
    ------
    CorpusError
        If the source is unknown or missing, or the only one of its form and holds fewer than two genres, or a genre
        keeps fewer usable tracks than ``corpus.minimum_tracks``; or the listing cannot be written. Nothing is left
        behind but what is known of each file.
    """
    if source not in params.corpus.sources:
        valid = ", ".join(sorted(params.corpus.sources))
        raise CorpusError(f"corpus source {source!r} is not in params.yaml; valid: {valid}")
    key, root = f"corpus.sources.{source}.path", Path(root)
    block, place = params.corpus.sources[source], store.place(source, params=params, root=root)
    alone = params.corpus.of_form(block.form) == [source]
    fewest, least = (2, params.corpus.minimum_tracks) if alone else (1, 0)
    console = Console(stderr=True)
    if block.form == "table":
        found, known = None, 0
        listing = store.table(feature_table.tracks(Path(place), key=key))
    else:
        named = labels.read(block, place=place, key=f"corpus.sources.{source}", root=root)
        suffixes, follow = _FOLDERS[block.form][0], params.corpus.follow_links
        found = labels.files(
            named, place=place, key=key, suffixes=suffixes, fewest=fewest, follow_links=follow
        )
        rows, known = _measured(found, source, place=place, params=params, root=root, verify=verify)
        listing = rows.table(without=["stamp"], sort_by=["track", "path"])
        listing = labels.apply(listing, labels=named, place=place, least=least)
        listing = discovery.unique(listing)
    for line in described.lines(listing, source=source, found=found, known=known):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    if locations.is_remote(place):
        bucket.require_readable(listing, place=str(place), key=key)
    minimum.require_enough(listing, name=source, minimum=least, fewest=fewest)
    target = root / "corpus" / f"{source}.parquet"
    store.give_back_memory()
    with _writing(target), replacing(target) as temporary:
        listing.to_parquet(temporary, index=False, row_group_size=WRITTEN)
    return listing


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CorpusError(f"{target} cannot be written: {reason}") from error


def _inspection(source: str, *, place: str, params: Params) -> Callable[[Row], Row]:
    """Return what opens a listed file of a source and measures it."""
    _, measure = _FOLDERS[params.corpus.sources[source].form]
    if locations.is_remote(place):
        return partial(bucket.inspect, folder=place, params=params, measure=measure)
    folder = Path(place).absolute()
    reach = Reach.of(folder, follow_links=params.corpus.follow_links)
    return partial(discovery.inspect, folder=folder, params=params, measure=measure, reach=reach)


def _measured(
    found: Found, source: str, *, place: str, params: Params, root: Path, verify: bool
) -> tuple[Rows, int]:
    """Measure each file, here or on a cluster, but those that an earlier listing knows; return also how many."""
    began, rows, left = time.time_ns(), Rows("stamp"), found.rows
    if not verify:
        rows, left = known_files.read(left, source, params=params, root=root)
    known = len(rows)
    inspect = _inspection(source, place=place, params=params)
    with (
        # libmpg123 writes of its own of each damaged file; what is wrong with one is in its row.
        quiet() as stderr,
        executors.executor(partial(ThreadPoolExecutor, cores())) as pool,
        progress.counted(source, total=known + len(left), unit="files", done=known, to=stderr) as advance,
    ):
        # Decoding and hashing release the interpreter's lock, so threads are enough.
        size = TOGETHER if executors.is_remote(pool) else 1
        files = iter(left)
        groups = iter(lambda: list(itertools.islice(files, size)), [])
        for group, measured in executors.completed(pool, partial(_each, inspect), groups):
            for (_, more), row in zip(group, measured, strict=True):
                rows.add(row, *more)
            advance(len(group))
    with _writing(root / known_files.FOLDER):
        known_files.write(rows.batches(), source, params=params, root=root, began=began)
    return rows, known


def _each(inspect: Callable[[Row], Row], group: list[tuple[Row, tuple[str, ...]]]) -> list[Row]:
    return [inspect(row) for row, _ in group]
