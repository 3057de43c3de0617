"""``params.yaml`` as frozen, checked models: a wrong key or value is refused before any work begins."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import (
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from components.config import hyperparameters
from components.config.augmentation import AugmentParams
from components.config.search_space import Hyperparameter
from components.config.sources import Form, SourceParams
from components.config.strict import Strict
from components.core.errors import ParamsError
from components.core.yaml_loader import explain, load_yaml

#: Where the listings of all sources lie; a feature that reads it takes every source of its form.
LISTINGS = "data/corpus"
#: What others may have published about it; each is taken over by its own stage, ``published@NAME``.
Published = Literal["artists", "lists"]
#: What one row of a feature stands for: a piece of ``segments.seconds``, or the whole track.
Unit = Literal["segment", "track"]
Protocol = Literal["artist", "track", "segment", "fault_filtered", "manifest"]
#: What a search maximises, and what may stop a fit.
Objective = Literal["val_accuracy", "val_balanced_accuracy"]

#: Name of the model that averages others.
ENSEMBLE = "ensemble"

Share = Annotated[float, Field(gt=0.0, lt=1.0)]
Count = Annotated[int, Field(ge=1)]
Block = TypeVar("Block")
Scalar = bool | int | float | str
#: A complete set of hyperparameters, by name.
Hyperparameters = dict[str, Scalar | list[Scalar]]
#: A file, a function or a variant: what Python and DVC may take for a name.
Name = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$")]


class CorpusParams(Strict):
    """The collection, and how much of it must be usable for a run to go on.

    ``sources``, by name, are listed each by its own stage, ``corpus@NAME``. Several of one form are one corpus: their
    tracks together. Several forms are views of the same tracks: those that all of them have.
    ``follow_links``: whether links in a folder may lead out of it; those into DVC's own cache always may.
    ``published``: paths, absolute or relative to the project's root, of a table of ``artists`` and of a folder of
    split ``lists``; see :mod:`components.stages.published`.
    """

    sources: Annotated[dict[Name, SourceParams], Field(min_length=1)]
    minimum_tracks: Annotated[int, Field(ge=2)]
    max_seconds: Annotated[float, Field(gt=0.0)]
    max_bytes: Count
    follow_links: bool = False
    published: dict[Published, str] = Field(default_factory=dict)

    @field_validator("sources", mode="before")
    @classmethod
    def _forms(cls, sources: Any) -> Any:
        if not isinstance(sources, dict):
            return sources
        return {
            name: {"form": name, **block} if isinstance(block, dict) else block
            for name, block in sources.items()
        }

    def of_form(self, form: Form) -> list[str]:
        """List the sources of one form by name, sorted."""
        return sorted(name for name, source in self.sources.items() if source.form == form)


class SegmentsParams(Strict):
    """How a track is cut: whole pieces of ``seconds``, end to end from its start, at most ``per_track`` of them.

    Of a longer track ``place`` says which: the first (``start``), evenly ``spread``, or ``random`` ones by ``seed``
    and the sound. Predictions look at a song as training did: at its start, or at all of it. One that is shorter than a
    piece, but not than ``shortest`` seconds, is repeated until it fills one.
    """

    seconds: Annotated[float, Field(gt=0.1)]
    per_track: Count
    shortest: Annotated[float, Field(gt=0.0)]
    place: Literal["start", "spread", "random"] = "start"
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _consistent(self) -> SegmentsParams:
        if self.shortest > self.seconds:
            raise ValueError(f"shortest is {self.shortest:g}; valid: up to seconds, {self.seconds:g}")
        return self


class ValidationParams(Strict):
    """The block ``validation``: how much is allowed of what a real collection always holds a little of.

    Attributes
    ----------
    max_duplicate_share : float
        Share of rows, 0 to 1, that may repeat a row of another track exactly. The public 30-s table repeats 14
        rows of 1,000.
    max_conflicting_tracks : int
        How many tracks may repeat a track of *another genre*. The public collection holds one such pair
        (metal.00058 is rock.00016); none is right for any other.
    max_track_share : float
        Share of all rows, 0 to 1, that one track may give. Where a collection has so few tracks that an equal
        share is more than half of this, twice the equal share is allowed.
    label_margin : float
        How far, at the least, a nearest-centroid rule must be above chance at telling genres apart, as a
        difference of balanced accuracies. Small collections must be further above it (see
        :mod:`components.validation.signal`).
    """

    max_duplicate_share: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.02
    max_conflicting_tracks: Annotated[int, Field(ge=0)] = 0
    max_track_share: Annotated[float, Field(gt=0.0, le=1.0)] = 0.1
    label_margin: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.05


class SplitParams(Strict):
    """Train, validation and test; see :mod:`components.splits` for the protocols."""

    protocol: Protocol
    folds: Annotated[int, Field(ge=2)]
    validation_folds: Annotated[int, Field(ge=2)]
    fold: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _consistent(self) -> SplitParams:
        if self.fold >= self.folds:
            raise ValueError(f"fold is {self.fold}; with folds {self.folds} it is 0 to {self.folds - 1}")
        return self


class FeatureParams(Strict):
    """One feature: its file in ``components/features``, what its stage reads, what a row is, its file's options.

    ``extractor`` is by default the feature's own name, so that one file may make several features. ``augment``: views
    of each row that are computed from changed audio, for training alone.
    """

    extractor: Name
    reads: str
    unit: Unit
    options: dict[str, Any] = Field(default_factory=dict)
    augment: tuple[AugmentParams, ...] = ()

    @field_validator("augment")
    @classmethod
    def _different(cls, augment: tuple[AugmentParams, ...]) -> tuple[AugmentParams, ...]:
        if len({each.model_dump_json(exclude={"draws"}) for each in augment}) < len(augment):
            raise ValueError("two entries are the same; valid: each once, with draws for more of one")
        return augment

    @property
    def views(self) -> list[tuple[AugmentParams, int]]:
        """Augmented views, in order: how each is made, and which draw of that it is."""
        return [(each, draw) for each in self.augment for draw in range(each.draws)]

    @property
    def upstream(self) -> str | None:
        """The feature that it reads; None where it reads listings."""
        folder, _, name = self.reads.rpartition("/")
        return name if folder == "data/features" else None


class TuningParams(Strict):
    """The search's budget, and what it maximises. ``epochs`` and ``patience`` hold for one execution.

    ``max_trials`` are the tuner's own, as in KerasTuner; ``start`` is tried besides, and alone where they are 0.
    ``objective`` is the share of validation rows that are right, each song counting as one, or its mean over genres. A
    variant's own block that names none takes over that of ``params.yaml``, and so with ``training.class_weight``.
    """

    tuner: Literal["random", "bayesian", "hyperband", "grid"]
    max_trials: Annotated[int, Field(ge=0)]
    executions_per_trial: Count
    epochs: Count
    patience: Count
    max_rows: Count | None = None
    objective: Objective | None = None


class TrainingParams(Strict):
    """The final fit: at most ``epochs``, ended by early stopping on ``monitor`` after ``patience``.

    With ``refit`` the tested and registered model is a second, fresh one, fitted on train and validation for
    as many epochs as the first fit has shown to be right; see :mod:`components.stages.train`. With ``calibrate``
    the saved network's probabilities are calibrated on validation songs; see :mod:`components.results.calibration`.
    With ``class_weight`` ``balanced`` each genre's songs weigh as much together as another's, in the search's fits too.
    """

    epochs: Count
    patience: Count
    monitor: Objective | Literal["val_loss"]
    refit: bool = False
    calibrate: bool = True
    class_weight: Literal["none", "balanced"] | None = None


class VariantParams(Strict):
    """One variant of a model: its network, its hyperparameters, and budgets that differ from the default.

    ``build`` names the function of the model's file that makes the network. A hyperparameter stands either in
    ``fixed`` or in ``search``; ``start`` gives each searched one a value: trial 0 of the search.
    """

    build: Name = "build"
    fixed: Hyperparameters = Field(default_factory=dict)
    search: dict[str, Hyperparameter] = Field(default_factory=dict)
    start: dict[str, Scalar] = Field(default_factory=dict)
    tuning: TuningParams | None = None
    training: TrainingParams | None = None

    @model_validator(mode="after")
    def _consistent(self) -> VariantParams:
        if twice := self.fixed.keys() & self.search.keys():
            raise ValueError(f"{', '.join(sorted(twice))} is fixed and searched; valid: one of the two")
        if missing := self.search.keys() - self.start.keys():
            raise ValueError(f"start gives no value for {', '.join(sorted(missing))}")
        if unknown := self.start.keys() - self.search.keys():
            raise ValueError(
                f"start names {', '.join(sorted(unknown))}; searched are {', '.join(sorted(self.search))}"
            )
        hyperparameters.check_all(fixed=self.fixed, search=self.search, start=self.start)
        return self


class ModelParams(Strict):
    """One model: its file in ``components/models``, its feature, its variants, and which of them holds.

    ``network`` has no default, since DVC's interpolation has none: ``dvc.yaml`` reads it as it stands.
    """

    network: Name
    feature: str
    variant: str
    variants: Annotated[dict[Name, VariantParams], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> ModelParams:
        if self.variant not in self.variants:
            raise ValueError(f"variant is {self.variant!r}; valid: {', '.join(sorted(self.variants))}")
        return self


class SelectedModel(VariantParams):
    """A model in its selected variant, with the budgets that hold."""

    name: str
    network: Name
    feature: str
    variant: str
    tuning: TuningParams
    training: TrainingParams

    @property
    def objective(self) -> Objective:
        """What its search maximises."""
        return self.tuning.objective or "val_accuracy"

    @property
    def first_set(self) -> Hyperparameters:
        """All hyperparameters of trial 0."""
        return {**self.fixed, **self.start}


class EnsembleParams(Strict):
    """The ensemble, a weighted mean of other models' probabilities; see :mod:`components.results.ensemble`.

    Attributes
    ----------
    members : list of str
        Models; none for no ensemble.
    shrinkage : float
        Validation songs that equal weights count as, 0 or more: with as many songs in the validation part, the
        weights lie half way between the best ones there and equal ones.
    calibrate : bool
        Whether its probabilities are calibrated on validation songs, as a single model's are.
    """

    members: list[str] = Field(default_factory=list)
    shrinkage: Annotated[float, Field(ge=0.0)] = 50.0
    calibrate: bool = True

    @field_validator("members")
    @classmethod
    def _several(cls, members: list[str]) -> list[str]:
        if len(members) == 1:
            raise ValueError(f"{members[0]!r} alone is no ensemble; valid: none, or two and more")
        if twice := [name for name in members if members.count(name) > 1]:
            raise ValueError(f"{twice[0]!r} is named twice; valid: each once")
        return members


class PromotionParams(Strict):
    """Promotion: which registered model, and by what margin a challenger must win on validation songs.

    ``allow_untrained``, ``allow_confounded`` and ``allow_unnamed`` accept a challenger whose encoder is a stand-in, one
    whose figures may be those of its artists, and one that never names one of its genres. ``evaluate_on`` is labelled
    music, a folder or a manifest (see :mod:`components.external_evaluation`), on which a challenger must not be worse
    than the champion.
    """

    registered_model: str
    margin: Annotated[float, Field(ge=0.0, lt=1.0)]
    allow_untrained: bool
    allow_confounded: bool = False
    allow_unnamed: bool = False
    evaluate_on: str | None = None

    @field_validator("registered_model")
    @classmethod
    def _stands_in_an_address(cls, name: str) -> str:
        # It stands in models:/NAME@ALIAS, in MLflow's filters between quotes, and in paths.
        if not re.fullmatch(r"\w[\w .-]*", name):
            raise ValueError(
                "valid: letters, digits, spaces, dots, hyphens and underscores, beginning with a letter or digit"
            )
        return name


class UnsureParams(Strict):
    """The block ``unsure``: which predictions are marked as not to be relied on.

    Attributes
    ----------
    precision : float
        Share of validation songs that has to be right, 0 to 1, from a confidence on: less confident songs are unsure.
    alike : float
        Share of validation songs that counts as like the training, 0 to 1: songs farther from it are unsure.
    """

    precision: Share = 0.95
    alike: Share = 0.99


class Params(Strict):
    """All of ``params.yaml``.

    ``pretrained``: where the weights of each encoder of :mod:`components.features.encoders` come from, by its name.
    ``allow_untrained_encoders`` lets a run go on without them, marked as such everywhere.
    """

    preset: str
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    synthetic: dict[str, dict[str, Any]] = Field(default_factory=dict)
    corpus: CorpusParams
    segments: SegmentsParams
    split: SplitParams
    validation: ValidationParams = ValidationParams()
    features: Annotated[dict[str, FeatureParams], Field(min_length=1)]
    models: Annotated[dict[str, ModelParams], Field(min_length=1)]
    tuning: TuningParams
    training: TrainingParams
    ensemble: EnsembleParams = Field(default_factory=EnsembleParams)
    pretrained: dict[str, str]
    allow_untrained_encoders: bool
    unsure: UnsureParams = Field(default_factory=UnsureParams)
    promotion: PromotionParams

    @field_validator("features", mode="before")
    @classmethod
    def _extractors(cls, features: Any) -> Any:
        if not isinstance(features, dict):
            return features
        return {
            name: {"extractor": name, **block} if isinstance(block, dict) else block
            for name, block in features.items()
        }

    @model_validator(mode="after")
    def _names_agree(self) -> Params:
        for name, model in self.models.items():
            if model.feature not in self.features:
                raise ValueError(
                    f"models.{name}.feature is {model.feature!r}; valid: {', '.join(sorted(self.features))}"
                )
        if ENSEMBLE in self.models:
            raise ValueError(f"models.{ENSEMBLE} is the name of the models' mean; valid: any other")
        for name in self.ensemble.members:
            if name not in self.models:
                raise ValueError(f"ensemble.members has {name!r}; valid: {', '.join(sorted(self.models))}")
        listings = {LISTINGS, *(f"{LISTINGS}/{source}.parquet" for source in self.corpus.sources)}
        folders = {f"data/features/{feature}" for feature in self.features}
        for name, feature in self.features.items():
            valid = listings | (folders - {f"data/features/{name}"})
            if feature.reads not in valid:
                raise ValueError(
                    f"features.{name}.reads is {feature.reads!r}; valid: {', '.join(sorted(valid))}"
                )
        if self.split.protocol == "fault_filtered" and "lists" not in self.corpus.published:
            raise ValueError(
                f"corpus.published is {dict(self.corpus.published)}; valid with split.protocol fault_filtered: lists "
                "with the folder of the published split lists"
            )
        if self.split.protocol == "manifest" and all(
            source.labels != "manifest" for source in self.corpus.sources.values()
        ):
            raise ValueError(
                "split.protocol is 'manifest', and no source has labels: manifest; valid: one that has"
            )
        return self

    @property
    def composed_sources(self) -> list[str]:
        """Sources of the corpus whose songs this project's code composes, by name."""
        composed = {f"data/raw/{name}" for name in self.synthetic}
        return [
            name
            for name, source in self.corpus.sources.items()
            if str(PurePosixPath(source.path)) in composed
        ]

    @property
    def compared(self) -> list[str]:
        """All that is compared, by name: the models, and the ensemble where it has members."""
        return [*self.models, *([ENSEMBLE] if self.ensemble.members else [])]

    def check_compared(self, names: Iterable[str]) -> None:
        """Raise a ParamsError unless each name is one of :attr:`compared`."""
        for name in names:
            if name not in self.compared:
                valid = ", ".join(sorted(self.compared))
                raise ParamsError(f"model {name!r} is not in params.yaml; valid: {valid}")

    def model(self, name: str) -> SelectedModel:
        """Return a model in its selected variant, with the default ``tuning`` and ``training`` filled in."""
        model = _named(self.models, name, kind="model")
        chosen = model.variants[model.variant]
        tuning, training = chosen.tuning or self.tuning, chosen.training or self.training
        # What a collection needs is no budget: one that a variant brings leaves it as it is for all.
        budgets = {
            "tuning": tuning.model_copy(
                update={"objective": tuning.objective or self.tuning.objective or "val_accuracy"}
            ),
            "training": training.model_copy(
                update={"class_weight": training.class_weight or self.training.class_weight or "none"}
            ),
        }
        return SelectedModel(
            **{**dict(chosen), **budgets}, name=name, **model.model_dump(exclude={"variants"})
        )

    def feature(self, name: str) -> FeatureParams:
        """Return the block of one feature."""
        return _named(self.features, name, kind="feature")


