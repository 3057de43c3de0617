"""What KerasTuner is told of a model's search: its space, and an oracle that tries the set of the params first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from components.hyperparameters import Boolean, Choice, Fixed, FloatRange, Hyperparameter, IntRange
from components.params import ModelParams, TuningParams

if TYPE_CHECKING:
    import keras_tuner

OBJECTIVE = "val_accuracy"


def space(search: Mapping[str, Hyperparameter]) -> keras_tuner.HyperParameters:
    """Declare a search space to KerasTuner.

    Parameters
    ----------
    search : mapping of str to Hyperparameter
        The ``search`` block of a model.

    Returns
    -------
    keras_tuner.HyperParameters
        All hyperparameters, none of them conditional.
    """
    import keras_tuner

    hp = keras_tuner.HyperParameters()
    for name, kind in search.items():
        match kind:
            case IntRange():
                hp.Int(name, kind.low, kind.high, step=_step(kind), sampling=kind.sampling)
            case FloatRange():
                hp.Float(name, kind.low, kind.high, step=kind.step, sampling=kind.sampling)
            case Choice():
                hp.Choice(name, kind.values)
            case Boolean():
                hp.Boolean(name)
            case Fixed():
                hp.Fixed(name, kind.value)
    return hp


def _step(kind: IntRange) -> int | None:
    # In logarithmic sampling KerasTuner reads a step as a factor.
    return kind.step if kind.sampling == "linear" else None


def oracle(block: ModelParams, *, seed: int) -> keras_tuner.Oracle:
    """Make the oracle of ``tuning.tuner``, whose first trial is the set of the params.

    Parameters
    ----------
    block : ModelParams
        A model's block, budgets filled in.
    seed : int
        Seed of the search.

    Returns
    -------
    keras_tuner.Oracle
        One that tries at most ``tuning.max_trials`` sets (Hyperband: as many as its brackets hold).
    """
    import keras_tuner

    tuning = budget(block)
    kinds: dict[str, tuple[type[keras_tuner.Oracle], dict[str, Any]]] = {
        "random": (keras_tuner.oracles.RandomSearchOracle, {"max_trials": tuning.max_trials}),
        "bayesian": (keras_tuner.oracles.BayesianOptimizationOracle, {"max_trials": tuning.max_trials}),
        "grid": (keras_tuner.oracles.GridSearchOracle, {"max_trials": tuning.max_trials}),
        "hyperband": (keras_tuner.oracles.HyperbandOracle, {"max_epochs": tuning.epochs, "factor": 3}),
    }
    kind, limits = kinds[tuning.tuner]

    class GivenFirst(kind):  # type: ignore[misc, valid-type]
        """The oracle, but for its first trial."""

        def populate_space(self, trial_id: str) -> dict[str, Any]:
            first = not self.start_order
            response = super().populate_space(trial_id)
            if first and response.get("values") is not None:
                response["values"] = {**response["values"], **block.study}
            return response

    return GivenFirst(
        objective=keras_tuner.Objective(OBJECTIVE, "max"),
        hyperparameters=space(block.search),
        allow_new_entries=False,
        tune_new_entries=False,
        seed=seed,
        **limits,
    )


def budget(block: ModelParams) -> TuningParams:
    """Return a model's tuning budget.

    Parameters
    ----------
    block : ModelParams
        From :meth:`components.params.Params.model`, which fills the default in.

    Returns
    -------
    TuningParams
        The budget.
    """
    assert block.tuning is not None, "Params.model() fills the budget in"
    return block.tuning
