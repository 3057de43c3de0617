"""Chunks of tracks: computed at once, cached, and never computed twice.

Where a chunk ends depends on the tracks' names alone, so a new track changes the chunk it falls into and no
other. A chunk's key is the hash of everything that its values depend on: the tracks' contents, the options,
the encoder's weights and the code. Chunks lie beside the features, in ``features/.chunks/<feature>/``, until the
feature is whole, and are then read back from it (:mod:`components.features.pipeline.kept_rows`): a changed track must
not cost the rest.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import zipfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from components import features
from components.config.augmentation import AugmentParams
from components.config.params import FeatureParams, Params
from components.core import atomic, hashing
from components.core.errors import AudioError, FeatureError, PretrainedError
from components.core.processes import cores, end_with_parent
from components.corpus import audio, image_files, locations
from components.features.dsp import augmentation
from components.features.encoders import base as encoders
from components.features.pipeline import compute as waveform
from components.features.pipeline import kept_rows, store
from components.parallel import cluster, executors

#: Tracks a chunk holds on average: seconds of work, and little memory.
MEAN_TRACKS = 8
#: A chunk never holds more.
MAX_TRACKS = 16
#: The files of ``components/corpus`` that make numbers of a track's file.
READERS = (
    "audio.py", "contents/*.py", "decoding.py", "ffmpeg.py", "ffmpeg_process.py", "image_files.py", "segmentation.py",
)  # fmt: skip
#: Releases that may change a value's last bits.
_LIBRARIES = ("numpy", "scipy", "librosa", "soundfile", "av", "soxr", "tensorflow", "keras")


@dataclass(frozen=True)
class Track:
    """One track of a chunk.

    Attributes
    ----------
    track : str
        Its id.
    path : str
        Path or URL of its file; '' if the feature reads another feature.
    sha256 : str
        Of what it is computed from.
    source : str
        The source of the corpus that it is of; '' if the feature reads another feature.
    """

    track: str
    path: str
    sha256: str
    source: str = ""


@dataclass(frozen=True)
class Chunk:
    """Tracks that are computed together, and the key of the result."""

    key: str
    tracks: tuple[Track, ...]


class Values(NamedTuple):
    """A chunk's result.

    Attributes
    ----------
    values : ndarray of float32 or uint8, shape (rows, ...)
        All rows of its tracks; whole numbers of 0 to 255, as pictures are, in a quarter of the space.
    starts : ndarray of float64, shape (rows,)
        Where each begins, in seconds.
    counts : ndarray of int64, shape (tracks,)
        Rows of each track.
    """

    values: np.ndarray
    starts: np.ndarray
    counts: np.ndarray


#: Rows of another feature that a chunk is computed from: of each of its tracks, and where each row begins.
Upstream = tuple[list[np.ndarray], list[np.ndarray]]


@dataclass(frozen=True)
class Job:
    """A feature to extract: everything a process needs besides the chunk.

    Attributes
    ----------
    name : str
        A key of ``features``.
    params : Params
        All of ``params.yaml``.
    root : Path
        The data folder.
    source : str
        ``audio``, ``pictures`` or a feature.
    view : tuple of AugmentParams and int, or None
        Which augmented view of the clips it is computed from, of :attr:`FeatureParams.views`; None for the clips as
        they are.
    weights : tuple of str
        SHA-256 of the weights of each encoder that the feature runs: other ones would give other values.
    """

    name: str
    params: Params
    root: Path
    source: str
    view: tuple[AugmentParams, int] | None = None
    weights: tuple[str, ...] = ()

    @property
    def block(self) -> FeatureParams:
        """The feature's block."""
        return self.params.feature(self.name)

    @property
    def folder(self) -> Path:
        """Where its chunks are cached."""
        return self.root / "features" / ".chunks" / self.name

    def path_of(self, chunk: Chunk) -> Path:
        """Return where one chunk's result is cached."""
        return self.folder / f"{chunk.key}.npz"


