"""Which sets of hyperparameters a search tries: the params' own first, then those of a KerasTuner oracle."""

from __future__ import annotations

import json
import math
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus

from components.config.params import Boolean, Choice, FloatRange, IntRange, SelectedModel

#: Hyperband's factor between rounds, that of its paper (http://jmlr.org/papers/v18/16-558.html).
FACTOR = 3
#: KerasTuner takes 0 for no seed, and would draw one.
SEED_OF_ZERO = 2**32 - 1

KINDS: dict[str, type[keras_tuner.Oracle]] = {
    "random": keras_tuner.oracles.RandomSearchOracle,
    "bayesian": keras_tuner.oracles.BayesianOptimizationOracle,
    "grid": keras_tuner.oracles.GridSearchOracle,
    "hyperband": keras_tuner.oracles.HyperbandOracle,
}


class FirstGiven(keras_tuner.Oracle):
    """An oracle whose first trial is a given set, and whose further ones are another oracle's, as without it.

    The other oracle knows nothing of the first trial unless it proposes that set itself. What it proposes a second
    time is not run a second time: the earlier score is returned for it.

    Parameters
    ----------
    own : keras_tuner.Oracle
        The other oracle.
    first : dict
        The first trial's values.
    max_trials : int, optional
        Trials at most, the first one among them; by default as many as the other oracle has, and one.
    """

    def __init__(self, own: keras_tuner.Oracle, *, first: dict[str, Any], max_trials: int | None) -> None:
        super().__init__(
            objective=own.objective,
            hyperparameters=own.get_space(),
            allow_new_entries=False,
            tune_new_entries=False,
            max_trials=max_trials,
            seed=own.seed,
        )
        own.verbose = 0  # this one prints, where it is asked to
        self._own, self._first = own, first
        #: By the values of a trial, its id here; by an id here, the other oracle's open trial; by its id, the one here.
        self._visited: dict[str, str] = {}
        self._open: dict[str, Trial] = {}
        self._here: dict[str, str] = {}

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Return the values of the next trial."""
        if not self.start_order:
            return self._visit(trial_id, self._first)
        while (trial := self._own.create_trial("tuner")).status == TrialStatus.RUNNING:
            values = dict(trial.hyperparameters.values)
            if "tuner/trial_id" in values:
                values["tuner/trial_id"] = self._here[values["tuner/trial_id"]]
            known = self._visited.get(_key(values))
            self._here[trial.trial_id] = known or trial_id
            if known is None:
                self._open[trial_id] = trial
                return self._visit(trial_id, values)
            self._tell(trial, self.trials[known])
        return {"status": trial.status, "values": None}

    def _visit(self, trial_id: str, values: dict[str, Any]) -> dict[str, Any]:
        self._visited[_key(values)] = trial_id
        return {"status": TrialStatus.RUNNING, "values": values}

    def end_trial(self, trial: Trial) -> None:
        """End a trial here, and there."""
        super().end_trial(trial)
        if (own := self._open.pop(trial.trial_id, None)) is not None:
            self._tell(own, self.trials[trial.trial_id])

    def _tell(self, own: Trial, outcome: Trial) -> None:
        own.status, own.message = outcome.status, outcome.message
        if own.status == TrialStatus.COMPLETED:
            self._own.update_trial(own.trial_id, {self.objective.name: outcome.score})
        self._own.end_trial(own)

    def _set_project_dir(self, directory: str, project_name: str) -> None:
        super()._set_project_dir(directory, project_name)
        self._own._set_project_dir(directory, f"{project_name}/own")


def _key(values: dict[str, Any]) -> str:
    # A step's sum, such as 0.30000000000000004, is the 0.3 of the params, and a whole number may stand there as 1.
    plain = {
        key: value if isinstance(value, str | bool) else f"{value:.12g}" for key, value in values.items()
    }
    return json.dumps(plain, sort_keys=True)


def space(model: SelectedModel) -> keras_tuner.HyperParameters:
    """Declare a model's hyperparameters to KerasTuner, none of them conditional: what is fixed, then the search."""
    hp = keras_tuner.HyperParameters()
    for name, value in model.fixed.items():
        # KerasTuner takes no lists; the search sets them.
        hp.Fixed(name, str(value) if isinstance(value, list) else value)
    for name, kind in model.search.items():
        match kind:
            case IntRange():
                # In logarithmic sampling KerasTuner reads a step as a factor.
                step = kind.step if kind.sampling == "linear" else None
                hp.Int(name, kind.low, kind.high, step=step, sampling=kind.sampling)
            case FloatRange():
                hp.Float(name, kind.low, kind.high, step=kind.step, sampling=kind.sampling)
            case Choice():
                hp.Choice(name, kind.values)
            case Boolean():
                hp.Boolean(name)
    return hp


