"""Whether a file can be used as a track. Each is decoded once, in blocks, and never trusted."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from io import BufferedReader

import numpy as np

from components.config.params import Params
from components.core.errors import AudioError
from components.corpus import audio, credits, decoding, segmentation, tags
from components.corpus.fingerprint import Fingerprint
from components.corpus.store import Row

#: Two steps of a 16-bit sample: what dithered digital silence reaches from peak to peak.
SILENCE = 2.0 / 32768.0


class Measured:
    """What a file's sound is found to be while it is decoded.

    Parameters
    ----------
    sample_rate : int
        Hz.

    Attributes
    ----------
    samples : int
        So far.
    lowest, highest : float
        Of the finite ones.
    unfinite : int
        How many are NaN or infinite.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate, self.samples, self.unfinite = sample_rate, 0, 0
        self.lowest, self.highest = float("inf"), float("-inf")
        self._digest, self._fingerprint = hashlib.sha256(), Fingerprint(sample_rate)

    def add(self, block: np.ndarray) -> None:
        """Take the next samples. Models read the mean of the channels, and so does this."""
        self.samples += len(block)
        self._digest.update(np.ascontiguousarray(block, dtype=np.float32).data)
        low, high = float(block.min()), float(block.max())
        if not np.isfinite(low) or not np.isfinite(high):
            self.unfinite += int(np.count_nonzero(~np.isfinite(block)))
            return
        self.lowest, self.highest = min(self.lowest, low), max(self.highest, high)
        self._fingerprint.add(block)

    @property
    def sha256(self) -> str:
        """The hash of the samples so far, as :func:`components.corpus.audio.sound_sha256`."""
        return self._digest.hexdigest()

    @property
    def fingerprint(self) -> str:
        """The acoustic fingerprint of the whole sound; to be taken once, at its end."""
        return self._fingerprint.text()


def measure(row: Row, file: BufferedReader, *, params: Params) -> Row:
    """Measure one track, or name its fault.

    Parameters
    ----------
    row : Row
        Its row.
    file : file object
        The open file.
    params : Params
        For ``corpus.max_seconds`` and ``segments``.

    Returns
    -------
    Row
        With seconds, sample rate (Hz), samples (a channel), segments, the SHA-256 of the decoded sound, and what of it
        is lost, and what its tags say; or with a fault, and what was measured before it.
    """
    # One after the other: mutagen's errors hold each other and all frames above, so what took the sound would stay.
    row = _measured(row, file, params=params)
    return row if row.fault else credited(row, file)


def _measured(row: Row, file: BufferedReader, *, params: Params) -> Row:
    handle = file.fileno()
    try:
        played = decoding.play(handle, make=Measured, max_seconds=params.corpus.max_seconds)
    except AudioError as error:
        return replace(row, fault=audio.reason(error, handle=handle, name=row.path))
    found, rate = played.receiver, played.sample_rate
    row = replace(row, sample_rate=rate, samples=played.samples, seconds=played.samples / rate)
    row = replace(row, lost=round(played.lost, 6), damage=played.damage)
    if played.samples == 0:
        return replace(row, fault="empty: no samples")
    if found.unfinite:
        return replace(row, fault=f"not finite: {found.unfinite} samples are NaN or infinite")
    cut = params.segments
    segments = segmentation.segment_count(played.samples, rate, segments=cut)
    if segments == 0:
        return replace(row, fault=f"too short: {row.seconds:.2f} s, segments.shortest is {cut.shortest:g}")
    if found.highest - found.lowest <= SILENCE:
        return replace(row, fault="silent")
    return replace(row, segments=segments, sound_sha256=found.sha256, fingerprint=found.fingerprint)


def credited(row: Row, file: BufferedReader) -> Row:
    """Add the tags of an open file: its genre, and artist and album where no manifest has said them.

    Tags that cannot be read are none, and named as damage: the sound can be used without.
    """
    try:
        found = tags.read(file)
    except AudioError as error:
        return replace(row, damage="; ".join(filter(None, (row.damage, str(error)))))
    return replace(
        row,
        tagged=found.genre,
        artist=row.artist or found.artist or found.album_artist,
        album=row.album or credits.album_of(found.album, album_artist=found.album_artist),
    )
