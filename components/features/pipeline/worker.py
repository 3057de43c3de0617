"""What one process does: read a chunk's tracks, make sure they are those that were listed, compute, keep."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import connection, parent_process
from pathlib import Path

import numpy as np

from components import features
from components.config.params import Params
from components.core import hashing
from components.core.errors import AudioError, FeatureError
from components.corpus import audio
from components.features.pipeline import cache
from components.features.pipeline import compute as waveform
from components.features.pipeline.cache import Chunk, Track


@dataclass(frozen=True)
class Job:
    """A feature to extract: everything a process needs besides the chunk.

    Attributes
    ----------
    name : str
        The feature.
    params : Params
        All of ``params.yaml``.
    root : Path
        The data folder.
    source : str
        ``audio``, ``pictures`` or a feature.
    """

    name: str
    params: Params
    root: Path
    source: str


@dataclass(frozen=True)
class Material:
    """What a chunk's rows are computed from: clips and starts, track by track."""

    clips: list[np.ndarray]
    starts: list[np.ndarray]


def start() -> None:
    """Prepare a process of the pool: one thread for its mathematics, and an end when its parent ends."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
    parent = parent_process()
    if parent is None:
        return

    def end_with_parent() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


def compute(chunk: Chunk, *, job: Job) -> int:
    """Compute and keep one chunk.

    Parameters
    ----------
    chunk : Chunk
        The tracks.
    job : Job
        The feature.

    Returns
    -------
    int
        Its number of tracks.

    Raises
    ------
    FeatureError
        If a track's file is gone, has changed since it was listed, or gives no finite values.
    """
    return finish(chunk, gather(chunk, job=job), job=job)


def gather(chunk: Chunk, *, job: Job) -> Material:
    """Read what a chunk is computed from; safe to do in a thread.

    Parameters
    ----------
    chunk : Chunk
        The tracks.
    job : Job
        The feature.

    Returns
    -------
    Material
        Clips and starts of each track.

    Raises
    ------
    FeatureError
        See :func:`compute`.
    """
    if job.source not in job.params.corpus.sources:
        return _rows_of_feature(chunk, job=job)
    clips, starts = [], []
    for track in chunk.tracks:
        _unchanged(track, source=job.source)
        one = _clips(track, job=job)
        clips.append(one)
        starts.append(np.arange(len(one)) * job.params.segments.seconds)
    return Material(clips=clips, starts=starts)


def finish(chunk: Chunk, material: Material, *, job: Job) -> int:
    """Compute a chunk's rows from its material, and keep them.

    Parameters
    ----------
    chunk : Chunk
        The tracks.
    material : Material
        From :func:`gather`.
    job : Job
        The feature.

    Returns
    -------
    int
        Its number of tracks.
    """
    module = features.load(job.params.feature(job.name).extractor)
    options = features.options(job.name, params=job.params)
    encoder = waveform.encoder_of(module, params=job.params)
    groups: Sequence[np.ndarray] = material.clips
    if encoder and len({clips.shape[1:] for clips in material.clips}) == 1:
        groups = [np.concatenate(material.clips)]  # an encoder is fed many tracks at once
    try:
        values = [waveform.apply(module, clips, options=options, encoder=encoder) for clips in groups]
    except FeatureError as error:
        raise FeatureError(f"{error}; tracks {chunk.tracks[0].track} to {chunk.tracks[-1].track}") from error
    shapes = {block.shape[1:] for block in values}
    if len(shapes) > 1:
        raise FeatureError(
            f"features.{job.name}.unit is 'track', and tracks of different length give rows of shapes "
            f"{', '.join(str(shape) for shape in sorted(shapes))}; valid: 'segment'"
        )
    cache.save(
        chunk,
        place=cache.folder(job.name, root=job.root),
        values=np.concatenate(values),
        starts=np.concatenate(material.starts),
        counts=[len(clips) for clips in material.clips],
    )
    return len(chunk.tracks)


def _unchanged(track: Track, *, source: str) -> None:
    again = f"list the corpus again: `genre stage corpus {source}`"
    try:
        found = hashing.file(Path(track.path))
    except OSError as error:
        raise FeatureError(
            f"track {track.track!r}: {track.path} cannot be read ({error.strerror}) since it was listed; {again}"
        ) from error
    if found != track.sha256:
        raise FeatureError(f"track {track.track!r}: {track.path} has changed since it was listed; {again}")


def _clips(track: Track, *, job: Job) -> np.ndarray:
    if job.source == "pictures":
        from components.features.pipeline import images

        return images.read(Path(track.path))[np.newaxis]
    block, segments, limits = job.params.feature(job.name), job.params.segments, job.params.corpus
    try:
        y, rate = audio.decode(track.path, max_seconds=limits.max_seconds, max_bytes=limits.max_bytes)
        return waveform.cut(
            y,
            rate,
            module=features.load(block.extractor),
            unit=block.unit,
            seconds=segments.seconds,
            count=audio.segment_count(len(y), rate, seconds=segments.seconds, per_track=segments.per_track),
        )
    except AudioError as error:
        raise FeatureError(f"track {track.track!r}: {track.path}: {error}") from error


def _rows_of_feature(chunk: Chunk, *, job: Job) -> Material:
    from components.features.pipeline import store as feature_store

    index, values, _ = feature_store.read(job.source, root=job.root)
    ids = index["track"].to_numpy(dtype=object)
    clips, starts = [], []
    for track in chunk.tracks:
        low, high = np.searchsorted(ids, track.track), np.searchsorted(ids, track.track, side="right")
        clips.append(np.array(values[low:high]))
        starts.append(index["start"].to_numpy()[low:high])
    return Material(clips=clips, starts=starts)
