"""A song in stretches as long as a track was in training, cut while it is decoded: an hour takes the memory of one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from components.config.params import SegmentsParams


class Stretches:
    """Cut a song that comes in blocks.

    Stretches lie end to end. What remains at the end becomes one of its own if it holds a segment (``whole``: half a
    stretch); otherwise it belongs to the last.

    Parameters
    ----------
    sample_rate : int
        Hz.
    segments : SegmentsParams
        A stretch is ``per_track`` segments of ``seconds``.
    whole : bool
        Whether a stretch is one row, and so should not be far shorter than in training; otherwise each of its
        segments is.
    """

    def __init__(self, sample_rate: int, *, segments: SegmentsParams, whole: bool) -> None:
        self._length = round(segments.seconds * segments.per_track * sample_rate)
        self._least = self._length // 2 if whole else round(segments.seconds * sample_rate)
        self._blocks: list[np.ndarray] = []
        self._held = self._start = 0

    def add(self, block: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Take the next samples, and yield each stretch that they end, with the sample that it begins at."""
        self._blocks.append(block)
        self._held += len(block)
        # Only then it is sure that what follows will be a stretch of its own.
        while self._held >= self._length + self._least:
            held = self._joined()
            yield self._start, held[: self._length]
            # A copy: a view would keep all of it.
            self._blocks = [held[self._length :].copy()]
            self._start += self._length
            self._held -= self._length

    def end(self) -> tuple[int, np.ndarray]:
        """Return the last stretch, which may be shorter or longer than the others."""
        return self._start, self._joined()

    def _joined(self) -> np.ndarray:
        return (
            self._blocks[0]
            if len(self._blocks) == 1
            else np.concatenate(self._blocks or [np.zeros(0, np.float32)])
        )
