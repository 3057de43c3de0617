"""The registered model: audio in; genre, probabilities and a timeline out. It carries all it needs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.pyfunc.model import PythonModel

from components.core.errors import AudioError, GenreError
from components.corpus import audio
from components.features.encoders.base import UNTRAINED
from components.features.pipeline import compute
from components.serving import safe_keras
from components.training.record import TrainingRecord

#: Seconds. A song shorter than a segment is repeated until it fills one; below this there is nothing to repeat.
SHORTEST = 1.0
#: Bytes of one song in a request, where it lies in memory several times over; a file named by its path may be larger.
LARGEST_REQUEST = 100_000_000
#: Feature rows that a model is given at a time, so that an hour costs no more memory than a song.
ROWS = 256
#: Songs of one call decoded and heard side by side; each may be an hour of memory.
THREADS = 4


class GenreModel(PythonModel):
    """Decode, cut, extract, predict, vote: one answer a song.

    Its artifacts are ``model`` (a ``.keras`` file), ``training`` (``training.json``), ``reference`` (the songs
    it was trained on, summed up by :mod:`components.serving.drift`) and, where its feature runs a trained encoder,
    ``encoder`` (the encoder's weights).
    """

    #: None in models that were logged before drift was measured.
    reference: pd.DataFrame | None = None

    def load_context(self, context: Any) -> None:
        """Load the weights.

        Parameters
        ----------
        context : PythonModelContext
            MLflow's; names the artifacts' paths.
        """
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        paths = context.artifacts
        self.record = TrainingRecord.read(
            Path(paths["training"]).parent, remedy="log the model again: `genre run`"
        )
        self.params = self.record.params
        if "reference" in paths:
            self.reference = pd.read_parquet(paths["reference"])
        if encoder := self.record.feature.pretrained:
            # The weights it was trained on, also where others are at hand by now.
            weights = paths["encoder"] if encoder.trained else UNTRAINED
            self.params = self.params.model_copy(update={"pretrained": {encoder.encoder: weights}})
        self.model = safe_keras.load(Path(paths["model"]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Answer for each song.

        Parameters
        ----------
        context : PythonModelContext
            Not used.
        model_input : DataFrame
            One row a song: column ``audio``, a file's bytes. Never a path: a server reads no file of its own
            because a request names it.
        params : dict, optional
            None are known.

        Returns
        -------
        DataFrame
            One row a song: ``genre``, ``timeline`` (list of ``start``, ``genre``, ``probability``, a row a
            segment, ``start`` in seconds), and ``probability.<genre>`` in label order.

        Raises
        ------
        MlflowException
            With code INVALID_PARAMETER_VALUE (status 400 over HTTP), naming the song by its position and
            saying what is wrong with it.
        """
        from mlflow.exceptions import MlflowException

        songs = model_input["audio"].tolist()
        try:
            if not songs:
                raise AudioError("no song was given; valid: one or more files' bytes in column 'audio'")
            for number, song in enumerate(songs):
                _check_request(song, number=number)
            rows = self.answers(songs)
            for number, row in enumerate(rows):
                if isinstance(row, GenreError):
                    raise type(row)(f"song {number}: {row}") from row
        except GenreError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error
        return pd.DataFrame(rows)

    def answers(self, songs: Sequence[bytes | str | Path]) -> list[dict[str, Any] | GenreError]:
        """Answer for each song, the network asked once for all of them; a bad song spoils no other.

        Parameters
        ----------
        songs : sequence of bytes, str or Path
            Files' contents, or where they lie.

        Returns
        -------
        list of dict or GenreError
            For each song one row of :meth:`predict`'s answer, or why there is none.
        """
        return self.judge(self.listen(songs))

    def listen(self, songs: Sequence[bytes | str | Path]) -> list[tuple[np.ndarray, np.ndarray] | GenreError]:
        """Decode songs and compute their features, side by side.

        Parameters
        ----------
        songs : sequence of bytes, str or Path
            Files' contents, or where they lie.

        Returns
        -------
        list of tuple or GenreError
            For each song what :meth:`hear` returns, or why it cannot be heard.
        """
        if not songs:
            return []
        # The first alone: it loads what later ones share. The limit is set around all threads, since each
        # that ends would lift it for the others, and values must not depend on the number of processors.
        heard = [self._listen(songs[0])]
        if songs[1:]:
            from threadpoolctl import threadpool_limits

            with (
                threadpool_limits(1, user_api="blas"),
                ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool,
            ):
                heard += pool.map(self._listen, songs[1:])
        return heard

    def judge(
        self, heard: Sequence[tuple[np.ndarray, np.ndarray] | GenreError]
    ) -> list[dict[str, Any] | GenreError]:
        """Answer for songs that were listened to, the network asked once for all of them.

        Parameters
        ----------
        heard : sequence of tuple or GenreError
            From :meth:`listen`.

        Returns
        -------
        list of dict or GenreError
            As :meth:`answers`.
        """
        rows = iter(self.vote([parts for parts in heard if not isinstance(parts, GenreError)]))
        return [parts if isinstance(parts, GenreError) else next(rows) for parts in heard]

    def _listen(self, song: bytes | str | Path) -> tuple[np.ndarray, np.ndarray] | GenreError:
        limits = self.params.corpus
        try:
            return self.hear(*audio.decode(song, max_seconds=limits.max_seconds, max_bytes=limits.max_bytes))
        except GenreError as error:
            return error

    def hear(self, y: np.ndarray, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
        """Compute a song's feature rows, as many as it holds, also where training cut each track short.

        Parameters
        ----------
        y : ndarray of float32, shape (samples,)
            Mono audio.
        sample_rate : int
            Hz.

        Returns
        -------
        values : ndarray of float32, shape (rows, ...)
            One row a segment; for a feature of whole tracks, one a stretch as long as a track in training.
        starts : ndarray of float64, shape (rows,)
            In seconds.

        Raises
        ------
        GenreError
            If the song is shorter than :data:`SHORTEST`, or a value is not a number.
        """
        if len(y) < SHORTEST * sample_rate:
            raise AudioError(f"{len(y) / sample_rate:.2f} s long; valid: {SHORTEST:g} s or more")
        segment = round(self.params.segments.seconds * sample_rate)
        if len(y) < segment:
            y = np.resize(y, segment)
        feature = self.record.feature.feature
        parts = [
            (
                compute.compute(feature, y[window], sample_rate, params=self.params),
                window.start / sample_rate,
            )
            for window in compute.windows(
                len(y),
                sample_rate,
                segments=self.params.segments,
                whole=self.params.feature(feature).unit == "track",
            )
        ]
        values = np.concatenate([values for (values, _), _ in parts])
        return values, np.concatenate([starts + begin for (_, starts), begin in parts])

    def vote(self, heard: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[dict[str, Any]]:
        """Ask the network once for all songs, and let each song's segments vote.

        Parameters
        ----------
        heard : sequence of tuple
            Values and starts of each song, from :meth:`hear`.

        Returns
        -------
        list of dict
            One row of the answer a song.
        """
        if not heard:
            return []
        values = np.concatenate([values for values, _ in heard])
        # predict() sets up a data pipeline for every call, which costs more than the network.
        probabilities = np.concatenate(
            [
                self.model.predict_on_batch(values[first : first + ROWS])
                for first in range(0, len(values), ROWS)
            ]
        )
        edges = np.cumsum([len(values) for values, _ in heard])[:-1]
        return [
            self.row(of_song, starts=starts)
            for of_song, (_, starts) in zip(np.split(probabilities, edges), heard, strict=True)
        ]

    def row(self, probabilities: np.ndarray, *, starts: np.ndarray) -> dict[str, Any]:
        """Vote over a song's segments.

        Parameters
        ----------
        probabilities : ndarray, shape (segments, genres)
            Each row sums to 1.
        starts : ndarray, shape (segments,)
            In seconds.

        Returns
        -------
        dict
            One row of the answer.
        """
        genres = self.record.genres
        vote = probabilities.mean(axis=0)
        timeline = [
            {"start": float(start), "genre": genres[int(row.argmax())], "probability": float(row.max())}
            for start, row in zip(starts, probabilities, strict=True)
        ]
        named = {f"probability.{genre}": float(share) for genre, share in zip(genres, vote, strict=True)}
        return {"genre": genres[int(vote.argmax())], "timeline": timeline, **named}


def _check_request(song: object, *, number: int) -> None:
    if not isinstance(song, bytes):
        raise AudioError(f"song {number}: {type(song).__name__} is not a file's bytes (base64 in JSON)")
    if len(song) > LARGEST_REQUEST:
        raise AudioError(
            f"song {number}: {len(song)} bytes, more than a request may hold; valid: up to {LARGEST_REQUEST}"
        )