def _named(blocks: dict[str, Block], name: str, *, kind: str) -> Block:
    if name not in blocks:
        raise ParamsError(f"{kind} {name!r} is not in params.yaml; valid: {', '.join(sorted(blocks))}")
    return blocks[name]


def parse(text: str, *, origin: str = "params.yaml") -> Params:
    """Check the text of a ``params.yaml``.

    Raises
    ------
    ParamsError
        Naming ``origin`` and each fault: no YAML, or a key that is missing, unknown, or of the wrong type or range.
    """
    try:
        document = load_yaml(text)
    except yaml.YAMLError as error:
        raise ParamsError(f"{origin} is not YAML: {explain(error)}") from error
    if not isinstance(document, dict):
        raise ParamsError(f"{origin} holds {type(document).__name__}; valid: a mapping of blocks")
    try:
        return Params.model_validate(document)
    except ValidationError as error:
        raise ParamsError(f"{origin}: {describe(error)}") from error


def load(path: Path | str = "params.yaml") -> Params:
    """Read and check ``params.yaml``.

    Examples
    --------
    >>> load().model("mlp").feature
    'mfcc_summary'
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ParamsError(f"{path} cannot be read ({error}); run this in the project's root") from error
    return parse(text, origin=str(path))


def describe(error: ValidationError) -> str:
    """Put what pydantic found into one line: ``key is VALUE: reason`` for each fault, joined by semicolons."""
    faults = []
    found = error.errors()
    for fault in found:
        # To pydantic a list is too short once its wrong values are left out: those are the fault.
        place = fault["loc"]
        if fault["type"] == "too_short" and any(
            other is not fault and other["loc"][: len(place)] == place for other in found
        ):
            continue
        key = ".".join(str(part) for part in place)
        reason = fault["msg"].removeprefix("Value error, ")
        value = fault["input"]
        shown = f" is {value!r}" if isinstance(value, str | int | float | bool | None) else ""
        faults.append(f"{key}{shown}: {reason}" if key else reason)
    return "; ".join(faults)
