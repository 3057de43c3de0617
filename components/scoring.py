"""The registered model: audio in; genre, probabilities and a timeline out. It carries all it needs."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.pyfunc.model import PythonModel

from components import audio
from components.errors import GenreError
from components.features import waveform
from components.params import Params


class GenreModel(PythonModel):
    """Decode, cut, extract, predict, vote: one answer a song.

    Its artifacts are ``model`` (a ``.keras`` file), ``training`` (``training.json``) and, where the feature
    wants them, ``yamnet`` (a TensorFlow Hub cache folder) or ``vgg16`` (a weights file).
    """

    def load_context(self, context: Any) -> None:
        """Load the weights.

        Parameters
        ----------
        context : PythonModelContext
            MLflow's; names the artifacts' paths.
        """
        import keras

        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        paths = context.artifacts
        self.facts = json.loads(Path(paths["training"]).read_text(encoding="utf-8"))
        self.params = Params.model_validate(self.facts["params"])
        pretrained = self.facts["feature"].get("pretrained")
        weights = {}
        if "yamnet" in paths:
            os.environ["TFHUB_CACHE_DIR"] = paths["yamnet"]
        if "vgg16" in paths:
            weights["vgg16"] = paths["vgg16"]
        if pretrained and not pretrained["trained"]:
            # What it was trained on is what it must hear, also where real weights are at hand by now.
            weights[pretrained["encoder"]] = "untrained"
        self.params = self.params.model_copy(
            update={"pretrained": self.params.pretrained.model_copy(update=weights)}
        )
        self.model = keras.saving.load_model(paths["model"], safe_mode=True)

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        """Answer for each song.

        Parameters
        ----------
        context : PythonModelContext
            Not used.
        model_input : DataFrame or sequence
            One row a song: column ``audio``, a file's bytes. A sequence may hold bytes and paths.
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
        # Without annotations: MLflow would take them for the model's signature, which is logged in full.
        from mlflow.exceptions import MlflowException

        songs = model_input["audio"].tolist() if isinstance(model_input, pd.DataFrame) else list(model_input)
        try:
            return self.answer(songs)
        except GenreError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error

    def answer(self, songs: Sequence[bytes | str | Path]) -> pd.DataFrame:
        """Answer for each song; see :meth:`predict`.

        Raises
        ------
        GenreError
            If a song cannot be decoded, is too short or too long.
        """
        parts = [self.extract(song, number=number) for number, song in enumerate(songs)]
        if not parts:
            raise GenreError("no song was given; valid: one or more files' bytes in column 'audio'")
        values = np.concatenate([values for values, _ in parts])
        probabilities = self.model.predict(values, batch_size=256, verbose=0)
        edges = np.cumsum([len(values) for values, _ in parts])[:-1]
        return pd.DataFrame(
            [
                self.row(of_song, starts=starts)
                for of_song, (_, starts) in zip(np.split(probabilities, edges), parts, strict=True)
            ]
        )

    def extract(self, song: bytes | str | Path, *, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Compute one song's feature rows.

        Parameters
        ----------
        song : bytes, str or Path
            A file's content, or where it lies.
        number : int
            Its position, for messages.

        Returns
        -------
        tuple of ndarray
            Values ``(rows, ...)`` and starts in seconds ``(rows,)``.

        Raises
        ------
        GenreError
            If the song cannot be used.
        """
        try:
            y, rate = audio.decode(
                song, max_seconds=self.params.corpus.max_seconds, max_bytes=self.params.corpus.max_bytes
            )
            return waveform.compute(self.facts["feature"]["feature"], y, rate, params=self.params)
        except GenreError as error:
            raise type(error)(f"song {number}: {error}") from error

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
        genres = self.facts["genres"]
        vote = probabilities.mean(axis=0)
        timeline = [
            {"start": float(start), "genre": genres[int(row.argmax())], "probability": float(row.max())}
            for start, row in zip(starts, probabilities, strict=True)
        ]
        named = {f"probability.{genre}": float(share) for genre, share in zip(genres, vote, strict=True)}
        return {"genre": genres[int(vote.argmax())], "timeline": timeline, **named}
