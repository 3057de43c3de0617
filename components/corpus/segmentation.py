"""Segments of a decoded track: how many it gives, where they lie, and their samples."""

from __future__ import annotations

import zlib

import numpy as np

from components.config.params import SegmentsParams
from components.core.errors import AudioError


def segment_count(samples: int, sample_rate: int, *, segments: SegmentsParams) -> int:
    """Count the segments that a track gives, from its length as recorded.

    Parameters
    ----------
    samples, sample_rate : int
        Length and rate (Hz) of the file, before any resampling.
    segments : SegmentsParams
        Length of a segment, at most how many, and the shortest track that is repeated until it fills one.

    Returns
    -------
    int
        0 to ``per_track``: 0 where the track is shorter than ``shortest``.
    """
    whole = min(segments.per_track, samples // round(segments.seconds * sample_rate))
    return whole or int(samples >= segments.shortest * sample_rate)


def places(y: np.ndarray, sample_rate: int, *, segments: SegmentsParams) -> np.ndarray:
    """Choose the segments of a track that are used, of those that lie end to end from its start.

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        Mono audio that holds a segment.
    sample_rate : int
        Hz, as recorded.
    segments : SegmentsParams
        Length and largest number of segments, and where they lie.

    Returns
    -------
    ndarray of int64, shape (count,)
        Their numbers from 0, in order. A track that holds no more than ``per_track`` gives all of them, wherever they
        are to lie.
    """
    there = len(y) // round(segments.seconds * sample_rate)
    count = segment_count(len(y), sample_rate, segments=segments)
    if segments.place == "start" or count >= there:
        return np.arange(count)
    if segments.place == "spread":
        # The middle of each of ``count`` equal parts.
        return (2 * np.arange(count) + 1) * there // (2 * count)
    # By its sound, so that another name or another order of the tracks changes nothing.
    generator = np.random.default_rng([segments.seed, zlib.crc32(np.ascontiguousarray(y).data)])
    return np.sort(generator.choice(there, count, replace=False))


def used(y: np.ndarray, sample_rate: int, *, segments: SegmentsParams) -> np.ndarray:
    """Return the segments of a track that are used, one after the other.

    Parameters
    ----------
    y, sample_rate, segments
        As of :func:`places`; a track that does not hold a segment is returned as it is.
    """
    length = round(segments.seconds * sample_rate)
    there = len(y) // length
    if not there:
        return y
    numbers = places(y, sample_rate, segments=segments)
    return y[: there * length].reshape(there, length)[numbers].reshape(-1)


def filled(y: np.ndarray, sample_rate: int, *, segments: SegmentsParams) -> np.ndarray:
    """Repeat a track that is shorter than a segment until it fills one.

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        Mono audio.
    sample_rate : int
        Hz, as recorded.
    segments : SegmentsParams
        As of :func:`segment_count`.

    Returns
    -------
    ndarray of float32, shape (samples,)
        ``y`` itself where it holds a segment.

    Raises
    ------
    AudioError
        If it is shorter than ``segments.shortest``.
    """
    if not segment_count(len(y), sample_rate, segments=segments):
        raise AudioError(f"{len(y) / sample_rate:.2f} s long; valid: {segments.shortest:g} s or more")
    length = round(segments.seconds * sample_rate)
    return y if len(y) >= length else np.resize(y, length)


def segments(y: np.ndarray, sample_rate: int, *, seconds: float, count: int) -> np.ndarray:
    """Cut the first ``count`` segments of a track, end to end from its start.

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        Mono audio.
    sample_rate : int
        Hz.
    seconds : float
        Length of a segment.
    count : int
        How many, from :func:`segment_count` on the length as recorded.

    Returns
    -------
    ndarray of float32, shape (count, round(seconds * sample_rate))
        The segments. Resampling may leave the last one a few samples short: those are zero.

    Raises
    ------
    AudioError
        If there is not one whole segment, or ``y`` is more than a few samples short.
    """
    length = round(seconds * sample_rate)
    missing = count * length - len(y)
    if count < 1:
        raise AudioError(f"{len(y) / sample_rate:.2f} s long, shorter than one segment of {seconds:g} s")
    if missing > 8:
        raise AudioError(
            f"{len(y)} samples at {sample_rate} Hz do not hold {count} segments of {seconds:g} s"
        )
    if missing > 0:
        y = np.pad(y, (0, missing))
    return y[: count * length].reshape(count, length)