def plain(model: SelectedModel, *, seed: int) -> keras_tuner.Oracle:
    """Make KerasTuner's own oracle of ``tuning.tuner``, without a first set.

    Hyperband has no number of trials: its brackets run whole, and again from the first one until ``tuning.max_trials``
    is reached.
    """
    tuning = model.tuning
    limits: dict[str, int] = {"max_trials": tuning.max_trials}
    if tuning.tuner == "hyperband":
        limits = {"max_epochs": tuning.epochs, "factor": FACTOR}
        once = _size(keras_tuner.oracles.HyperbandOracle(**limits))
        limits["hyperband_iterations"] = max(1, math.ceil((tuning.max_trials - 1) / once))
    return KINDS[tuning.tuner](
        objective=keras_tuner.Objective(model.objective, "max"),
        hyperparameters=space(model),
        allow_new_entries=False,
        tune_new_entries=False,
        seed=seed or SEED_OF_ZERO,
        **limits,
    )


def oracle(model: SelectedModel, *, seed: int) -> FirstGiven:
    """Make the oracle of a search, whose first trial is the set of the params.

    Parameters
    ----------
    model : SelectedModel
        The model.
    seed : int
        Seed of the search.

    Returns
    -------
    FirstGiven
        One that tries at most ``tuning.max_trials`` sets (Hyperband: :func:`most_trials`). Under Hyperband the first
        set is in no bracket: it is fitted for all of ``tuning.epochs``.
    """
    own = plain(model, seed=seed)
    first = {**space(model).values, **model.start}
    if model.tuning.tuner != "hyperband":
        return FirstGiven(own, first=first, max_trials=model.tuning.max_trials)
    whole = {"epochs": model.tuning.epochs, "initial_epoch": 0, "bracket": 0, "round": 0}
    first |= {f"tuner/{key}": value for key, value in whole.items()}
    return FirstGiven(own, first=first, max_trials=None)


def _size(made: keras_tuner.oracles.HyperbandOracle) -> int:
    """Return how many trials all rounds of all brackets hold."""
    # Private, but KerasTuner's own arithmetic and not a copy of it.
    rounds = ((bracket, made._get_num_rounds(bracket)) for bracket in range(made._get_num_brackets()))
    return sum(made._get_size(bracket, number) for bracket, count in rounds for number in range(count))


def most_trials(model: SelectedModel) -> int:
    """Return how many trials a search has at most: of Hyperband the first and its brackets', of a grid its sets."""
    match own := plain(model, seed=0):
        case keras_tuner.oracles.HyperbandOracle():
            return 1 + own.hyperband_iterations * _size(own)
        case keras_tuner.oracles.GridSearchOracle():
            values = {hp.name: list(hp.values) for hp in own.get_space().space}
            on_grid = all(
                _key({name: value}) in {_key({name: one}) for one in values[name]}
                for name, value in model.start.items()
            )
            return min(model.tuning.max_trials, math.prod(map(len, values.values())) + (not on_grid))
    return model.tuning.max_trials
