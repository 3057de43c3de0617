"""Predictions that are not to be relied on: of songs that a model is unsure of, or that are unlike its training.

Both limits come from validation songs, which the first fit has not seen: how probable the first genre has to be to be
right often enough, and how far from the songs of the training one may lie.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from components.config.params import UnsureParams
from components.core.errors import RegistryError
from components.serving import drift

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: Songs of the training that a song is compared with: its nearest ones, as in Angiulli and Pizzuti (2002),
#: "Fast outlier detection in high dimensional spaces".
NEAREST = 3
#: Columns that hardly vary count as if they varied by this share of the median column: units of an encoder that no
#: song of the training excites would outweigh all others.
FLOOR = 0.25
#: Columns that are never negative, such as variances and units after a ReLU, spread over orders of magnitude: they are
#: compared by their logarithms, once this share of their mean is added, below which a value counts as silence does.
SILENCE = 0.1
#: Moments of a segment from which on their standard deviation says something: of fewer it is itself uncertain by more
#: than an eighth, one over the root of twice their number.
MOMENTS = 32


def summary(values: Sequence[np.ndarray]) -> NDArray[np.float32]:
    """Summarise a song's feature rows: what each watched column is, and how it varies within a segment.

    Noise has the mean spectrum of some music, but does not vary as music does.

    Parameters
    ----------
    values : sequence of ndarray of float32, each of shape (rows, ..., columns)
        The song's rows, feature by feature; axes between are moments in time.

    Returns
    -------
    ndarray of float32
        The means of :func:`components.serving.drift.summary`; then of each feature with :data:`MOMENTS` or more the
        standard deviations over the moments of a row, their mean over rows.
    """
    parts = [drift.summary(values)]
    for rows in values:
        watched = drift.watched(rows)
        moments = watched.reshape(len(rows), -1, watched.shape[-1])
        if moments.shape[1] >= MOMENTS:
            parts.append(moments.std(axis=1, dtype=np.float64).mean(axis=0).astype(np.float32))
    return np.concatenate(parts)


def segments(values: Sequence[np.ndarray]) -> int:
    """Return of how many segments a song's feature rows are: 1 where a row is the whole song."""
    return max(map(len, values))


def stretches(values: Sequence[np.ndarray]) -> Iterator[list[np.ndarray]]:
    """Cut a song's feature rows into stretches of 1, 2, 4 … segments, for as long as they are shorter than it.

    Parameters
    ----------
    values : sequence of ndarray, each of shape (rows, ...)
        The song's rows, feature by feature. A feature of whole songs stays as it is.
    """
    whole = segments(values)
    length = 1
    while length < whole:
        for start in range(0, whole - length + 1, length):
            yield [rows[start : start + length] if len(rows) == whole else rows for rows in values]
        length *= 2


@dataclass(frozen=True)
class Limits:
    """When a prediction is unsure.

    Attributes
    ----------
    confidence : float
        The least probability of the first genre; above 1 where none was right often enough.
    distance : float
        The largest distance of a song from the training, see :meth:`Certainty.distances`.
    by_segments : dict of int to float
        That of songs with so many segments or more, the most first; where it is empty, ``distance`` is that of all.
    kept : float
        Share of validation songs that have this confidence, 0 to 1.
    precision : float
        Share of those that are right, at least.
    """

    confidence: float
    distance: float
    kept: float
    precision: float
    by_segments: dict[int, float] = field(default_factory=dict)

    def distance_of(self, segments: int) -> float:
        """Return the largest distance of a song with so many segments: the fewer, the farther their mean lies."""
        return next((far for least, far in self.by_segments.items() if least <= segments), self.distance)

    def reason(self, *, confidence: float, distance: float, segments: int) -> str:
        """Say why a song is unsure; '' where it is not.

        Parameters
        ----------
        confidence : float
            Probability of its first genre, 0 to 1.
        distance : float
            From :meth:`Certainty.distances`.
        segments : int
            From :func:`segments`; 1 or more.
        """
        farthest = self.distance_of(segments)
        if distance > farthest:
            # Where songs of validation are all in the training too, as of a test, there is nothing to compare with.
            times = distance / farthest if farthest else 1.0
            far = f" ({times:.1f} times as far as validation songs)" if times >= 1.05 else ""
            return f"unlike its training{far}"
        if confidence >= self.confidence:
            return ""
        if self.confidence > 1:
            return f"no confidence was right for {self.precision:.0%} of validation songs"
        return f"confidence below {self.confidence:.0%}"


