"""Chunks of tracks: the unit that is computed at once, kept, and never computed twice.

Where a chunk ends depends on the tracks' names alone, so a new track changes the chunk it falls into and no
other. A chunk's key is the hash of everything that its values depend on: the tracks' contents, the options,
the encoder's weights and the code. Chunks lie beside the features, in ``features/.chunks/<feature>/``, and stay
there: DVC deletes a stage's output before it runs the stage again, and a changed track must not cost the rest.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from components.core import atomic

#: Tracks a chunk holds on average: seconds of work, and little memory.
MEAN_TRACKS = 8
#: A chunk never holds more.
MAX_TRACKS = 16
#: Releases that may change a value's last bits.
_LIBRARIES = ("numpy", "scipy", "librosa", "soundfile", "soxr", "tensorflow", "keras")


@dataclass(frozen=True)
class Track:
    """One track of a chunk.

    Attributes
    ----------
    track : str
        Its id.
    path : str
        Where its file lies; '' if the feature reads another feature.
    sha256 : str
        Of what it is computed from.
    """

    track: str
    path: str
    sha256: str


@dataclass(frozen=True)
class Chunk:
    """Tracks that are computed together, and the key of the result."""

    key: str
    tracks: tuple[Track, ...]


def divide(tracks: Sequence[Track], *, about: dict[str, Any]) -> list[Chunk]:
    """Divide tracks into chunks.

    Parameters
    ----------
    tracks : sequence of Track
        Sorted by id.
    about : dict
        Everything else that the values depend on; JSON.

    Returns
    -------
    list of Chunk
        In order; at most ``MAX_TRACKS`` tracks each.
    """
    chunks, current = [], []
    for track in tracks:
        current.append(track)
        ends = hashlib.sha256(track.track.encode()).digest()[0] % MEAN_TRACKS == 0
        if ends or len(current) == MAX_TRACKS:
            chunks.append(_chunk(current, about=about))
            current = []
    if current:
        chunks.append(_chunk(current, about=about))
    return chunks


def _chunk(tracks: Iterable[Track], *, about: dict[str, Any]) -> Chunk:
    tracks = tuple(tracks)
    contents = [[track.track, track.sha256] for track in tracks]
    text = json.dumps([about, contents], sort_keys=True)
    return Chunk(key=hashlib.sha256(text.encode()).hexdigest(), tracks=tracks)


def code(name: str, *, others: Iterable[str]) -> dict[str, str]:
    """Say which code computes a feature's values.

    Parameters
    ----------
    name : str
        The feature.
    others : iterable of str
        All features: the files of those that are not ``name`` do not count.

    Returns
    -------
    dict of str to str
        Releases of the libraries, and the hash of this project's files that compute the feature.
    """
    here = Path(__file__).parent.parent
    foreign = set(others) - {name}
    digest = hashlib.sha256()
    for path in [here.parent / "corpus" / "audio.py", *sorted(here.rglob("*.py"))]:
        if path.stem not in foreign:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return {"files": digest.hexdigest()} | {library: version(library) for library in _LIBRARIES}


def folder(name: str, *, root: Path) -> Path:
    """Return where a feature's chunks are kept."""
    return Path(root) / "features" / ".chunks" / name


def path_of(chunk: Chunk, *, place: Path) -> Path:
    """Return where one chunk's result is kept."""
    return place / f"{chunk.key}.npz"


def save(chunk: Chunk, *, place: Path, values: np.ndarray, starts: np.ndarray, counts: Sequence[int]) -> None:
    """Keep a chunk's result, whole or not at all.

    Parameters
    ----------
    chunk : Chunk
        The chunk.
    place : Path
        From :func:`folder`.
    values : ndarray of float32, shape (rows, ...)
        All rows of its tracks.
    starts : ndarray of float64, shape (rows,)
        Where each begins, in seconds.
    counts : sequence of int
        Rows of each track.
    """
    # Pictures are whole numbers of 0 to 255: kept in a quarter of the space, and nothing lost.
    small = values.astype(np.uint8) if values.min() >= 0 and values.max() <= 255 else values
    with atomic.replacing(path_of(chunk, place=place)) as path:
        np.savez(
            path,
            values=small if np.array_equal(small, values) else values,
            starts=starts,
            counts=np.asarray(counts, dtype=np.int64),
        )


def load(chunk: Chunk, *, place: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read a chunk's result.

    Parameters
    ----------
    chunk : Chunk
        The chunk.
    place : Path
        From :func:`folder`.

    Returns
    -------
    tuple of ndarray
        Values (float32), starts and counts, as :func:`save` took them.
    """
    with np.load(path_of(chunk, place=place), allow_pickle=False) as kept:
        return np.asarray(kept["values"], dtype=np.float32), kept["starts"], kept["counts"]


def is_kept(chunk: Chunk, *, place: Path) -> bool:
    """Say whether a chunk's result can be read; one that a crash of the machine cut short is removed."""
    path = path_of(chunk, place=place)
    if not path.exists():
        return False
    try:
        values, starts, counts = load(chunk, place=place)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        path.unlink()
        return False
    return len(values) == len(starts) == counts.sum() and len(counts) == len(chunk.tracks)


def prune(chunks: Iterable[Chunk], *, place: Path) -> None:
    """Remove results that no chunk of the present corpus and options asks for.

    Parameters
    ----------
    chunks : iterable of Chunk
        The present ones.
    place : Path
        From :func:`folder`.
    """
    wanted = {path_of(chunk, place=place) for chunk in chunks}
    for path in place.iterdir():
        if path not in wanted:
            path.unlink()
