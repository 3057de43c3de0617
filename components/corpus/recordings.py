"""The same recording in several files: of equal sound, or of an acoustic fingerprint equal but for few bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from components.core import connected
from components.core.errors import CorpusError
from components.core.formatting import plural
from components.corpus import fingerprint

if TYPE_CHECKING:
    import pandas as pd

#: Share of bits up to which two fingerprints are of one recording. Of 100 songs of GTZAN each two differ in 0.45 or
#: more; a song and its MP3 of 64 kbit/s in 0.03 at most, its AAC of 64 kbit/s in 0.12, a cut of 1,000 samples in 0.12.
ALIKE = 0.25
#: Words (of 0.37 s) that two fingerprints must share to be compared: fewer hold too few bits that are independent.
SHORTEST = 12
#: Frames by which one may begin earlier than the other.
SHIFTS = (-1, 0, 1)
#: Candidates are found by locality-sensitive hashing of bits (P. Indyk, R. Motwani, "Approximate nearest neighbors",
#: STOC 1998): equal in all of ``BITS`` bits, drawn once, in one of ``TABLES`` tables. Two that differ in 0.12 of their
#: bits are missed once in 20,000 times; of two songs one pair in 8,000 is looked at.
BITS, TABLES = 20, 128
#: Recordings of two labels that are named.
SHOWN = 10


def of(tracks: pd.DataFrame) -> pd.Series:
    """Name the recording of each track that is in several files.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``track``, ``sha256``, ``sound_sha256`` and ``fingerprint`` ('' where there is none), one row a track.

    Returns
    -------
    Series of str
        Index as ``tracks``: the first track of the recording, '' where no other file holds it.
    """
    alike_ones = alike(tracks["fingerprint"].tolist())
    recording = connected.rows(tracks, by=("sha256", "sound_sha256"), pairs=alike_ones)
    names = tracks["track"].groupby(recording).transform("min").astype(object)
    return names.where(recording.groupby(recording).transform("size") > 1, "")


def alike(fingerprints: list[str]) -> np.ndarray:
    """Find the pairs of fingerprints that are of one recording.

    Parameters
    ----------
    fingerprints : list of str
        From :meth:`components.corpus.fingerprint.Fingerprint.text`; '' where there is none.

    Returns
    -------
    ndarray of int, shape (pairs, 2)
        Places in the list, the smaller first.
    """
    words = [fingerprint.read(text) for text in fingerprints]
    windows = [(place, start) for place, own in enumerate(words) for start in _starts(own)]
    if len(windows) < 2:
        return np.empty((0, 2), dtype=int)
    long = np.array([place for place, _ in windows])
    starts = np.stack([words[place][start : start + SHORTEST] for place, start in windows])
    bits = np.unpackbits(starts.astype("<u4").view(np.uint8), axis=1, bitorder="little")
    generator = np.random.default_rng(0)
    weights = 1 << np.arange(BITS)
    found: set[tuple[int, int]] = set()
    for _ in range(TABLES):
        keys = bits[:, generator.choice(bits.shape[1], BITS, replace=False)] @ weights
        order = np.argsort(keys, kind="stable")
        # Of many that are equal neighbours suffice: they are compared, and tied through each other.
        near = np.flatnonzero(np.diff(keys[order]) == 0)
        ends = np.sort(np.stack([long[order[near]], long[order[near + 1]]], axis=1), axis=1)
        found.update(map(tuple, ends.tolist()))
    same = [
        pair
        for pair in sorted(found)
        if pair[0] != pair[1] and distance(words[pair[0]], words[pair[1]]) <= ALIKE
    ]
    return np.array(same, dtype=int).reshape(-1, 2)


def _starts(words: np.ndarray) -> list[int]:
    """Return the words from which a fingerprint is looked for: its first, or of one that begins with silence two."""
    sounding = np.flatnonzero(words)
    if not len(sounding):
        return []
    # Cut by a few samples, a recording may begin to sound in a frame before or after.
    starts = [0] if sounding[0] == 0 else [int(sounding[0]), int(sounding[0]) + 1]
    return [start for start in starts if start + SHORTEST <= len(words)]


def distance(left: np.ndarray, right: np.ndarray) -> float:
    """Return the least share of different bits of two fingerprints, over :data:`SHIFTS`, where both have words.

    Words in which both are silent count for nothing: otherwise silence would make any two songs alike.

    Parameters
    ----------
    left, right : ndarray of uint32, shape (words,)
        At least :data:`SHORTEST` words, the shorter of which may be the beginning of a longer one.

    Returns
    -------
    float
        0 for equal ones; two songs have about 0.5. 1 where fewer than :data:`SHORTEST` words are left.
    """
    shares = [1.0]
    for shift in SHIFTS:
        one, other = left[max(shift, 0) :], right[max(-shift, 0) :]
        length = min(len(one), len(other))
        sounding = np.count_nonzero(one[:length] | other[:length])
        if sounding >= SHORTEST - 1:
            shares.append(float(np.bitwise_count(one[:length] ^ other[:length]).sum()) / (32 * sounding))
    return min(shares)


def conflicts(tracks: pd.DataFrame) -> list[str]:
    """Name the recordings that have two labels.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``track``, ``genre``, ``recording`` (from :func:`of`).

    Returns
    -------
    list of str
        One sentence a recording: ``jazz/a (jazz) and rock/b (rock)``.
    """
    known = tracks[tracks["recording"] != ""]
    torn = known[known.groupby("recording")["genre"].transform("nunique") > 1]
    return [
        " and ".join(f"{row.track} ({row.genre})" for row in rows.itertuples())
        for _, rows in torn.groupby("recording")
    ]


def require_one_label(tracks: pd.DataFrame, *, allowed: int) -> None:
    """Name the recordings that have two labels, and fail where they are more than the params allow.

    Parameters
    ----------
    tracks : DataFrame
        As of :func:`conflicts`.
    allowed : int
        ``validation.max_conflicting_tracks``.

    Raises
    ------
    CorpusError
        Naming each recording's tracks and labels, at most :data:`SHOWN` recordings.
    """
    found = conflicts(tracks)
    shown = "; ".join(found[:SHOWN]) + (f" … and {len(found) - SHOWN} more" if len(found) > SHOWN else "")
    if len(found) > allowed:
        raise CorpusError(
            f"{plural(len(found), 'recording')} under two labels: {shown}; valid: one label each, or "
            f"validation.max_conflicting_tracks of {len(found)}"
        )
    if found:
        print(f"{plural(len(found), 'recording')} under two labels: {shown}")
