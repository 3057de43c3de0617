"""The stage ``features@NAME``: every usable track to rows of one feature."""

from __future__ import annotations

import hashlib
import itertools
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from components import features
from components.config.params import Params
from components.core import devices, progress
from components.core.console import quiet
from components.core.errors import FeatureError, ParamsError
from components.core.formatting import plural
from components.corpus import feature_table
from components.corpus import store as corpus_store
from components.features.pipeline import chunks, compute, kept_rows
from components.features.pipeline import store as feature_store
from components.features.pipeline.chunks import Chunk, Job, Track
from components.features.pipeline.kept_rows import Block
from components.features.pipeline.record import FeatureRecord


def run(
    name: str, *, params: Params, root: Path = Path("data"), processes: int | None = None
) -> pd.DataFrame:
    """Extract a feature of every usable track and write ``ROOT/features/NAME``.

    Augmented views are extracted of every track, since the split says which are train rows, and may change; only a
    fit reads them (:func:`components.training.dataset.load`).

    Parameters
    ----------
    name : str
        A key of ``features`` in ``params.yaml``.
    processes : int or None
        How many, of threads where an encoder runs; None for one a core. The values do not depend on it.

    Returns
    -------
    DataFrame
        The index that was written; see :func:`components.features.pipeline.store.read`.

    Raises
    ------
    ParamsError
        If the feature or an option is not valid.
    FeatureError
        If what it reads is not there, a file is gone or has changed since it was listed, or a value is not
        finite. Chunks that are done stay, and the next run goes on from there.
    PretrainedError
        If it needs an encoder whose weights cannot be had.
    """
    began = time.perf_counter()
    root = Path(root)
    block = params.feature(name)
    module = features.load(block.extractor)
    options = features.options(name, params=params)
    source = block.upstream or features.form_read(name, params=params)
    if module.ENCODERS:
        devices.find()
    # Encoders are loaded only where they run.
    encoders = [] if source == "table" else compute.encoders_of(module, params=params)
    record = FeatureRecord(
        feature=name,
        unit=block.unit,
        shape=[],  # known as soon as rows are there
        names=list(module.NAMES) if module.NAMES else None,
        sample_rate=module.SAMPLE_RATE,
        options=options.model_dump(mode="json"),
        pretrained=[encoder.record for encoder in encoders],
    )
    console = Console(stderr=True)
    if source == "table":
        index = _from_table(record, params=params, root=root)
        console.print(f"{name}: {plural(len(index), 'row')} from the table", highlight=False)
        return index
    weights = tuple(encoder.sha256 for encoder in encoders)
    job = Job(name=name, params=params, root=root, source=source, weights=weights)
    jobs = [job, *(replace(job, view=view) for view in block.views)]
    listing, tracks, upstream = _tracks_of_feature(job) if block.upstream else _tracks(job)
    about = {
        "meta": record.model_dump(mode="json", exclude={"shape"}),
        "segments": params.segments.model_dump(mode="json"),
        "upstream": upstream and upstream.model_dump(mode="json"),
        "code": chunks.code(block.extractor),
    }
    # A view has chunks of its own, so that a further one costs no other.
    plans = [chunks.divide(tracks, about=about | _about_view(job)) for job in jobs]
    job.folder.mkdir(parents=True, exist_ok=True)
    missing = [
        [chunk for chunk in plan if not chunks.is_cached(chunk, job=job)]
        for job, plan in zip(jobs, plans, strict=True)
    ]
    names = [track.track for part in missing for chunk in part for track in chunk.tracks]
    done, total = set(names), len(tracks) * len(jobs)
    unit = "views of tracks" if block.views else "tracks"
    with (
        # libmpg123 writes of its own of each damaged file; the listing names them.
        quiet() as stderr,
        progress.counted(name, total=total, unit=unit, done=total - len(names), to=stderr) as advance,
    ):
        for each, part in zip(jobs, missing, strict=True):
            chunks.compute_all(part, job=each, processes=processes, report=advance)
    index, blocks = _assemble(plans, job=job, record=record, genres=listing.set_index("track")["genre"])
    kept = kept_rows.keep(blocks, feature=feature_store.folder(name, root=root), folder=job.folder)
    chunks.prune([] if kept else itertools.chain(*plans), job=job)
    took = time.perf_counter() - began
    line = f"{name}: {plural(len(index), 'row')} of {plural(len(tracks), 'track')}"
    if block.views:
        line += f", {plural(len(block.views), 'augmented view')} of each"
    if len(done) < len(tracks):
        line += f", {len(tracks) - len(done)} of them cached"
    line += f"; {took:.1f} s"
    if done:
        line += f", {len(done) / took:.1f} tracks/s"
    if not block.upstream and source == "audio" and done:
        seconds = float(listing.loc[listing["track"].isin(done), "seconds"].sum())
        line += f", {seconds / took:.0f} seconds of audio per second"
    console.print(line, highlight=False, soft_wrap=True)
    return index


def _about_view(job: Job) -> dict[str, Any]:
    if job.view is None:
        return {}
    view, draw = job.view
    return {"view": view.model_dump(mode="json", exclude={"draws"}), "draw": draw}