def divide(tracks: Sequence[Track], *, about: dict[str, Any]) -> list[Chunk]:
    """Divide tracks, sorted by id, into chunks of at most ``MAX_TRACKS``.

    Parameters
    ----------
    tracks : sequence of Track
        Sorted by id.
    about : dict
        Everything else that the values depend on; JSON.
    """
    chunks, current = [], []
    for number, track in enumerate(tracks, start=1):
        current.append(track)
        ends = hashlib.sha256(track.track.encode()).digest()[0] % MEAN_TRACKS == 0
        if ends or len(current) == MAX_TRACKS or number == len(tracks):
            contents = [[each.track, each.sha256] for each in current]
            text = json.dumps([about, contents], sort_keys=True)
            chunks.append(Chunk(key=hashlib.sha256(text.encode()).hexdigest(), tracks=tuple(current)))
            current = []
    return chunks


def code(extractor: str) -> dict[str, str]:
    """Identify the code that computes a feature's values.

    Returns
    -------
    dict of str to str
        Releases of the libraries, and the hash of this project's files that compute the feature: other features'
        and other encoders' do not count.
    """
    folder = Path(features.__path__[0])
    foreign = {*features.names(), *encoders.names()} - {extractor, *features.load(extractor).ENCODERS}
    readers = [path for pattern in READERS for path in sorted((folder.parent / "corpus").glob(pattern))]
    digest = hashlib.sha256()
    for path in [*readers, *sorted(folder.rglob("*.py"))]:
        if path.stem not in foreign:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return {"files": digest.hexdigest()} | {library: version(library) for library in _LIBRARIES}


def compute_all(
    chunks: Sequence[Chunk], *, job: Job, processes: int | None, report: Callable[[int], object]
) -> None:
    """Compute and cache chunks, side by side: on a cluster where one is named, else on this machine.

    Parameters
    ----------
    chunks : sequence of Chunk
        Those that are not cached.
    job : Job
        The feature.
    processes : int or None
        How many on this machine, of threads where an encoder runs; None for one a core.
    report : callable
        Takes the number of tracks just done.

    Raises
    ------
    ClusterError
        If the cluster cannot be reached, or fails; chunks that are done stay.
    """
    if not chunks:
        return
    if cluster.address():
        _on_cluster(chunks, job=job, report=report)
        return
    workers = min(processes or cores(), len(chunks))
    local: Callable[[], Executor]
    # Around all of it: threads that set and reset the limit each for themselves would undo each other's.
    with waveform.one_blas_thread():
        if workers < 2:
            for chunk in chunks:
                report(cache(chunk, job=job))
            return
        if features.load(job.block.extractor).ENCODERS:
            # Loaded once, and their arithmetic holds no lock: threads share it, one reads while another computes.
            local = partial(ThreadPoolExecutor, workers)
        else:
            method = _start_method(chunks)
            if method == "fork":
                # The smallest here: what it imports and compiles, the forked processes have.
                first, *chunks = sorted(chunks, key=lambda chunk: len(chunk.tracks))
                report(cache(first, job=job))
            local = partial(ProcessPoolExecutor, workers, mp_context=get_context(method), initializer=_start)
        with executors.executor(local) as pool:
            for _, tracks in executors.completed(pool, partial(cache, job=job), chunks):
                report(tracks)


def _on_cluster(chunks: Sequence[Chunk], *, job: Job, report: Callable[[int], object]) -> None:
    """Compute chunks on workers, which have the files of the corpus and nothing else of the data folder."""
    sent: Iterable[tuple[Chunk, Upstream | None]]
    if job.block.upstream is None:
        sent = ((replace(chunk, tracks=tuple(map(_placed, chunk.tracks))), None) for chunk in chunks)
    else:
        sent = ((chunk, _packed(_rows_of_feature(chunk, job=job))) for chunk in chunks)
    with executors.executor(ThreadPoolExecutor) as pool:
        for (chunk, _), values in executors.completed(pool, partial(_computed, job=job), sent):
            save(chunk, job=job, values=values)
            report(len(chunk.tracks))


