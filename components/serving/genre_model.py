"""A trained model with all it needs: audio in; genre, probabilities and a timeline out."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

import numpy as np

from components.core import devices
from components.core.errors import GenreError, PretrainedError
from components.corpus import audio
from components.features.encoders.base import UNTRAINED
from components.features.pipeline import compute
from components.features.pipeline.record import FeatureRecord
from components.features.pipeline.stretches import Stretches
from components.results import ensemble
from components.results import record as records
from components.results.record import ModelRecord
from components.serving import certainty, litert, safe_keras
from components.serving.certainty import Certainty, Limits
from components.serving.prediction import Prediction, Segment

if TYPE_CHECKING:
    import pandas as pd

    from components.config.params import CorpusParams, Params

#: Share of the songs fitted on that are left aside as unusually short: a few clips calibrate nothing.
SHORTEST_FEW = 0.05
#: Feature rows that a model is given at a time, so that an hour costs no more memory than a song.
ROWS = 256
#: Songs of one call decoded and extracted side by side, stretch by stretch.
THREADS = 4


class Rows(NamedTuple):
    """Rows of one feature of a song.

    Attributes
    ----------
    values : ndarray of float32, shape (rows, ...)
        One row a segment; for a feature of whole tracks, one a stretch as long as a track in training.
    starts : ndarray of float64, shape (rows,)
        Where each begins, in seconds.
    """

    values: np.ndarray
    starts: np.ndarray


class Extracted(NamedTuple):
    """What is computed of a song.

    Attributes
    ----------
    rows : dict of str to Rows
        By feature, each feature's computed once.
    seconds : float
        How long it is, of what could be decoded.
    lost : float
        Seconds of it that could not be.
    damage : str
        Why, or what else is wrong with its file; '' for a sound one.
    """

    rows: dict[str, Rows]
    seconds: float
    lost: float = 0.0
    damage: str = ""


class Network(Protocol):
    """A network that is loaded: Keras' own model, or what runs its export."""

    def predict_on_batch(self, x: np.ndarray) -> np.ndarray:
        """Give each row of a feature its probabilities, shape (rows, genres)."""
        ...


