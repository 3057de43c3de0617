"""``params.yaml`` as frozen, checked models: a wrong key or value is refused before any work begins."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from components.config.hyperparameters import Count, Fixed, Hyperparameter, Strict
from components.core.errors import ParamsError

#: What a person may point the corpus at, by name; each is listed by its own stage, ``corpus@NAME``.
Source = Literal["audio", "pictures", "table"]
#: What others may have published about it; each is taken over by its own stage, ``published@NAME``.
Published = Literal["artists", "lists"]
#: What one row of a feature stands for: a piece of ``segments.seconds``, or the whole track.
Unit = Literal["segment", "track"]
Protocol = Literal["segment", "track", "fault_filtered"]

Share = Annotated[float, Field(gt=0.0, lt=1.0)]


class SourceParams(Strict):
    """Where one form of the collection lies.

    ``path`` is a folder with one subfolder a genre (audio, pictures) or a CSV file (table), absolute or
    relative to the project's root.
    """

    path: str


class CorpusParams(Strict):
    """The collection, and how much of it must be usable for a run to go on.

    ``published``: paths, absolute or relative to the project's root, of a table of ``artists`` and of a folder of
    split ``lists``; see :mod:`components.stages.published`.
    """

    sources: Annotated[dict[Source, SourceParams], Field(min_length=1)]
    minimum_tracks: Annotated[int, Field(ge=2)]
    max_seconds: Annotated[float, Field(gt=0.0)]
    max_bytes: Count
    published: dict[Published, str] = Field(default_factory=dict)


class SegmentsParams(Strict):
    """How a track is cut: whole pieces of ``seconds`` from its start, at most ``per_track`` of them."""

    seconds: Annotated[float, Field(gt=0.1)]
    per_track: Count


class SplitParams(Strict):
    """Who is in train, validation and test; see :mod:`components.splits` for the protocols."""

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
    """One feature: what its stage reads, what a row stands for, and the options of its own file."""

    reads: str
    unit: Unit
    options: dict[str, Any] = Field(default_factory=dict)


class PretrainedParams(Strict):
    """Where the frozen encoders' weights come from.

    ``vgg16`` is a path or ``imagenet`` (Keras downloads it); ``yamnet`` a TensorFlow Hub handle.
    ``allow_untrained`` lets a run go on with untrained encoders, marked as such everywhere.
    """

    vgg16: str
    yamnet: str
    allow_untrained: bool


class PromotionParams(Strict):
    """The gate: which registered model, and by what margin a challenger must win on validation songs."""

    registered_model: str
    margin: Annotated[float, Field(ge=0.0, lt=1.0)]
    allow_untrained: bool


class Params(Strict):
    """All of ``params.yaml``."""

    preset: str
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    synthetic: dict[str, dict[str, Any]] = Field(default_factory=dict)
    corpus: CorpusParams
    segments: SegmentsParams
    split: SplitParams
    validation: dict[str, Any] = Field(default_factory=dict)
    features: Annotated[dict[str, FeatureParams], Field(min_length=1)]
    models: Annotated[dict[str, ModelParams], Field(min_length=1)]
    tuning: TuningParams
    training: TrainingParams
    pretrained: PretrainedParams
    promotion: PromotionParams

    @model_validator(mode="after")
    def _names_agree(self) -> Params:
        for name, model in self.models.items():
            if model.feature not in self.features:
                raise ValueError(
                    f"models.{name}.feature is {model.feature!r}; valid: {', '.join(sorted(self.features))}"
                )
        listings = {f"data/corpus/{source}.parquet" for source in self.corpus.sources}
        folders = {f"data/features/{feature}" for feature in self.features}
        for name, feature in self.features.items():
            valid = listings | (folders - {f"data/features/{name}"})
            if feature.reads not in valid:
                raise ValueError(
                    f"features.{name}.reads is {feature.reads!r}; valid: {', '.join(sorted(valid))}"
                )
        if self.split.protocol == "fault_filtered" and "lists" not in self.corpus.published:
            raise ValueError(
                f"corpus.published is {dict(self.corpus.published)}; valid with split.protocol fault_filtered: "
                "lists with the folder of the published split lists"
            )
        return self

    def model(self, name: str) -> ModelParams:
        """Return the block of one model.

        Parameters
        ----------
        name : str
            A key of ``models``.

        Returns
        -------
        ModelParams
            The block of its chosen variant, with the default ``tuning`` and ``training`` filled in.

        Raises
        ------
        ParamsError
            If there is no such model.
        """
        block: ModelParams = _named(self.models, name, kind="model")
        return block.resolved(tuning=self.tuning, training=self.training)

    def feature(self, name: str) -> FeatureParams:
        """Return the block of one feature.

        Parameters
        ----------
        name : str
            A key of ``features``.

        Returns
        -------
        FeatureParams
            Its block.

        Raises
        ------
        ParamsError
            If there is no such feature.
        """
        return _named(self.features, name, kind="feature")


def _named(blocks: dict[str, Any], name: str, *, kind: str) -> Any:
    if name not in blocks:
        raise ParamsError(f"{kind} {name!r} is not in params.yaml; valid: {', '.join(sorted(blocks))}")
    return blocks[name]


def parse(text: str, *, origin: str = "params.yaml") -> Params:
    """Check the text of a ``params.yaml``.

    Parameters
    ----------
    text : str
        YAML.
    origin : str
        What to call it in messages.

    Returns
    -------
    Params
        The checked, frozen params.

    Raises
    ------
    ParamsError
        If it is not YAML, or a key is missing, unknown, or of the wrong type or range.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ParamsError(f"{origin} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise ParamsError(f"{origin} holds {type(document).__name__}; valid: a mapping of blocks")
    try:
        return Params.model_validate(document)
    except ValidationError as error:
        raise ParamsError(f"{origin}: {describe(error)}") from error


def load(path: Path | str = "params.yaml") -> Params:
    """Read and check ``params.yaml``.

    Parameters
    ----------
    path : Path or str
        The file.

    Returns
    -------
    Params
        The checked, frozen params.

    Raises
    ------
    ParamsError
        If the file is missing, unreadable or not valid.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ParamsError(f"{path} cannot be read ({error}); run this in the project's root") from error
    return parse(text, origin=str(path))


def describe(error: ValidationError) -> str:
    """Say in one line what pydantic found: each key, its value, what would be valid.

    Parameters
    ----------
    error : ValidationError
        What a model's validation raised.

    Returns
    -------
    str
        ``key is VALUE: reason`` for each fault, joined by semicolons.
    """
    faults = []
    for fault in error.errors():
        key = ".".join(str(part) for part in fault["loc"]) or "params"
        reason = fault["msg"].removeprefix("Value error, ")
        value = fault["input"]
        shown = f" is {value!r}" if isinstance(value, str | int | float | bool | None) else ""
        faults.append(f"{key}{shown}: {reason}")
    return "; ".join(faults)


#: ``study``: the published network and its published best set. ``best``: what has since been found to do better.
Variant = Literal["study", "best"]
Values = dict[str, bool | int | float | str]


class TuningParams(Strict):
    """The search's budget. ``epochs`` and ``patience`` hold for one execution."""

    tuner: Literal["random", "bayesian", "hyperband", "grid"]
    max_trials: Count
    executions_per_trial: Count
    epochs: Count
    patience: Count
    max_rows: Count | None = None


class TrainingParams(Strict):
    """The final fit: at most ``epochs``, ended by early stopping on ``monitor`` after ``patience``.

    With ``refit`` the tested and registered model is a second, fresh one, fitted on train and validation for
    as many epochs as the first fit has shown to be right; see :mod:`components.stages.train`.
    """

    epochs: Count
    patience: Count
    monitor: Literal["val_accuracy", "val_loss"]
    refit: bool = False


class BestParams(Strict):
    """The variant ``best`` of a model; ``start`` is trial 0 of its search."""

    search: dict[str, Hyperparameter]
    start: Values
    tuning: TuningParams | None = None
    training: TrainingParams | None = None

    @model_validator(mode="after")
    def _start_inside_search(self) -> BestParams:
        _agree("start", self.start, search=self.search)
        return self


class ModelParams(Strict):
    """One model: its feature, search space, published best set, and budgets that differ from the default.

    ``study`` is the published best set (trial 0 of every search); it gives a value for each key of
    ``search``. ``variant`` says whether these hold, or those of ``best``.
    """

    variant: Variant = "study"
    feature: str
    search: dict[str, Hyperparameter]
    study: Values
    tuning: TuningParams | None = None
    training: TrainingParams | None = None
    best: BestParams | None = None

    @model_validator(mode="after")
    def _consistent(self) -> ModelParams:
        _agree("study", self.study, search=self.search)
        if self.variant == "best" and self.best is None:
            raise ValueError("variant is 'best', but the model has no block best; valid: study")
        return self

    def resolved(self, *, tuning: TuningParams, training: TrainingParams) -> ModelParams:
        """Return the chosen variant as the one block there is.

        Parameters
        ----------
        tuning, training : TuningParams, TrainingParams
            Budgets where the variant has none of its own.

        Returns
        -------
        ModelParams
            ``search``, ``study`` (the set tried first), ``tuning`` and ``training`` are the chosen variant's;
            ``best`` is None.
        """
        chosen = {"search": self.search, "study": self.study}
        own = self.best if self.variant == "best" else self
        assert own is not None, "checked when the params were read"
        if isinstance(own, BestParams):
            chosen = {"search": own.search, "study": own.start}
        budgets = {"tuning": own.tuning or tuning, "training": own.training or training}
        return self.model_copy(update={**chosen, **budgets, "best": None})


def _agree(name: str, values: Values, *, search: Mapping[str, Hyperparameter]) -> None:
    searched = {key for key, kind in search.items() if not isinstance(kind, Fixed)}
    missing, unknown = searched - values.keys(), values.keys() - searched
    if missing:
        raise ValueError(f"{name} gives no value for {', '.join(sorted(missing))}")
    if unknown:
        raise ValueError(
            f"{name} names {', '.join(sorted(unknown))}; searched are {', '.join(sorted(searched))}"
        )