def _placed(track: Track) -> Track:
    """Name a track's file so that it is found from any folder."""
    return track if locations.is_remote(track.path) else replace(track, path=str(Path(track.path).absolute()))


def _computed(sent: tuple[Chunk, Upstream | None], *, job: Job) -> Values:
    chunk, upstream = sent
    return compute(chunk, job=job, upstream=upstream)


def _start_method(chunks: Sequence[Chunk]) -> str:
    """Return how processes of the pool begin: forked where that is safe, since each imports all anew otherwise.

    A fork copies the thread that calls it and no other: a lock that another one holds would be held for ever.
    A bucket is read by such a thread, and the first chunk begins it. Outside Linux a system library may not survive it.
    """
    if sys.platform != "linux" or threading.active_count() > 1:
        return "spawn"
    return "spawn" if any(locations.is_remote(one.tracks[0].path) for one in chunks) else "fork"


def _start() -> None:
    """Prepare a process of the pool: one thread for its mathematics, and an end when its parent ends."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
    end_with_parent()


def cache(chunk: Chunk, *, job: Job) -> int:
    """Compute and cache one chunk; return its number of tracks."""
    save(chunk, job=job, values=compute(chunk, job=job))
    return len(chunk.tracks)


def compute(chunk: Chunk, *, job: Job, upstream: Upstream | None = None) -> Values:
    """Compute one chunk.

    Parameters
    ----------
    chunk : Chunk
        Its tracks.
    job : Job
        The feature.
    upstream : tuple, optional
        Rows of the feature that this one reads, if it reads one; read from the data folder by default.

    Raises
    ------
    FeatureError
        If a track's file is gone, has changed since it was listed, or gives no finite values.
    PretrainedError
        If an encoder's weights cannot be had here, or are not those of ``job``.
    """
    module = features.load(job.block.extractor)
    encoders = waveform.encoders_of(module, params=job.params)
    for encoder, sha256 in zip(encoders, job.weights, strict=False):
        if encoder.sha256 != sha256:
            raise PretrainedError(
                f"pretrained.{encoder.name} is {job.params.pretrained[encoder.name]!r}, whose weights have SHA-256 "
                f"{encoder.sha256[:12]} here and {sha256[:12]} where the stage began; valid: the same file or cache"
            )
    if job.block.upstream is None:
        clips, starts = map(list, zip(*(_clips(track, job=job) for track in chunk.tracks), strict=True))
    else:
        clips, starts = upstream or _rows_of_feature(chunk, job=job)
        clips = [np.asarray(one, dtype=np.float32) for one in clips]
    if job.view:
        view, draw = job.view
        clips = [augmentation.augment(one, module.SAMPLE_RATE, view=view, draw=draw) for one in clips]
    options = features.options(job.name, params=job.params)
    groups = clips
    if encoders and len({one.shape[1:] for one in clips}) == 1:
        groups = [np.concatenate(clips)]  # encoders take many tracks at once
    try:
        values = [waveform.apply(module, group, options=options, encoders=encoders) for group in groups]
    except FeatureError as error:
        raise FeatureError(f"{error}; tracks {chunk.tracks[0].track} to {chunk.tracks[-1].track}") from error
    check_shapes({block.shape[1:] for block in values}, job=job)
    return Values(
        values=store.as_bytes(np.concatenate(values)),
        starts=np.concatenate(starts),
        counts=np.array([len(one) for one in clips], dtype=np.int64),
    )


def check_shapes(shapes: set[tuple[int, ...]], *, job: Job) -> None:
    """Check that all rows have one shape.

    Raises
    ------
    FeatureError
        If they have not: whole tracks differ in length.
    """
    if len(shapes) > 1:
        raise FeatureError(
            f"features.{job.name}.unit is {job.block.unit!r}, and tracks of different length give rows of shapes "
            f"{', '.join(str(shape) for shape in sorted(shapes))}; valid: 'segment'"
        )


def _clips(track: Track, *, job: Job) -> tuple[np.ndarray, np.ndarray]:
    again = f"list the corpus again: `genre stage corpus {track.source} --verify`"
    try:
        path = locations.local(track.path)
        found = hashing.file(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FeatureError(
            f"track {track.track!r}: {track.path} cannot be read ({reason}) since it was listed; {again}"
        ) from error
    if found != track.sha256:
        raise FeatureError(f"track {track.track!r}: {track.path} has changed since it was listed; {again}")
    if job.source == "pictures":
        return image_files.read(path)[np.newaxis], np.zeros(1)
    segments, limits = job.params.segments, job.params.corpus
    try:
        y, rate = audio.decode(path, max_seconds=limits.max_seconds, max_bytes=limits.max_bytes)
        module = features.load(job.block.extractor)
        return waveform.cut(y, rate, module=module, unit=job.block.unit, segments=segments)
    except AudioError as error:
        raise FeatureError(f"track {track.track!r}: {track.path}: {error}") from error


def _rows_of_feature(chunk: Chunk, *, job: Job) -> Upstream:
    """Read the rows that a chunk is computed from."""
    meta = store.folder(job.source, root=job.root) / "meta.json"
    ids, begins, values = _opened(job.source, job.root, meta.stat().st_mtime_ns)
    rows = [
        (int(np.searchsorted(ids, track.track)), int(np.searchsorted(ids, track.track, side="right")))
        for track in chunk.tracks
    ]
    return (
        [store.read_rows(values, begin=first, end=last) for first, last in rows],
        [begins[first:last] for first, last in rows],
    )


def _packed(upstream: Upstream) -> Upstream:
    values, starts = upstream
    return [store.as_bytes(one) for one in values], starts


@lru_cache(maxsize=1)
def _opened(name: str, root: Path, _written: int) -> tuple[np.ndarray, np.ndarray, np.memmap]:
    # Not for every chunk anew: the index of a large corpus takes longer to read than a chunk's rows.
    index, values, _ = store.read(name, root=root)
    return index["track"].to_numpy(dtype=object), index["start"].to_numpy(), values


def save(chunk: Chunk, *, job: Job, values: Values) -> None:
    """Cache a chunk's result, whole or not at all."""
    with atomic.replacing(job.path_of(chunk)) as path:
        np.savez(path, **values._asdict())


def load(chunk: Chunk, *, job: Job) -> Values:
    """Read a chunk's result, its values as float32."""
    path = job.path_of(chunk)
    if not path.exists() and (kept := kept_rows.read(chunk.key, folder=job.folder)):
        return Values(np.asarray(kept[0], dtype=np.float32), *kept[1:])
    with np.load(path, allow_pickle=False) as cached:
        return Values(np.asarray(cached["values"], dtype=np.float32), cached["starts"], cached["counts"])


def is_cached(chunk: Chunk, *, job: Job) -> bool:
    """Check that a chunk's result can be read; one that a crash of the machine cut short is removed."""
    path = job.path_of(chunk)
    if not path.exists():
        return kept_rows.read(chunk.key, folder=job.folder) is not None
    try:
        values, starts, counts = load(chunk, job=job)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        path.unlink()
        return False
    return len(values) == len(starts) == counts.sum() and len(counts) == len(chunk.tracks)


def prune(chunks: Iterable[Chunk], *, job: Job) -> None:
    """Remove files of other chunks than these: those of an earlier corpus, other options or older code."""
    current = {job.path_of(chunk) for chunk in chunks}
    for path in job.folder.glob("*.npz"):
        if path not in current:
            path.unlink()