class GenreModel:
    """Decode, cut, extract, predict, aggregate: one genre a song.

    Parameters
    ----------
    record : ModelRecord
        What it is made of.
    params : Params
        Those it was trained with, its encoders' weights being its own.
    networks : mapping of str to Network
        By model: one, or an ensemble's members.
    artifacts : mapping of str to str
        Its files, see :meth:`load`.
    """

    def __init__(
        self,
        record: ModelRecord,
        *,
        params: Params,
        networks: Mapping[str, Network],
        artifacts: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.record, self.params, self.networks, self.artifacts = record, params, networks, artifacts
        #: Which predictions are marked as unsure; whoever loads a model may have another mind.
        self.unsure = params.unsure

    @classmethod
    def load(cls, artifacts: Mapping[str, str]) -> Self:
        """Load a model.

        Parameters
        ----------
        artifacts : mapping of str to str
            The paths of its files: ``training`` (``training.json``); for each of its networks ``network_<model>``
            (``.keras``) and, where it has an export, ``litert_<model>`` (``.tflite``), which then runs; ``songs``
            (``songs.parquet``: the songs of its split, and which it was fitted on); ``reference`` (those, summarised
            by :mod:`components.serving.drift`); ``certainty`` (see :mod:`components.serving.certainty`); and, for each
            trained encoder that its features run, ``encoder_<name>`` (the encoder's weights) and, where they have
            exports, ``litert_encoder_<name>``, which then run.

        Raises
        ------
        KeyError
            If a file is not among them.
        RegistryError
            If a network cannot be loaded.
        TrainingError
            If the record is damaged.
        """
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        devices.share_memory()
        record = records.read_file(Path(artifacts["training"]), remedy="`genre run` logs it again")
        for needed in ("songs", "reference", "certainty"):
            artifacts[needed]
        # The weights it was trained on, also where others are at hand by now.
        weights = {
            encoder.encoder: artifacts[f"encoder_{encoder.encoder}"] if encoder.trained else UNTRAINED
            for encoder in record.encoders
        }
        weights |= {
            name: artifacts[f"litert_encoder_{name}"]
            for name in weights
            if f"litert_encoder_{name}" in artifacts
        }
        networks = {
            network.model: loaded_network(network.model, artifacts=artifacts)
            for _, network in record.networks
        }
        params = record.params.model_copy(update={"pretrained": weights})
        return cls(record, params=params, networks=networks, artifacts=artifacts)

    @property
    def rows_are_alone(self) -> bool:
        """Whether a row's probabilities are the same to the last bit whichever rows are predicted with it."""
        return all(isinstance(network, litert.LiteNetwork) for network in self.networks.values())

    @cached_property
    def songs(self) -> pd.DataFrame:
        """The songs of its split, see :func:`components.splits.store.songs`; and which it was ``fitted`` on."""
        import pandas as pd

        return pd.read_parquet(self.artifacts["songs"])

    @cached_property
    def reference(self) -> pd.DataFrame:
        """The songs it was fitted on, see :func:`components.serving.drift.reference`."""
        import pandas as pd

        return pd.read_parquet(self.artifacts["reference"])

    @cached_property
    def certainty(self) -> Certainty:
        """Which of its predictions are not to be relied on."""
        return Certainty.load(Path(self.artifacts["certainty"]))

    @cached_property
    def limits(self) -> Limits:
        """When a prediction of it is unsure, by :attr:`unsure`."""
        return self.certainty.limits(self.unsure)

    def predict_songs(self, songs: Sequence[bytes | str | Path]) -> list[Prediction | GenreError]:
        """Predict the genre of each song, given as a file's content or its path; a bad song spoils no other.

        Returns
        -------
        list of Prediction or GenreError
            For each song its prediction, or why there is none.
        """
        return self.predict_extracted(self.extract(songs))

    def extract(self, songs: Sequence[bytes | str | Path]) -> list[Extracted | GenreError]:
        """Decode songs and compute their features, side by side.

        Returns
        -------
        list of Extracted or GenreError
            For each song what :meth:`features_of` returns, or why it cannot be decoded.
        """
        if not songs:
            return []
        # The first alone: it loads what later ones share. The limit is set around all threads, since each
        # that ends would lift it for the others, and values must not depend on the number of processors.
        extracted = [self._extract(songs[0])]
        if songs[1:]:
            from threadpoolctl import threadpool_limits

            with (
                threadpool_limits(1, user_api="blas"),
                ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool,
            ):
                extracted += pool.map(self._extract, songs[1:])
        return extracted

    def _extract(self, song: bytes | str | Path) -> Extracted | GenreError:
        make = partial(Extraction, features=self.record.features, params=self.params)
        return extract(song, limits=self.params.corpus, make=make)

    def features_of(self, y: np.ndarray, sample_rate: int) -> Extracted:
        """Compute a song's feature rows; see :func:`features_of`."""
        return features_of(y, sample_rate, features=self.record.features, params=self.params)

    def predict_extracted(self, extracted: Sequence[Extracted | GenreError]) -> list[Prediction | GenreError]:
        """Predict songs from what :meth:`extract` returns; an error stays in its place."""
        good = [song for song in extracted if not isinstance(song, GenreError)]
        predictions = iter(self.predict_features(good))
        return [song if isinstance(song, GenreError) else next(predictions) for song in extracted]

    def predict_features(self, songs: Sequence[Extracted]) -> list[Prediction]:
        """Predict songs from their feature rows, all of them in one pass through each network."""
        if not songs:
            return []
        by_network = [
            self._probabilities(
                self.networks[network.model], [song.rows[network.feature.feature] for song in songs]
            )
            for _, network in self.record.networks
        ]
        return list(map(self.aggregate, songs, zip(*by_network, strict=True)))

    @staticmethod
    def _probabilities(network: Network, songs: Sequence[Rows]) -> list[np.ndarray]:
        """Give each row of each song its probabilities, in one pass through a network."""
        values = np.concatenate([song.values for song in songs])
        # predict() sets up a data pipeline for every call, which costs more than the network.
        probabilities = np.concatenate(
            [network.predict_on_batch(values[first : first + ROWS]) for first in range(0, len(values), ROWS)]
        )
        return np.split(probabilities, np.cumsum([len(song.values) for song in songs])[:-1])

    def aggregate(self, song: Extracted, probabilities: Sequence[np.ndarray]) -> Prediction:
        """Aggregate a song's rows: the genre of the highest mean probability.

        Of a song that fills only a part of a segment, the logarithms of the probabilities are multiplied by the root
        of that part: a network's features are means over time, whose noise grows as one over the root of its length.
        The genre stays, and is less sure.

        Parameters
        ----------
        song : Extracted
            From :meth:`features_of`.
        probabilities : sequence of ndarray, each of shape (rows, genres)
            Of each network; each row sums to 1.

        Returns
        -------
        Prediction
            Where networks have other rows, its timeline is one segment: the song.
        """
        genres = self.record.genres
        coverage = min(1.0, song.seconds / self.params.segments.seconds)
        song_by_network = [rows.mean(axis=0, dtype=np.float64)[np.newaxis] for rows in probabilities]
        (means,) = self._mean(song_by_network, coverage=coverage)
        first, *others = (song.rows[network.feature.feature].starts for _, network in self.record.networks)
        alike = all(len(first) == len(starts) and np.allclose(first, starts) for starts in others)
        moments = self._mean(probabilities, coverage=coverage) if alike else means[np.newaxis]
        starts = first if alike else np.zeros(1)
        timeline = [
            Segment(float(start), genres[int(row.argmax())], float(row.max()))
            for start, row in zip(starts, moments, strict=True)
        ]
        rows = [song.rows[feature.feature].values for feature in self.record.features]
        (distance,) = self.certainty.distances([certainty.summary(rows)]).tolist()
        return Prediction(
            genre=genres[int(means.argmax())],
            unsure=self.limits.reason(
                confidence=float(means.max()), distance=distance, segments=certainty.segments(rows)
            ),
            seconds=song.seconds,
            coverage=coverage,
            lost=song.lost,
            damage=song.damage,
            probabilities=dict(zip(genres, means.tolist(), strict=True)),
            timeline=timeline,
        )

    @cached_property
    def least_coverage(self) -> float:
        """The share of a segment, 1 at most, that all but the shortest few of the songs it was fitted on fill."""
        lengths = self.songs.loc[self.songs["fitted"] & (self.songs["seconds"] > 0), "seconds"]
        shortest = float(lengths.quantile(SHORTEST_FEW)) if len(lengths) else np.inf
        return min(1.0, shortest / self.params.segments.seconds)

    def _mean(self, probabilities: Sequence[np.ndarray], *, coverage: float) -> np.ndarray:
        weights = [weight for weight, _ in self.record.networks]
        # Its temperature is right for songs as short as those it comes from.
        less = min(1.0, coverage / self.least_coverage) if coverage < 1.0 else 1.0
        temperature = self.record.temperature_of_mean / math.sqrt(less)
        return ensemble.mean(probabilities, weights=weights, temperature=temperature)


def extract(
    song: bytes | str | Path, *, limits: CorpusParams, make: Callable[[int], Extraction]
) -> Extracted | GenreError:
    """Decode a song and compute its features, here or on a cluster's worker.

    Parameters
    ----------
    song : bytes, str or Path
        A file's content or its path.
    limits : CorpusParams
        Of a file.
    make : callable
        :class:`Extraction`, bound to a model.

    Returns
    -------
    Extracted or GenreError
        As :meth:`Extraction.end` returns it, or why the song cannot be decoded.

    Raises
    ------
    PretrainedError
        If an encoder's weights cannot be had: no fault of the song's.
    """
    try:
        played = audio.play(song, make=make, max_seconds=limits.max_seconds, max_bytes=limits.max_bytes)
        return played.receiver.end(lost=played.lost, damage=played.damage)
    except PretrainedError:
        raise
    except GenreError as error:
        return error


def features_of(
    y: np.ndarray, sample_rate: int, *, features: Sequence[FeatureRecord], params: Params
) -> Extracted:
    """Compute a song's feature rows; see :class:`Extraction`.

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        Mono audio.
    sample_rate : int
        Hz.
    features : sequence of FeatureRecord
        Those of a model.
    params : Params
        Its params.

    Returns
    -------
    Extracted
        Its rows; a song shorter than a segment is repeated until it fills one, as in training.

    Raises
    ------
    GenreError
        If the song is shorter than ``segments.shortest``, or a value is not a number.
    """
    extraction = Extraction(sample_rate, features=features, params=params)
    extraction.add(y)
    return extraction.end()


class Extraction:
    """A song's feature rows, computed stretch by stretch while it is decoded: it looks at a song as training did.

    With ``segments.place`` ``start`` that is the first ``per_track`` segments, and all of the song otherwise; features
    of whole tracks are of all of it in training too.

    Parameters
    ----------
    sample_rate : int
        Hz.
    features : sequence of FeatureRecord
        Those of a model.
    params : Params
        Its params.
    """

    def __init__(self, sample_rate: int, *, features: Sequence[FeatureRecord], params: Params) -> None:
        self._sample_rate, self._params, self._samples = sample_rate, params, 0
        self._features = {
            whole: [feature.feature for feature in features if (feature.unit == "track") is whole]
            for whole in sorted({feature.unit == "track" for feature in features})
        }
        self._stretches = {
            whole: Stretches(sample_rate, segments=params.segments, whole=whole) for whole in self._features
        }
        self._rows: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {
            feature.feature: [] for feature in features
        }

    def add(self, block: np.ndarray) -> None:
        """Take the next samples.

        Raises
        ------
        GenreError
            If a value is not a number.
        """
        audio.check_finite(block)
        self._samples += len(block)
        for whole, stretches in self._stretches.items():
            if not self._is_enough(whole):
                for start, y in stretches.add(block):
                    self._compute(y, start, whole=whole)
                    if self._is_enough(whole):
                        break

    def end(self, *, lost: float = 0.0, damage: str = "") -> Extracted:
        """Compute the last stretch, and return all rows.

        Parameters
        ----------
        lost, damage : float, str
            What could not be decoded, of :class:`components.corpus.decoding.Played`.

        Raises
        ------
        GenreError
            If the song is shorter than ``segments.shortest``, or a value is not a number.
        """
        for whole, stretches in self._stretches.items():
            if not self._is_enough(whole):
                start, y = stretches.end()
                self._compute(y, start, whole=whole)
        rows = {
            name: Rows(*(np.concatenate(parts) for parts in zip(*values, strict=True)))
            for name, values in self._rows.items()
        }
        # To a microsecond, as in the listing.
        return Extracted(rows, self._samples / self._sample_rate, round(lost, 6), damage)

    def _is_enough(self, whole: bool) -> bool:
        first = self._features[whole][0]
        return not whole and self._params.segments.place == "start" and bool(self._rows[first])

    def _compute(self, y: np.ndarray, start: int, *, whole: bool) -> None:
        for name in self._features[whole]:
            values, begins = compute.compute(name, y, self._sample_rate, params=self._params)
            self._rows[name].append((values, begins + start / self._sample_rate))


def loaded_network(name: str, *, artifacts: Mapping[str, str]) -> Network:
    """Load one of a model's networks: its export where there is one, see :meth:`GenreModel.load`."""
    if exported := artifacts.get(f"litert_{name}"):
        return litert.LiteNetwork(Path(exported))
    return safe_keras.load(Path(artifacts[f"network_{name}"]))