def _tracks(job: Job) -> tuple[pd.DataFrame, list[Track], None]:
    sources = features.sources_read(job.name, params=job.params)
    listing = corpus_store.usable(corpus_store.read_all(sources, root=job.root))
    if listing.empty:
        raise FeatureError(
            f"features.{job.name}: no usable track in {job.block.reads} ({', '.join(sources)})"
        )
    files = corpus_store.files(listing, params=job.params, root=job.root)
    tracks = [
        Track(track=row.track, path=file, sha256=row.sha256, source=row.source)
        for row, file in zip(listing.itertuples(), files, strict=True)
    ]
    return listing, tracks, None


def _tracks_of_feature(job: Job) -> tuple[pd.DataFrame, list[Track], FeatureRecord]:
    index, values, record = feature_store.read(job.source, root=job.root)
    unit = job.block.unit
    if record.unit != unit:
        raise FeatureError(
            f"features.{job.name}.unit is {unit!r}, but {job.source} was extracted for unit {record.unit!r}"
        )
    listing = index.groupby("track", sort=True, as_index=False)["genre"].first()
    tracks, low = [], 0
    for track, count in index.groupby("track", sort=True).size().items():
        rows = feature_store.read_rows(values, begin=low, end=low + int(count))
        tracks.append(Track(track=str(track), path="", sha256=hashlib.sha256(rows.data).hexdigest()))
        low += count
    return listing, tracks, record


def _assemble(
    plans: list[list[Chunk]], *, job: Job, record: FeatureRecord, genres: pd.Series
) -> tuple[pd.DataFrame, list[Block]]:
    """Write the feature; return its index, and where its chunks' rows are."""
    parts, shapes, rows_of = [], set(), []
    plan, *augmented = plans
    for chunk in plan:
        values, starts, counts = chunks.load(chunk, job=job)
        shapes.add(values.shape[1:])
        part = pd.DataFrame({"track": np.repeat([track.track for track in chunk.tracks], counts)})
        part["segment"] = -1 if record.unit == "track" else part.groupby("track", sort=False).cumcount()
        parts.append(part.assign(start=starts, **feature_store.summary(values)))
        rows_of.append((starts.tolist(), counts.tolist()))
    chunks.check_shapes(shapes, job=job)
    index = pd.concat(parts, ignore_index=True)
    index["genre"] = index["track"].map(genres)
    (shape,) = shapes
    blocks: list[Block] = []

    def values_of(view: list[Chunk], *, array: str, first: int) -> Iterator[np.ndarray]:
        for chunk, (starts, counts) in zip(view, rows_of, strict=True):
            values = chunks.load(chunk, job=job).values
            blocks.append(Block(chunk.key, array, first, zlib.crc32(values.data), starts, counts))
            first += len(values)
            yield values

    feature_store.write(
        record.model_copy(update={"shape": list(shape)}),
        index=index,
        values=values_of(plan, array=kept_rows.VALUES, first=0),
        root=job.root,
        augmented=[
            values_of(view, array=kept_rows.AUGMENTED, first=number * len(index))
            for number, view in enumerate(augmented)
        ],
    )
    return index, blocks


def _from_table(record: FeatureRecord, *, params: Params, root: Path) -> pd.DataFrame:
    """Take the rows of a public feature table in place of extraction."""
    name = record.feature
    sources = features.sources_read(name, params=params)
    listing = corpus_store.usable(corpus_store.read_all(sources, root=root))
    tables = [
        _table_rows(name, source=source, listing=listing, params=params, root=root) for source in sources
    ]
    rows = pd.concat(tables).sort_values(["track", "segment"], kind="stable", ignore_index=True)
    values = rows[list(feature_table.VALUES)].to_numpy(dtype=np.float32)
    index = rows[["track", "segment"]].assign(
        start=rows["segment"].clip(lower=0) * params.segments.seconds,
        genre=rows["track"].map(listing.set_index("track")["genre"]),
        **feature_store.summary(values),
    )
    record = record.model_copy(update={"shape": list(values.shape[1:])})
    feature_store.write(record, index=index, values=[values], root=root)
    return index


def _table_rows(name: str, *, source: str, listing: pd.DataFrame, params: Params, root: Path) -> pd.DataFrame:
    """Read one table's rows of the usable tracks of ``listing``."""
    unit = params.feature(name).unit
    path = root.parent / params.corpus.sources[source].path
    key = f"corpus.sources.{source}.path"
    found = {row.track: row.sha256 for row in feature_table.tracks(path, key=key)}
    own = listing[listing["source"] == source]
    for track, sha256 in zip(own["track"], own["sha256"], strict=True):
        if found.get(track) != sha256:
            state = "has changed" if track in found else "is gone"
            raise FeatureError(
                f"track {track!r} of {path} {state} since it was listed; list the corpus again: "
                f"`genre stage corpus {source}`"
            )
    rows = feature_table.rows(path, key=key)
    rows = rows[rows["track"].isin(set(own["track"])) & (rows["fault"] == "")]
    wrong = (rows["segment"] < 0) != (unit == "track")
    if wrong.any():
        other = "segment" if unit == "track" else "track"
        raise ParamsError(
            f"features.{name}.unit is {unit!r}; {path} has {int(wrong.sum())} rows of unit {other!r}"
        )
    return rows
