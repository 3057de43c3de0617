"""The models the page can ask, each loaded when first asked; and what they say of one song."""

from __future__ import annotations

import threading
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
    from mlflow.entities import Run

#: Seconds; longer songs are for `genre predict`, which nobody waits for.
LONGEST = 20 * 60.0
#: Bytes of an uploaded file: LONGEST seconds of 16-bit stereo at 44.1 kHz are 212 MB, as FLAC half of it.
LARGEST = 150_000_000


@dataclass(frozen=True)
class Choice:
    """A model that can be asked.

    Attributes
    ----------
    name : str
        Such as ``mlp``; the champion may be an earlier run of a model that is in the list too.
    uri : str
        Its address.
    run_id, experiment_id : str
        Its training run, for the link.
    version : str
        Of the champion, else empty.
    """

    name: str
    uri: str
    run_id: str
    experiment_id: str
    version: str = ""

    @property
    def label(self) -> str:
        """What stands on its button."""
        return f"{self.name} ★" if self.version else self.name


@dataclass(frozen=True)
class Opinion:
    """What one model says of a song."""

    choice: Choice
    loaded: LoadedModel
    genre: str
    probabilities: dict[str, float]
    timeline: list[dict[str, Any]]


@dataclass(frozen=True)
class Heard:
    """A song and all that was said of it."""

    seconds: float
    picture: str
    opinions: list[Opinion]


@dataclass
class Panel:
    """The models of a workspace; loaded ones stay loaded.

    Attributes
    ----------
    client : MlflowClient
        From :func:`components.serving.load.store`.
    params : Params
        For the registered model's name.
    """

    client: MlflowClient
    params: Params
    loaded: dict[str, LoadedModel] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def choices(self) -> list[Choice]:
        """List the champion first, then the latest finished run of each model.

        Returns
        -------
        list of Choice
            At least one; a model whose latest run is the champion's is listed once.

        Raises
        ------
        RegistryError
            If no training run has finished here.
        """
        runs = load.latest_runs(self.client)
        name = self.params.promotion.registered_model
        current = load.champion(self.client, name)
        found: list[Choice] = []
        if current is not None:
            run: Run = self.client.get_run(str(current.run_id))
            found.append(
                Choice(
                    current.tags.get("model", name),
                    f"models:/{name}/{current.version}",
                    str(current.run_id),
                    run.info.experiment_id,
                    str(current.version),
                )
            )
        found += [
            Choice(model, f"runs:/{run.info.run_id}/model", run.info.run_id, run.info.experiment_id)
            for model, run in runs.items()
            if current is None or run.info.run_id != current.run_id
        ]
        if not found:
            raise RegistryError("no training run has finished here; valid: `genre run` first")
        return found

    def load(self, choice: Choice) -> LoadedModel:
        """Load a model, once."""
        with self.lock:
            if choice.uri not in self.loaded:
                self.loaded[choice.uri] = load.load(self.client, choice.uri)
            return self.loaded[choice.uri]

    def hear(
        self, path: str, choices: Sequence[Choice], *, tell: Callable[[float, str], None] = lambda *_: None
    ) -> Heard:
        """Play a song to the chosen models.

        Parameters
        ----------
        path : str
            An audio file.
        choices : sequence of Choice
            Whom to ask.
        tell : callable, optional
            Told the share done (0 to 1) and what is being done.

        Returns
        -------
        Heard
            Opinions in the order of ``choices``.

        Raises
        ------
        GenreError
            If the song cannot be heard, or a model cannot be loaded.
        """
        if not choices:
            raise AudioError("no model is chosen; valid: one or more of the buttons above")
        y, rate = audio.decode(Path(path), max_seconds=LONGEST, max_bytes=LARGEST)
        opinions = []
        for at, choice in enumerate(choices):
            known = choice.uri in self.loaded
            tell(at / len(choices), f"{choice.name} {'is listening' if known else 'is being loaded'}")
            model = self.load(choice)
            (row,) = model.model.predict_extracted([model.model.features_of(y, rate)])
            assert isinstance(row, dict), "a song with features has a prediction"
            chances = {genre: row[f"probability.{genre}"] for genre in model.genres}
            opinions.append(Opinion(choice, model, row["genre"], chances, row["timeline"]))
        return Heard(len(y) / rate, spectrogram.draw(y, rate), opinions)
