"""The stage ``features@NAME``: every usable track to rows of one feature, chunk by chunk, and never twice."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from components import features
from components.config.params import Params
from components.core.errors import FeatureError
from components.core.processes import cores
from components.features.pipeline import cache, compute, worker
from components.features.pipeline import store as feature_store
from components.features.pipeline.cache import Chunk, Track
from components.features.pipeline.progress import progress
from components.features.pipeline.worker import Job


def run(
    name: str, *, params: Params, root: Path = Path("data"), processes: int | None = None
) -> pd.DataFrame:
    """Extract a feature of every usable track and write ``ROOT/features/NAME``.

    Parameters
    ----------
    name : str
        A key of ``features`` in ``params.yaml``.
    params : Params
        All choices.
    root : Path
        The data folder; relative paths of ``corpus.sources`` start from the folder that holds it.
    processes : int or None
        How many to use, of threads where an encoder is run; None for one a processor. The values do not depend on it.

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
    source = features.kind_read(block.reads)
    meta: dict[str, Any] = {
        "feature": name,
        "unit": block.unit,
        "names": list(module.NAMES) if module.NAMES else None,
        "sample_rate": module.SAMPLE_RATE,
        "options": options.model_dump(mode="json"),
        "pretrained": None,
    }
    console = Console(stderr=True)
    if source == "table":
        index = _from_table(params=params, root=root, meta=meta)
        console.print(f"{name}: {len(index)} rows from the table", highlight=False)
        return index
    encoder = compute.encoder_of(module, params=params)
    meta["pretrained"] = encoder.record() if encoder else None
    job = Job(name=name, params=params, root=root, source=source)
    listing, tracks, upstream = _tracks(job)
    about = {
        "meta": meta,
        "segments": params.segments.model_dump(mode="json"),
        "upstream": upstream,
        "code": cache.code(block.extractor, others=features.names()),
    }
    plan = cache.divide(tracks, about=about)
    place = cache.folder(name, root=root)
    place.mkdir(parents=True, exist_ok=True)
    missing = [chunk for chunk in plan if not cache.is_kept(chunk, place=place)]
    kept = len(tracks) - sum(len(chunk.tracks) for chunk in missing)
    with progress(name, total=len(tracks), kept=kept, console=console) as advance:
        _compute(missing, job=job, together=encoder is not None, processes=processes, advance=advance)
    index = _assemble(
        plan,
        place=place,
        genres=dict(zip(listing["track"], listing["genre"], strict=True)),
        job=job,
        meta=meta,
    )
    cache.prune(plan, place=place)
    seconds = listing["seconds"].to_numpy() if source == "audio" else np.zeros(len(listing))
    done = {track.track for chunk in missing for track in chunk.tracks}
    heard = float(seconds[listing["track"].isin(done).to_numpy()].sum())
    console.print(
        _closing(
            name,
            rows=len(index),
            tracks=len(tracks),
            done=len(done),
            heard=heard,
            took=time.perf_counter() - began,
        ),
        highlight=False,
        soft_wrap=True,
    )
    return index


def _closing(name: str, *, rows: int, tracks: int, done: int, heard: float, took: float) -> str:
    line = f"{name}: {rows} rows of {tracks} tracks"
    if done < tracks:
        line += f", {tracks - done} of them kept from before"
    line += f"; {took:.1f} s, {done / took:.1f} tracks/s"
    return line + (f", {heard / took:.0f} seconds of audio per second" if heard else "")


def _tracks(job: Job) -> tuple[pd.DataFrame, list[Track], dict[str, Any] | None]:
    if job.source not in job.params.corpus.sources and job.source in job.params.features:
        return _tracks_of_feature(job)
    from components.corpus import store as corpus_store

    listing = corpus_store.usable(corpus_store.read(job.source, root=job.root)).sort_values(
        "track", ignore_index=True
    )
    if listing.empty:
        raise FeatureError(f"features.{job.name}: no usable track in data/corpus/{job.source}.parquet")
    folder = job.root.parent / job.params.corpus.sources[job.source].path  # type: ignore[index]
    tracks = [
        Track(track=track, path=str(folder / path), sha256=sha256)
        for track, path, sha256 in zip(listing["track"], listing["path"], listing["sha256"], strict=True)
    ]
    return listing, tracks, None


