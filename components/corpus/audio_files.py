"""Whether a file can be used as a track. Each is opened once, read in blocks, and never trusted."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import replace
from io import BufferedReader
from typing import TYPE_CHECKING

import numpy as np

from components.config.params import Params
from components.corpus import audio
from components.corpus.store import Row

if TYPE_CHECKING:
    import soundfile

#: Samples (of all channels) held at once while reading: 4 MiB.
BLOCK = 1 << 20
#: Two steps of a 16-bit sample: what dithered digital silence reaches from peak to peak.
SILENCE = 2.0 / 32768.0
#: A size in a header from here on (2 GiB less a page) is a streaming encoder's "not known yet".
UNKNOWN_SIZE = 0x7FFFF000
_PROMISED = re.compile(r"(?:data|Data Size|SSND)\s*: (\d+) \(should be (\d+)\)")


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
        With seconds, sample rate (Hz), samples (a channel), segments and the SHA-256 of the decoded sound; or with a
        fault, and what was measured before it.
    """
    import soundfile

    handle = file.fileno()
    magic = os.pread(handle, 4, 0)
    os.lseek(handle, 0, os.SEEK_SET)
    try:
        with soundfile.SoundFile(handle, closefd=False) as sound:
            row = replace(row, sample_rate=sound.samplerate)
            fault = _header_fault(sound, max_seconds=params.corpus.max_seconds)
            if fault:
                return replace(row, fault=fault)
            samples, lowest, highest, unfinite, sha256 = _measured(sound)
            rate, promised, log = sound.samplerate, sound.frames, sound.extra_info
    except (soundfile.SoundFileError, RuntimeError, ValueError):
        if row.sample_rate:
            return replace(row, fault="damaged: decoding stops part of the way")
        foreign = row.path.lower().endswith(".wav") and magic not in (b"RIFF", b"RIFX", b"RF64")
        return replace(row, fault="no RIFF header" if foreign else "no audio header that can be read")
    row = replace(row, samples=samples, seconds=samples / rate)
    if samples < promised or "lacks an end-of-stream bit" in log:
        return replace(row, fault=f"truncated: ends after {row.seconds:.2f} s, short of its header's length")
    if samples == 0:
        return replace(row, fault="empty: no samples")
    if unfinite:
        return replace(row, fault=f"not finite: {unfinite} samples are NaN or infinite")
    cut = params.segments
    segments = audio.segment_count(samples, rate, segments=cut)
    if segments == 0:
        return replace(row, fault=f"too short: {row.seconds:.2f} s, segments.shortest is {cut.shortest:g}")
    if highest - lowest <= SILENCE:
        return replace(row, fault="silent")
    return replace(row, segments=segments, sound_sha256=sha256)


def _header_fault(sound: soundfile.SoundFile, *, max_seconds: float) -> str:
    """Apply what can be applied before any decoding."""
    if fault := audio.unusable(sound):
        return fault
    seconds = sound.frames / sound.samplerate
    size = _PROMISED.search(sound.extra_info)
    if size and int(size[1]) < UNKNOWN_SIZE and int(size[1]) > int(size[2]) > 0:
        promised = seconds * int(size[1]) / int(size[2])
        return f"truncated: the header promises {promised:.2f} s, the file holds {seconds:.2f} s"
    if seconds > max_seconds:
        return f"too long: {seconds:.2f} s, corpus.max_seconds is {max_seconds:g}"
    return ""


def _measured(sound: soundfile.SoundFile) -> tuple[int, float, float, int, str]:
    """Decode a file in blocks of ``BLOCK`` samples: samples, lowest, highest, how many not finite, and their hash.

    The hash is that of :func:`components.corpus.audio.sound_sha256`.
    """
    digest = hashlib.sha256()
    samples, unfinite = 0, 0
    lowest, highest = np.inf, -np.inf
    frames = max(1, BLOCK // sound.channels)
    while len(block := sound.read(frames, dtype="float32", always_2d=True)):
        samples += len(block)
        # Models read the mean of the channels: two channels in opposite phase are silence to them.
        mono = block[:, 0] if sound.channels == 1 else block.mean(axis=1)
        digest.update(np.ascontiguousarray(mono, dtype=np.float32).data)
        low, high = float(mono.min()), float(mono.max())
        if not np.isfinite(low) or not np.isfinite(high):
            unfinite += int(np.count_nonzero(~np.isfinite(mono)))
            continue
        lowest, highest = min(lowest, low), max(highest, high)
    return samples, lowest, highest, unfinite, digest.hexdigest()
