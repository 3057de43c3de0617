"""The registered model: a genre model behind the functions that MLflow calls."""

from __future__ import annotations

from typing import Any

import pandas as pd
from mlflow.pyfunc.model import PythonModel

from components.core.errors import AudioError, GenreError
from components.serving.genre_model import GenreModel

#: Bytes of one song in a request, where it lies in memory several times over; a file named by its path may be larger.
LARGEST_REQUEST = 100_000_000


class PyfuncModel(PythonModel):
    """What MLflow loads and serves.

    Attributes
    ----------
    model : GenreModel
        There once it is loaded.
    """

    model: GenreModel

    def load_context(self, context: Any) -> None:
        """Load the model from the paths that MLflow's context names."""
        self.model = GenreModel.load(context.artifacts)

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Predict the genre of each song.

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
            One row a song, see :meth:`components.serving.prediction.Prediction.as_row`.

        Raises
        ------
        MlflowException
            With code INVALID_PARAMETER_VALUE (status 400 over HTTP), naming the song by its position and its
            fault.
        """
        from mlflow.exceptions import MlflowException

        songs = model_input["audio"].tolist()
        try:
            if not songs:
                raise AudioError("no song was given; valid: one or more files' bytes in column 'audio'")
            for number, song in enumerate(songs):
                _check_request(song, number=number)
            rows = []
            for number, prediction in enumerate(self.model.predict_songs(songs)):
                if isinstance(prediction, GenreError):
                    raise type(prediction)(f"song {number}: {prediction}") from prediction
                rows.append(prediction.as_row())
        except GenreError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error
        return pd.DataFrame(rows)


def _check_request(song: object, *, number: int) -> None:
    if not isinstance(song, bytes):
        raise AudioError(f"song {number}: {type(song).__name__} is not a file's bytes (base64 in JSON)")
    if len(song) > LARGEST_REQUEST:
        raise AudioError(
            f"song {number}: {len(song)} bytes, more than a request may hold; valid: up to {LARGEST_REQUEST}"
        )
