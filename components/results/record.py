"""Training records: what a fit started from, what it used, and what became of it, as typed files."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple, Self

from pydantic import Field, ValidationError

from components.config.params import (
    ENSEMBLE,
    Hyperparameters,
    Params,
    Protocol,
    TrainingParams,
    Unit,
    describe,
)
from components.config.strict import Strict
from components.core import atomic
from components.core.errors import TrainingError
from components.features.encoders.base import EncoderRecord
from components.features.pipeline.record import FeatureRecord
from components.results.calibration import Calibration
from components.splits.artists import Artists

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
        path, remedy = folder / cls.FILE, remedy or f"run `dvc repro {cls.stage(folder.name)}`"
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise TrainingError(f"{path} is missing; {remedy}") from error
        except ValidationError as error:
            raise TrainingError(f"{path} is damaged ({describe(error)}); {remedy}") from error
        except OSError as error:
            raise TrainingError(f"{path} cannot be read ({error.strerror}); {remedy}") from error

    @classmethod
    def stage(cls, name: str) -> str:
        """Return the name of the stage that writes the record of a model."""
        return f"{cls.STAGE}@{name}"

    def write(self, path: Path) -> None:
        """Write the record as sorted, indented JSON, whole or not at all."""
        atomic.write_json(path, self.model_dump(mode="json"))


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


class Member(NamedTuple):
    """One network of a model, and its share of the mean."""

    weight: float
    record: TrainingRecord


class ModelRecord(Record, ABC):
    """What is read of a trained model after its training, whether it is one network or an ensemble of several.

    Attributes
    ----------
    model, preset : str
        Names in ``params.yaml``.
    genres : list of str
        In label order.
    calibration : Calibration
        The temperature of its probabilities, from validation songs.
    artists : str
        ``apart``, ``on both sides`` or ``unknown``: whether an artist is in several parts of the split.
    confounded : list of str
        Genres of too few artists, whose songs headlines do not count.
    genre_counts : dict of str to dict of str to int
        Songs by genre and step, before and after some were left out (:mod:`components.splits.counts`); empty in records
        of before they were counted.
    fingerprint, weights_sha256 : str
        Of the split, and of the saved weights.
    train_tracks : list of str
        All that the saved model was fitted on: it is never scored on these as if they were new.
    validation_tracks : list of str
        What stopped the first fit, or chose the weights.
    parameters, file_bytes : int
        Size of its networks and of their files.
    seconds, peak_memory_mib : float
        Cost of its fits.
    device : str
        What they ran on, see :func:`components.core.devices.used`; '' in records of before it was noted.
    warnings : list of str
        Diagnoses of the learning curves.
    params : Params
        All of ``params.yaml``.
    """

    FILE = "training.json"
    #: What its stage writes.
    FILES: ClassVar[tuple[str, ...]] = (
        "metrics.json",
        "training.json",
        "predictions.parquet",
        "songs.parquet",
    )

    model: str
    preset: str
    genres: list[str]
    calibration: Calibration
    seed: int
    protocol: Protocol
    artists: Artists
    confounded: list[str]
    genre_counts: dict[str, dict[str, int]] = Field(default_factory=dict)
    fingerprint: str
    train_tracks: list[str]
    validation_tracks: list[str]
    weights_sha256: str
    parameters: int
    file_bytes: int
    seconds: float
    peak_memory_mib: float
    device: str = ""
    warnings: list[str]
    params: Params

    @property
    @abstractmethod
    def networks(self) -> list[Member]:
        """Its networks with their weights, which sum to 1: one, or those of an ensemble."""

    @property
    @abstractmethod
    def temperature_of_mean(self) -> float:
        """What the logarithms of the networks' weighted mean are divided by; a single network's are not."""

    @property
    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What was chosen for it, by name: hyperparameters and budget, or weights."""

    @property
    @abstractmethod
    def about(self) -> str:
        """Its variant, or its members with their weights."""

    @property
    def temperature(self) -> float:
        """What the logarithms of its probabilities are divided by; 1 leaves them as they are."""
        return self.calibration.temperature

    @property
    def features(self) -> list[FeatureRecord]:
        """The features it takes, each once."""
        return list({one.record.feature.feature: one.record.feature for one in self.networks}.values())

    @property
    def feature_names(self) -> str:
        """Names of :attr:`features`, in one cell."""
        return ", ".join(feature.feature for feature in self.features)

    @property
    def encoders(self) -> list[EncoderRecord]:
        """The frozen encoders that its features come out of, each once."""
        known = {encoder.encoder: encoder for feature in self.features for encoder in feature.pretrained}
        return list(known.values())

    @property
    def unit(self) -> Unit:
        """What a row of all its features stands for; ``track`` where they differ."""
        return "segment" if all(feature.unit == "segment" for feature in self.features) else "track"

    @property
    def untrained_encoder(self) -> bool:
        """Whether a feature came out of an encoder without pretrained weights."""
        return not all(encoder.trained for encoder in self.encoders)

    @property
    def leaky(self) -> bool:
        """Whether segments of one song are in several parts of the split."""
        return self.protocol == "segment"

    @property
    def composed_songs(self) -> bool:
        """Whether the corpus is one that this project's code composes."""
        return bool(self.params.composed_sources)

    @property
    def refitted(self) -> bool:
        """Whether saved networks were fitted on validation songs too, in a second fit."""
        return any(one.record.refit for one in self.networks)

    @property
    def fitted_on(self) -> str:
        """The parts of the split that the saved model was fitted on."""
        return "train and validation" if self.refitted else "train"

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


