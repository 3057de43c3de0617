"""Models of a workspace, loaded when first chosen, and their predictions of one song."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from components.config.params import Params
from components.core.errors import AudioError, RegistryError
from components.core.formatting import duration
from components.corpus import audio, tags
from components.page.spectrogram import Spectrogram
from components.serving import load
from components.serving.genre_model import Extraction
from components.serving.load import LoadedModel
from components.serving.prediction import Prediction
from components.tracking import integrity

if TYPE_CHECKING:
    import numpy as np
    from mlflow import MlflowClient

    from components.serving.genre_model import GenreModel

#: Seconds of a song, and bytes of its file; ``corpus.max_seconds`` and ``corpus.max_bytes`` of a chosen model where
#: those are less. An hour of 16-bit stereo at 44.1 kHz are 635 MB.
LONGEST, LARGEST = 3600.0, 650_000_000


@dataclass(frozen=True)
class Choice:
    """A model to choose: its name, its address, its training run, and its version if it is the champion."""

    name: str
    uri: str
    run_id: str
    experiment_id: str
    version: str = ""

    @property
    def label(self) -> str:
        """Text of its button."""
        return f"{self.name} ★" if self.version else self.name


@dataclass(frozen=True)
class ModelPrediction:
    """One model's prediction of a song, and what goes wherever it is shown."""

    choice: Choice
    marks: list[str]
    prediction: Prediction


@dataclass(frozen=True)
class Song:
    """A song with its predictions.

    Attributes
    ----------
    seconds : float
        How long it is, of what could be decoded.
    picture : str
        Its spectrogram as data address.
    predictions : list of ModelPrediction
        By the chosen models, in their order.
    """

    seconds: float
    picture: str
    predictions: list[ModelPrediction]


class _Decoded:
    """Gives each block of a song to all that is made of it, and reports how many seconds were read."""

    def __init__(
        self, sample_rate: int, *, models: Sequence[GenreModel], report: Callable[[float], None]
    ) -> None:
        self._sample_rate, self._samples, self._report = sample_rate, 0, report
        self.picture = Spectrogram(sample_rate)
        self.extractions = [
            Extraction(sample_rate, features=model.record.features, params=model.params) for model in models
        ]

    def add(self, block: np.ndarray) -> None:
        """Take the next samples."""
        self.picture.add(block)
        for extraction in self.extractions:
            extraction.add(block)
        self._samples += len(block)
        self._report(self._samples / self._sample_rate)


@dataclass
class Models:
    """The models of a workspace; loaded ones stay loaded."""

    client: MlflowClient
    params: Params
    loaded: dict[str, LoadedModel] = field(default_factory=dict)

    def choices(self) -> list[Choice]:
        """List the champion first, then the latest finished run of each model, but for the champion's own.

        Raises
        ------
        RegistryError
            If no training run has finished here.
        """
        name = self.params.promotion.registered_model
        found = []
        if champion := load.champion(self.client, name):
            run = self.client.get_run(str(champion.run_id))
            uri, model = f"models:/{name}/{champion.version}", champion.tags.get("model", name)
            found.append(Choice(model, uri, run.info.run_id, run.info.experiment_id, str(champion.version)))
        found += [
            Choice(model, integrity.address(run), run.info.run_id, run.info.experiment_id)
            for model, run in load.latest_runs(self.client).items()
            if run.info.run_id not in {choice.run_id for choice in found}
        ]
        if not found:
            raise RegistryError("no training run has finished here; valid: `genre run` first")
        return found

    def load(self, choice: Choice) -> LoadedModel:
        """Load a model, once."""
        if choice.uri not in self.loaded:
            self.loaded[choice.uri] = load.load(self.client, choice.uri, unsure=self.params.unsure)
        return self.loaded[choice.uri]

    def predict(
        self, path: str, choices: Sequence[Choice], *, report: Callable[[float, str], None] = lambda *_: None
    ) -> Song:
        """Predict the genre of an audio file by each chosen model, in their order.

        Parameters
        ----------
        path : str
            The file.
        choices : sequence of Choice
            One or more.
        report : callable, optional
            Called with the share of the song that was read (0 to 1, by the length that its header promises) and what
            is being done.

        Raises
        ------
        GenreError
            If the file cannot be decoded, no model is chosen, or one cannot be loaded.
        """
        if not choices:
            raise AudioError("no model is chosen; valid: one or more of the buttons above")
        loaded = []
        for choice in choices:
            if choice.uri not in self.loaded:
                report(0.0, f"{choice.name} is being loaded")
            loaded.append(self.load(choice))
        promised = tags.promised_seconds(Path(path))

        def read(seconds: float) -> None:
            share = min(1.0, seconds / promised) if promised else 0.0
            report(share, f"{duration(seconds)} of the song read")

        limits = [model.model.params.corpus for model in loaded]
        played = audio.play(
            Path(path),
            make=partial(_Decoded, models=[model.model for model in loaded], report=read),
            max_seconds=min(LONGEST, *(one.max_seconds for one in limits)),
            max_bytes=min(LARGEST, *(one.max_bytes for one in limits)),
        )
        predictions = []
        for choice, model, extraction in zip(choices, loaded, played.receiver.extractions, strict=True):
            song = extraction.end(lost=played.lost, damage=played.damage)
            (prediction,) = model.model.predict_features([song])
            predictions.append(ModelPrediction(choice, model.marks, prediction))
        return Song(played.seconds, played.receiver.picture.draw(), predictions)
