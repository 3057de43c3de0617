"""What ``params.yaml`` says of a model: its variants, each with a search space, a first set and budgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import model_validator

from components.hyperparameters import Count, Fixed, Hyperparameter, Strict

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
    as many epochs as the first fit has shown to be right; see :mod:`components.training`.
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
