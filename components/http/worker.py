"""What a worker process of the server does: it loads models, and decodes and predicts a few songs at a time.

What strangers send is decoded here and nowhere else, so that whatever it does to a decoder ends one process, which is
started anew.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from components.core.console import quiet
from components.core.errors import AudioError, GenreError, NotAudioError, TooLongError
from components.core.processes import end_with_parent
from components.http.schema import Model
from components.serving.load import LoadedModel
from components.serving.prediction import Prediction

#: Models that a process keeps: the champion, and the one before, which requests that began with it end with.
KEPT = 2


@dataclass(frozen=True)
class Limits:
    """The longest (seconds) and largest (bytes) song."""

    seconds: float
    bytes: int


class Loaded(NamedTuple):
    """A model that a process has loaded.

    Attributes
    ----------
    model : Model
        As responses name it.
    block : float
        Seconds that its network takes for a block of rows, however many of them are filled; 0 where songs are not
        predicted together.
    song : float
        Seconds that it takes to decode a song of a few seconds and compute its features.
    """

    model: Model
    block: float = 0.0
    song: float = 0.0


class File(NamedTuple):
    """A song: where it is, and what it is called in its outcome."""

    path: str
    name: str


@dataclass(frozen=True)
class Outcome:
    """What became of a song.

    Attributes
    ----------
    status : int
        200, or of HTTP for a song that gets no prediction.
    song : dict
        From :func:`components.serving.output.of_song`, with the timeline.
    """

    status: int
    song: dict[str, Any]


def start() -> None:
    """Prepare the process: it ends when the server does, and not by an interrupt, which is the server's to take."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()


def load(uri: str, *, limits: Limits) -> Loaded:
    """Load a model, and predict a short sound by it, so that the first song finds all of it imported and compiled.

    Parameters
    ----------
    uri : str
        From :func:`components.serving.load.address`.
    limits : Limits
        Of a song; those of the model's params count where they are lower.

    Returns
    -------
    Loaded
        What serves now.

    Raises
    ------
    RegistryError
        If it cannot be loaded.
    """
    from components.serving import output
    from components.serving.packaging import example_song

    loaded = _loaded(uri, limits)
    song = example_song()
    began = time.perf_counter()
    extracted = loaded.model.extract([song])
    between = time.perf_counter()
    loaded.model.predict_extracted(extracted)
    ended = time.perf_counter()
    block = ended - between if loaded.model.rows_are_alone else 0.0
    return Loaded(Model(**output.of_model(loaded)), block, between - began)


@lru_cache(maxsize=KEPT)
def _loaded(uri: str, limits: Limits) -> LoadedModel:
    from components.config import params
    from components.serving import load as loading
    from components.serving.packaging import example_song

    with quiet():
        loaded = loading.load(loading.store(), uri, unsure=params.load().unsure)
        model = loaded.model
        (prediction,) = model.predict_songs([example_song()])
        if isinstance(prediction, GenreError):
            raise prediction
        corpus = model.params.corpus
        within = {"max_seconds": min(limits.seconds, corpus.max_seconds)}
        within |= {"max_bytes": min(limits.bytes, corpus.max_bytes)}
        model.params = model.params.model_copy(update={"corpus": corpus.model_copy(update=within)})
    _one_thread()
    return loaded


@cache
def _one_thread() -> None:
    """Give linear algebra one thread: songs run side by side in processes."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="blas")


def predict(files: Sequence[File], *, uri: str, limits: Limits) -> list[Outcome]:
    """Decode songs one after the other, and predict them.

    Parameters
    ----------
    files : sequence of File
        One or more.
    uri : str
        The model's address.
    limits : Limits
        As of :func:`load`.

    Returns
    -------
    list of Outcome
        For each its prediction, or status 413, 415 or 422 with the reason: the same whichever songs are beside it.

    Raises
    ------
    GenreError
        If the model cannot be loaded, or fails: no fault of a song's.
    """
    loaded = _loaded(uri, limits)
    model = loaded.model
    extracted = [model.extract([file.path])[0] for file in files]
    if model.rows_are_alone:
        predictions = model.predict_extracted(extracted)
    else:
        predictions = [one for song in extracted for one in model.predict_extracted([song])]
    return [_outcome(file.name, one) for file, one in zip(files, predictions, strict=True)]


def _outcome(name: str, prediction: Prediction | GenreError) -> Outcome:
    from components.serving import output
    from components.serving.predict import FilePrediction

    if isinstance(prediction, GenreError):
        found, status = FilePrediction(Path(name), reason=str(prediction)), status_of(prediction)
    else:
        found, status = FilePrediction(Path(name), prediction), 200
    return Outcome(status, output.of_song(found, timeline=True) | {"file": name})


def status_of(error: GenreError) -> int:
    """Return the status of HTTP for a song that cannot be predicted.

    Raises
    ------
    GenreError
        The error itself, where it is no fault of the song's.
    """
    if isinstance(error, TooLongError):
        return 413
    if isinstance(error, NotAudioError):
        return 415
    if isinstance(error, AudioError):
        return 422
    raise error
