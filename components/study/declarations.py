"""``experiments.yaml`` as frozen, checked models: what the study ran, and what we run to test its findings."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from components.config.params import Count, Strict, Unit, describe
from components.core.errors import ParamsError

FILE = Path(__file__).parent / "experiments.yaml"

#: What may be found in a folder; the two tables are told apart by the length of their rows.
Source = Literal["audio", "pictures", "table_30", "table_3"]
#: ``track`` deals k folds with songs whole: its first is the workflow's own split, all of them are ``kfold``.
Protocol = Literal["segment", "track", "fault_filtered"]
Group = Literal["model", "ablation", "side"]


class Budget(Strict):
    """How often each experiment is run: ``folds`` where folds are dealt, ``seeds`` where the parts are given."""

    folds: Count
    seeds: Count


class Material(Strict):
    """One feature with its options, extracted once and shared by all experiments that name it.

    ``through`` is a feature that is extracted first (a picture drawn from audio); ``untrained`` takes a seeded
    random encoder even where the real one is there; ``tracks_per_genre`` takes so many tracks of each
    genre; ``preset`` takes the feature's options of that preset, for a variant that was tuned on them.
    """

    source: Source
    feature: str
    unit: Unit
    options: dict[str, Any] = Field(default_factory=dict)
    preset: str | None = None
    through: str | None = None
    untrained: bool = False
    tracks_per_genre: Annotated[int, Field(ge=3)] | None = None


class Search(Strict):
    """A search before the fit: hyperparameters that replace those of the variant, and its budget."""

    fixed: dict[str, Any] = Field(default_factory=dict)
    space: dict[str, dict[str, Any]]
    tuning: dict[str, Any]


class Experiment(Strict):
    """One model under one or more protocols.

    Attributes
    ----------
    title : str
        What a reader sees.
    group : str
        ``model`` for a row of the main table, ``ablation``, or ``side`` for what only serves findings.
    model, material, variant : str
        A model of the presets, what it hears, and which of its sets is taken.
    published : float, optional
        The study's accuracy, percent.
    preset : str, optional
        Take this preset's best variant, where it is not the base preset's.
    set : dict
        Hyperparameters that differ from the variant's own set.
    training : dict
        Budget of the fit where it differs from the variant's.
    search : Search, optional
        Search first, and fit the best set.
    shuffled : bool
        Deal the labels of the train and validation songs anew, at random: nothing can be learned.
    contaminated : bool
        Fit on all parts, test included, and test that model: the fault behind the study's finding 14.
    protocols : list of str
        In the order of the page.
    at_most : int, optional
        Folds or seeds, however large the budget.
    quick : int, optional
        Folds or seeds of the budget ``quick``, where its own are too many: for what takes long.
    cost : int
        Rough seconds a fit; what is cheap is run first, ablations last.
    findings : list of int
        Findings it serves.
    note : str
        What a reader should know.
    """

    title: str
    group: Group = "side"
    model: str
    material: str
    variant: Literal["study", "best"] = "study"
    published: float | None = None
    preset: str | None = None
    set: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    search: Search | None = None
    shuffled: bool = False
    contaminated: bool = False
    protocols: Annotated[list[Protocol], Field(min_length=1)]
    at_most: Count | None = None
    quick: Count | None = None
    cost: Count = 5
    findings: list[Annotated[int, Field(ge=1, le=14)]] = Field(default_factory=list)
    note: str = ""


class Study(Strict):
    """All of ``experiments.yaml``."""

    budgets: dict[str, Budget]
    materials: dict[str, Material]
    experiments: dict[str, Experiment]

    @model_validator(mode="after")
    def _names_agree(self) -> Study:
        for name, experiment in self.experiments.items():
            if experiment.material not in self.materials:
                raise ValueError(
                    f"experiments.{name}.material is {experiment.material!r}; valid: "
                    f"{', '.join(sorted(self.materials))}"
                )
        return self


@lru_cache(maxsize=1)
def load(path: Path = FILE) -> Study:
    """Read and check the declarations.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Study
        Frozen.

    Raises
    ------
    ParamsError
        If a key or value is not valid.
    """
    try:
        return Study.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise ParamsError(f"{path.name}: {describe(error)}") from error
