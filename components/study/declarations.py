"""Declared experiments of the study, and the plan of those that the data at hand allows, as checked records."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import Field, ValidationError, model_validator

from components.config import presets
from components.config.params import (
    Count,
    FeatureParams,
    Hyperparameters,
    Protocol,
    SegmentsParams,
    VariantParams,
    describe,
)
from components.config.params import Form as Kind
from components.config.strict import Strict
from components.core.errors import ParamsError
from components.core.yaml_loader import load_yaml

FILE = Path(__file__).parent / "experiments.yaml"

#: Forms of the collection that a folder may hold; the two tables differ in what their rows stand for.
Form = Literal["audio", "pictures", "table_30", "table_3"]
Group = Literal["model", "ablation", "side"]


class Budget(Strict):
    """Repetitions of each experiment: ``folds`` of the splits that have them, ``seeds`` of a published one."""

    folds: Count
    seeds: Count


class Source(Strict):
    """One form of the collection, or of each genre ``tracks_per_genre`` of its tracks."""

    form: Form
    tracks_per_genre: Annotated[int, Field(ge=3)] | None = None

    @property
    def kind(self) -> Kind:
        """Its form in ``corpus.sources``."""
        return cast(Kind, self.form.split("_")[0])


class Feature(FeatureParams):
    """A block of ``features:`` on one source.

    Without ``options`` they are those that ``preset`` gives the extractor. ``untrained`` takes a seeded random
    encoder even where the trained one is at hand.
    """

    source: str
    preset: str = "gtzan"
    untrained: bool = False


class Experiment(Strict):
    """One model under one or more protocols.

    Attributes
    ----------
    title, note : str
        What a reader sees, and what they should know.
    group : str
        ``model`` for a row of the main table, ``ablation``, or ``side`` for what only serves findings.
    model, variant, preset : str
        A model of a preset, and which of its variants.
    feature : str
        The feature configuration that it is fitted on.
    published : float, optional
        The study's accuracy, percent.
    set : dict
        Hyperparameters that differ from the variant's first set.
    training : dict
        Budget of the fit where it differs from the variant's.
    search : VariantParams, optional
        A variant of its own in place of the preset's, which is searched first.
    shuffled : bool
        Exchange the features of the songs at random: nothing can be learned.
    contaminated : bool
        Fit on all parts, test included, and test that model: the fault behind the study's finding 14.
    protocols : list of str
        In the order of the page. ``track`` stands for k folds with songs whole: the first is the workflow's own
        split, all of them are ``kfold``. ``artist``, k folds with artists apart, is run where artists are known.
    at_most, quick : int, optional
        Most folds or seeds under any budget, and under the budget ``quick``.
    cost : int
        Rough seconds a fit; cheap experiments are run first, ablations last.
    findings : list of int
        Findings it serves.
    """

    title: str
    group: Group = "side"
    model: str
    variant: Literal["study", "best"] = "study"
    preset: str = "gtzan"
    feature: str
    published: float | None = None
    set: Hyperparameters = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    search: VariantParams | None = None
    shuffled: bool = False
    contaminated: bool = False
    protocols: Annotated[list[Protocol], Field(min_length=1)]
    at_most: Count | None = None
    quick: Count | None = None
    cost: Count = 5
    findings: list[Annotated[int, Field(ge=1, le=14)]] = Field(default_factory=list)
    note: str = ""


class Claim(Strict):
    """A finding of the study in our words, how it is run, and a Jinja sentence on what was measured.

    ``accuracies``: whether it is about any; then it is decided once more with artists apart.
    """

    claim: str
    how: str
    measured: str
    accuracies: bool = True


class Study(Strict):
    """All of ``experiments.yaml``; ``findings`` are by number, as in the study."""

    budgets: dict[str, Budget]
    sources: dict[str, Source]
    features: dict[str, Feature]
    experiments: dict[str, Experiment]
    findings: dict[int, Claim]

    @model_validator(mode="after")
    def _names_agree(self) -> Study:
        for kind, key, valid in (
            ("features", "source", self.sources),
            ("experiments", "feature", self.features),
        ):
            for name, block in getattr(self, kind).items():
                if (value := getattr(block, key)) not in valid:
                    raise ValueError(f"{kind}.{name}.{key} is {value!r}; valid: {', '.join(sorted(valid))}")
        return self


class PlannedSource(Source):
    """A source that was found; a relative ``path`` starts from the folder of the study's pipeline.

    ``workspace``: the source in whose workspace it is listed, its own name but for one that lies beside another.
    """

    path: str
    workspace: str


class PlannedFeature(Feature):
    """A feature that a planned experiment needs; ``pretrained`` names the weights of its own encoders."""

    pretrained: dict[str, str]


class PlannedExperiment(Experiment):
    """An experiment that the data allows, with its repetitions, its feature's source and its model's file.

    ``artists``: whether the artist table names the artist of most of its songs; ``beside``: further sources that are
    one corpus with its own under protocol ``artist``; ``tuned``: whether it is searched with its variant's budget.
    """

    source: str
    beside: list[str]
    form: Form
    network: str
    folds: int
    seeds: int
    artists: bool
    tuned: bool


class Plan(Strict):
    """All of ``study/params.yaml``.

    ``found`` and ``not_run`` (name to what it needs) are for readers; ``checksum`` is of the files behind
    ``lists`` and ``artists``, since DVC knows them by their contents; ``reports`` lets DVC skip the page before the
    first plan.
    """

    budget: str
    seed: int
    synthetic: dict[str, dict[str, Any]]
    found: list[str]
    lists: str | None
    artists: str | None
    checksum: str
    segments: SegmentsParams
    sources: dict[str, PlannedSource]
    features: dict[str, PlannedFeature]
    experiments: dict[str, PlannedExperiment]
    reports: list[str]
    not_run: dict[str, str]

    def named(self, kind: Literal["sources", "features", "experiments"], name: str) -> Any:
        """Return a block by name; raises ParamsError with the valid names."""
        blocks = getattr(self, kind)
        if name not in blocks:
            raise ParamsError(
                f"{kind[:-1]} {name!r} is not in the study's plan; valid: {', '.join(blocks) or 'none'}"
            )
        return blocks[name]


@lru_cache
def preset(name: str) -> dict[str, Any]:
    """Read a preset of params; it is shared, and not to be changed."""
    return load_yaml(presets.compose(name))


@lru_cache(maxsize=1)
def load(path: Path = FILE) -> Study:
    """Read ``experiments.yaml``.

    Raises
    ------
    ParamsError
        If a key or value is not valid.
    """
    try:
        return Study.model_validate(load_yaml(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise ParamsError(f"{path.name}: {describe(error)}") from error
