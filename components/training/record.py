"""Training records: what a fit started from, what it used, and what became of it, as typed files."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, Self

from pydantic import ValidationError

from components.config.params import Hyperparameters, Params, Protocol, Strict, TrainingParams, Unit, describe
from components.core import atomic
from components.core.errors import TrainingError
from components.features.encoders import base as encoders
from components.splits.artists import Artists
from components.training.calibration import Calibration

#: Marks that go wherever a figure of such a model goes.
LEAKY = "leaky: songs on both sides"
ARTISTS_ON_BOTH_SIDES = "artists on both sides"
ARTISTS_UNKNOWN = "artists unknown"
UNTRAINED = "untrained encoder"
COMPOSED = "trained on synthetic songs"


class Record(Strict):
    """A JSON file of one name in a model's folder, written by one stage."""

    FILE: ClassVar[str]
    STAGE: ClassVar[str]

    @classmethod
    def read(cls, folder: Path, *, remedy: str = "") -> Self:
        """Read the record of a model.

        Parameters
        ----------
        folder : Path
            The model's, below ``tuning`` or ``models``.
        remedy : str, optional
            What mends a file elsewhere that is missing or damaged.

        Raises
        ------
        TrainingError
            If the file is missing or damaged, with the stage that writes it.
        """
        path, remedy = folder / cls.FILE, remedy or f"run `dvc repro {cls.STAGE}@{folder.name}`"
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise TrainingError(f"{path} is missing; {remedy}") from error
        except ValidationError as error:
            raise TrainingError(f"{path} is damaged ({describe(error)}); {remedy}") from error
        except OSError as error:
            raise TrainingError(f"{path} cannot be read ({error.strerror}); {remedy}") from error

    def write(self, path: Path) -> None:
        """Write the record as sorted, indented JSON, whole or not at all."""
        atomic.write_json(path, self.model_dump(mode="json"))


class EncoderRecord(Strict):
    """Weights of a frozen encoder that a feature came out of.

    Attributes
    ----------
    encoder : str
        Its name, such as ``yamnet``.
    origin : str
        Where the weights come from, without any folder of this machine.
    trained : bool
        False for seeded random weights.
    sha256 : str
        Of the weights.
    """

    encoder: str
    origin: str
    trained: bool
    sha256: str

    @property
    def licence(self) -> str:
        """Licence of the published weights; that of a stand-in is this project's own."""
        return encoders.find(self.encoder).LICENCE if self.trained else "MIT (a stand-in of this project)"


class FeatureRecord(Strict):
    """A feature as its ``meta.json`` describes it; ``pretrained`` are its encoders, in order."""

    feature: str
    unit: Unit
    shape: list[int]
    names: list[str] | None
    sample_rate: int | None
    options: dict[str, Any]
    pretrained: list[EncoderRecord]


class RefitRecord(Strict):
    """The second fit, on train and validation: why it ran for so many epochs, and its curves."""

    rule: str
    epochs: int
    rows: int
    history: dict[str, list[int | float]]


class BestTrial(Record):
    """A search's winning set, ``tuning/<model>/best.json``."""

    FILE = "best.json"
    STAGE = "tune"

    trial: str
    score: float
    objective: str = "val_accuracy"
    hyperparameters: Hyperparameters


class TrainingRecord(Record):
    """A trained model's provenance and costs, ``models/<model>/training.json``.

    Attributes
    ----------
    model, variant, preset : str
        Names in ``params.yaml``.
    feature : FeatureRecord
        What the model takes.
    genres : list of str
        In label order.
    hyperparameters, trial, tuning_score
        The set it was fitted with, and where the search found it.
    training : TrainingParams
        The budget of the fit.
    refit : RefitRecord or None
        None where the saved model was fitted on train alone.
    calibration : Calibration
        The temperature that is part of the saved model, from the first fit's validation songs.
    artists : str
        ``apart``, ``on both sides`` or ``unknown``: whether an artist is in several parts of the split.
    confounded : list of str
        Genres of too few artists, whose songs headlines do not count.
    fingerprint, feature_sha256, weights_sha256 : str
        Of the split, of the feature values seen, of the saved weights.
    train_tracks : list of str
        All that the saved model was fitted on: it is never scored on these as if they were new.
    validation_tracks : list of str
        What stopped the first fit.
    parameters, file_bytes : int
        Size of the network and of its file.
    seconds, peak_memory_mib : float
        Cost of the fit.
    warnings : list of str
        Diagnoses of the learning curves.
    params : Params
        All of ``params.yaml``.
    """

    FILE = "training.json"
    STAGE = "train"

    model: str
    variant: str
    preset: str
    feature: FeatureRecord
    genres: list[str]
    hyperparameters: Hyperparameters
    trial: str
    tuning_score: float
    training: TrainingParams
    refit: RefitRecord | None
    calibration: Calibration
    seed: int
    protocol: Protocol
    artists: Artists
    confounded: list[str]
    fingerprint: str
    feature_sha256: str
    train_tracks: list[str]
    validation_tracks: list[str]
    weights_sha256: str
    parameters: int
    file_bytes: int
    seconds: float
    peak_memory_mib: float
    warnings: list[str]
    params: Params

    @property
    def temperature(self) -> float:
        """What the logarithms of the network's own probabilities are divided by; 1 leaves them as they are."""
        return self.calibration.temperature

    @property
    def untrained_encoder(self) -> bool:
        """Whether the feature came out of an encoder without pretrained weights."""
        return not all(encoder.trained for encoder in self.feature.pretrained)

    @property
    def leaky(self) -> bool:
        """Whether segments of one song are in several parts of the split."""
        return self.protocol == "segment"

    @property
    def composed_songs(self) -> bool:
        """Whether the corpus is one that this project's code composes."""
        composed = {f"data/raw/{name}" for name in self.params.synthetic}
        return any(
            str(PurePosixPath(source.path)) in composed for source in self.params.corpus.sources.values()
        )

    @property
    def fitted_on(self) -> str:
        """The parts of the split that the saved model was fitted on."""
        return "train and validation" if self.refit else "train"

    @property
    def marks(self) -> list[str]:
        """What goes wherever the model's predictions or figures are shown."""
        known = {
            UNTRAINED: self.untrained_encoder,
            LEAKY: self.leaky,
            COMPOSED: self.composed_songs,
            # Composed songs have no artists.
            ARTISTS_UNKNOWN: self.artists == "unknown" and not self.composed_songs,
            ARTISTS_ON_BOTH_SIDES: self.artists == "on both sides",
        }
        return [mark for mark, holds in known.items() if holds]