@dataclass(frozen=True)
class Certainty:
    """What a model keeps of its training and validation songs, to know what it does not know.

    Attributes
    ----------
    songs : ndarray of float, shape (songs, columns)
        Those that it was fitted on, from :func:`summary`; 1 or more.
    confidence : ndarray of float, shape (validation songs,)
        Probability of each one's first genre, by the first fit.
    right : ndarray of bool, shape (validation songs,)
        Whether that genre is the song's.
    distance : ndarray of float, shape (validation songs,)
        How far each is from the songs of the first fit, in any order.
    whole : int
        Segments of the usual validation song; 0 of models that were logged before.
    stretches : ndarray of int, shape (stretches,)
        Segments of each stretch of a validation song, from :func:`stretches`; none of models logged before.
    stretch_distance : ndarray of float, shape (stretches,)
        How far each is from the songs of the first fit.
    means_only : bool
        Whether songs are compared by their means alone, as they are: those of models that were logged before.
    """

    songs: NDArray[np.floating]
    confidence: NDArray[np.floating]
    right: NDArray[np.bool_]
    distance: NDArray[np.floating]
    whole: int = 0
    stretches: NDArray[np.integer] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    stretch_distance: NDArray[np.floating] = field(default_factory=lambda: np.zeros(0))
    means_only: bool = False

    def save(self, path: Path) -> None:
        """Write it as ``.npz``."""
        np.savez(path, **{each.name: getattr(self, each.name) for each in fields(self)})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read it.

        Raises
        ------
        RegistryError
            If the file is damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as held:
                found = {each.name: held[each.name] for each in fields(cls) if each.name in held}
                # Files of models that were logged before do not say.
                plain = {
                    "whole": int(found.get("whole", 0)),
                    "means_only": bool(found.get("means_only", True)),
                }
                return cls(**found | plain)
        except (TypeError, ValueError, EOFError, OSError) as error:
            raise RegistryError(f"{path.name} of the model cannot be read ({error})") from error

    @cached_property
    def _silence(self) -> NDArray[np.float64]:
        """Of each column what is added before its logarithm; 0 where it is compared as it is."""
        values = np.asarray(self.songs, dtype=np.float64)
        positive = (values >= 0).all(axis=0) & (not self.means_only)
        return np.where(positive, SILENCE * values.mean(axis=0), 0.0)

    def _scaled(self, songs: Sequence[ArrayLike] | NDArray[np.floating]) -> NDArray[np.float64]:
        # Of none too: a feature of whole songs has no stretches.
        values = np.array(songs, dtype=np.float64) if len(songs) else np.zeros((0, self.songs.shape[1]))
        values = values[:, : self.songs.shape[1]]
        logarithmic = self._silence > 0
        values[:, logarithmic] = np.log(np.maximum(values[:, logarithmic], 0.0) + self._silence[logarithmic])
        return values

    @cached_property
    def _standard(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Centre, spread, and the songs in standard deviations."""
        values = self._scaled(self.songs)
        centre, spread = values.mean(axis=0), values.std(axis=0)
        varying = spread[spread > 0]
        spread = np.maximum(spread, FLOOR * float(np.median(varying)) if len(varying) else 1.0)
        return centre, spread, (values - centre) / spread

    def distances(self, songs: Sequence[ArrayLike] | NDArray[np.floating]) -> NDArray[np.float64]:
        """Return how far songs lie from those of the training: the mean distance to the :data:`NEAREST` of them.

        Parameters
        ----------
        songs : array_like of float, shape (songs, columns)
            From :func:`summary`; none or more.

        Returns
        -------
        ndarray of float64, shape (songs,)
            Root mean squares over columns, in standard deviations of the training; of the columns' logarithms where
            they are never negative.
        """
        centre, spread, known = self._standard
        nearest = min(NEAREST, len(known))
        values = (self._scaled(songs) - centre) / spread
        squares = (((known - value) ** 2).mean(axis=1) for value in values)
        return np.array([np.sqrt(np.partition(row, nearest - 1)[:nearest]).mean() for row in squares])

    def limits(self, unsure: UnsureParams) -> Limits:
        """Choose the limits.

        Parameters
        ----------
        unsure : UnsureParams
            What they are to hold.

        Returns
        -------
        Limits
            The smallest confidence from which on validation songs are right often enough, and the distance that the
            share ``unsure.alike`` of them keeps to, and of their stretches.
        """
        farthest = float(np.quantile(self.distance, unsure.alike))
        by_segments = {self.whole: farthest} if self.whole else {}
        # The mean of fewer segments is never nearer; of few songs the shares alone would not be in this order.
        for length in np.unique(self.stretches[self.stretches < self.whole])[::-1].tolist():
            of_length = float(np.quantile(self.stretch_distance[self.stretches == length], unsure.alike))
            by_segments[length] = max(of_length, *by_segments.values())
        order = np.argsort(-self.confidence, kind="stable")
        confidence = self.confidence[order]
        precision = np.cumsum(self.right[order]) / np.arange(1, len(order) + 1)
        # Songs of one confidence are sure or unsure together.
        ends = np.append(confidence[1:] < confidence[:-1], True)
        enough = np.flatnonzero((precision >= unsure.precision) & ends)
        least = float(confidence[enough[-1]]) if len(enough) else 2.0
        return Limits(
            confidence=least,
            distance=farthest,
            kept=float(np.mean(self.confidence >= least)),
            precision=unsure.precision,
            by_segments=by_segments,
        )