class TrainingRecord(ModelRecord):
    """A trained network's provenance and costs, ``models/<model>/training.json``.

    Attributes
    ----------
    variant : str
        A name in ``params.yaml``.
    feature : FeatureRecord
        What the network takes.
    hyperparameters, trial, tuning_score
        The set it was fitted with, and where the search found it.
    training : TrainingParams
        The budget of the fit.
    refit : RefitRecord or None
        None where the saved model was fitted on train alone.
    calibration : Calibration
        Its temperature is part of the saved network; it is of the first fit's validation songs.
    feature_sha256 : str
        Of the feature values seen.
    """

    STAGE = "train"
    FILES = (*ModelRecord.FILES, "model.keras", "history.csv")

    variant: str
    feature: FeatureRecord
    hyperparameters: Hyperparameters
    trial: str
    tuning_score: float
    training: TrainingParams
    refit: RefitRecord | None
    feature_sha256: str

    @property
    def networks(self) -> list[Member]:
        """Itself alone."""
        return [Member(1.0, self)]

    @property
    def temperature_of_mean(self) -> float:
        """1: its temperature is part of the network."""
        return 1.0

    @property
    def settings(self) -> dict[str, Any]:
        """Its hyperparameters, its feature and its budget."""
        return {
            **self.hyperparameters,
            "feature": self.feature.feature,
            "max_epochs": self.training.epochs,
            "patience": self.training.patience,
        }

    @property
    def about(self) -> str:
        """Its variant."""
        return f"variant {self.variant}"


class MemberRecord(Strict):
    """A model of an ensemble: its weight, 0 to 1, and its own record."""

    weight: Annotated[float, Field(ge=0.0, le=1.0)]
    record: TrainingRecord


class EnsembleRecord(ModelRecord):
    """An ensemble's members and weights, ``ensemble/training.json``.

    Attributes
    ----------
    members : list of MemberRecord
        Two or more, of one split and label order; their weights sum to 1.
    seconds, peak_memory_mib : float
        Of all members' fits, and of the largest.
    """

    STAGE = "ensemble"

    members: Annotated[list[MemberRecord], Field(min_length=2)]

    @classmethod
    def stage(cls, name: str) -> str:
        """Return the name of its stage."""
        return cls.STAGE

    @property
    def networks(self) -> list[Member]:
        """The members."""
        return [Member(one.weight, one.record) for one in self.members]

    @property
    def temperature_of_mean(self) -> float:
        """Its temperature, which comes after those of its members."""
        return self.temperature

    @property
    def settings(self) -> dict[str, Any]:
        """The members' weights, and how far they were drawn to equal ones."""
        weights = {f"weight.{one.record.model}": round(one.weight, 6) for one in self.members}
        return {**weights, "shrinkage": self.params.ensemble.shrinkage}

    @property
    def about(self) -> str:
        """The members with their weights, the largest first."""
        ordered = sorted(self.members, key=lambda one: -one.weight)
        shares = ", ".join(f"{one.weight:.2f} {one.record.model}" for one in ordered)
        return f"weighted mean: {shares}"


def folder(name: str, *, root: Path) -> Path:
    """Return the folder of a trained model, or of the ensemble, below the data folder."""
    return root / ENSEMBLE if name == ENSEMBLE else root / "models" / name


def kind(name: str) -> type[TrainingRecord] | type[EnsembleRecord]:
    """Return the kind of record that a model of this name has."""
    return EnsembleRecord if name == ENSEMBLE else TrainingRecord


def read(name: str, *, root: Path) -> ModelRecord:
    """Read the record of a trained model, or of the ensemble.

    Raises
    ------
    TrainingError
        As :meth:`Record.read`.
    """
    return kind(name).read(folder(name, root=root))


def read_file(path: Path, *, remedy: str) -> ModelRecord:
    """Read the record of a model of any kind, wherever it lies.

    Raises
    ------
    TrainingError
        As :meth:`Record.read`.
    """
    try:
        found = json.loads(path.read_bytes()).get("model")
    except (OSError, ValueError, AttributeError):
        found = None  # refused below, with the reason
    return kind(found).read(path.parent, remedy=remedy)