def _tracks_of_feature(job: Job) -> tuple[pd.DataFrame, list[Track], dict[str, Any]]:
    index, values, meta = feature_store.read(job.source, root=job.root)
    unit = job.params.feature(job.name).unit
    if meta["unit"] != unit:
        raise FeatureError(
            f"features.{job.name}.unit is {unit!r}, but {job.source} was extracted for unit {meta['unit']!r}"
        )
    listing = index.groupby("track", sort=True, as_index=False)["genre"].first()
    tracks, low = [], 0
    for track, count in index.groupby("track", sort=True).size().items():
        rows = np.ascontiguousarray(values[low : low + count])
        tracks.append(Track(track=str(track), path="", sha256=hashlib.sha256(rows.data).hexdigest()))
        low += count
    return listing.assign(seconds=0.0), tracks, meta


def _compute(
    missing: list[Chunk],
    *,
    job: Job,
    together: bool,
    processes: int | None,
    advance: Callable[[int], None],
) -> None:
    workers = min(processes or cores(), len(missing))
    if workers < 2:
        for chunk in missing:
            advance(worker.compute(chunk, job=job))
        return
    # An encoder is loaded once, and its arithmetic holds no lock: threads share it, one reads while another computes.
    pool: Executor = (
        ThreadPoolExecutor(workers)
        if together
        else ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=worker.start)
    )
    try:
        for future in as_completed([pool.submit(worker.compute, chunk, job=job) for chunk in missing]):
            advance(future.result())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _assemble(
    plan: list[Chunk], *, place: Path, genres: dict[str, str], job: Job, meta: dict[str, Any]
) -> pd.DataFrame:
    parts = []
    shapes = set()
    for chunk in plan:
        values, starts, counts = cache.load(chunk, place=place)
        shapes.add(values.shape[1:])
        ids = np.repeat([track.track for track in chunk.tracks], counts)
        segment = np.concatenate([np.arange(count) for count in counts])
        whole = meta["unit"] == "track"
        part = pd.DataFrame(
            {"track": ids, "segment": np.full(len(ids), -1) if whole else segment, "start": starts}
        )
        parts.append(part.assign(**feature_store.summary(values)))
    if len(shapes) > 1:
        raise FeatureError(
            f"features.{job.name}.unit is {meta['unit']!r}, and tracks of different length give rows of shapes "
            f"{', '.join(str(shape) for shape in sorted(shapes))}; valid: 'segment'"
        )
    index = pd.concat(parts, ignore_index=True)
    index["genre"] = index["track"].map(genres)
    (shape,) = shapes
    feature_store.write(
        job.name,
        index=index,
        values=_stored(plan, place=place),
        shape=shape,
        meta=meta | {"shape": list(shape)},
        root=job.root,
    )
    return index


def _stored(plan: list[Chunk], *, place: Path) -> Iterator[np.ndarray]:
    for chunk in plan:
        yield cache.load(chunk, place=place)[0]


def _from_table(*, params: Params, root: Path, meta: dict[str, Any]) -> pd.DataFrame:
    from components.corpus import store as corpus_store
    from components.features.pipeline import from_table

    listing = corpus_store.usable(corpus_store.read("table", root=root))
    path = root.parent / params.corpus.sources["table"].path
    index, values = from_table.read(path, listing=listing, unit=meta["unit"])
    index["start"] = index["segment"].clip(lower=0) * params.segments.seconds
    index["genre"] = index["track"].map(dict(zip(listing["track"], listing["genre"], strict=True)))
    index = index.assign(**feature_store.summary(values))
    feature_store.write(
        meta["feature"],
        index=index,
        values=[values],
        shape=values.shape[1:],
        meta=meta | {"shape": list(values.shape[1:])},
        root=root,
    )
    return index
