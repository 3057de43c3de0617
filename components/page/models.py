"""Models of a workspace, loaded when first chosen, and their predictions of one song."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.config.params import Params
from components.core.errors import AudioError, RegistryError
from components.corpus import audio
from components.page import spectrogram
from components.serving import load
from components.serving.load import LoadedModel

if TYPE_CHECKING:
    from mlflow import MlflowClient

#: Seconds; longer songs are for `genre predict`, which nobody waits for.
LONGEST = 20 * 60.0
#: Bytes of an uploaded file: LONGEST seconds of 16-bit stereo at 44.1 kHz are 212 MB, as FLAC half of it.
LARGEST = 150_000_000


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
    """One model's prediction of a song: see :class:`components.serving.predict.Prediction`."""

    choice: Choice
    marks: list[str]
    genre: str
    probabilities: dict[str, float]
    timeline: list[dict[str, Any]]
    coverage: float = 1.0
    unsure: str = ""


@dataclass(frozen=True)
class Song:
    """A song's length in seconds, its spectrogram as data address, and its predictions by the chosen models."""

    seconds: float
    picture: str
    predictions: list[ModelPrediction]


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
            Choice(model, f"runs:/{run.info.run_id}/model", run.info.run_id, run.info.experiment_id)
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
            Called with the share done (0 to 1) and what is being done.

        Raises
        ------
        GenreError
            If the file cannot be decoded, no model is chosen, or one cannot be loaded.
        """
        if not choices:
            raise AudioError("no model is chosen; valid: one or more of the buttons above")
        y, rate = audio.decode(Path(path), max_seconds=LONGEST, max_bytes=LARGEST)
        predictions = []
        for at, choice in enumerate(choices):
            doing = "predicts" if choice.uri in self.loaded else "is being loaded"
            report(at / len(choices), f"{choice.name} {doing}")
            model = self.load(choice)
            (row,) = model.model.predict_extracted([model.model.features_of(y, rate)])
            assert isinstance(row, dict), "a song with features has a prediction"
            probabilities = {genre: row[f"probability.{genre}"] for genre in model.genres}
            predictions.append(
                ModelPrediction(
                    choice,
                    model.marks,
                    row["genre"],
                    probabilities,
                    row["timeline"],
                    row["coverage"],
                    row["unsure"],
                )
            )
        return Song(len(y) / rate, spectrogram.draw(y, rate), predictions)
