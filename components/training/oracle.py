"""Which sets of hyperparameters a search tries: the params' own first, then those of a KerasTuner oracle."""

from __future__ import annotations

import json
import math
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus

from components.config.params import Boolean, Choice, FloatRange, IntRange, SelectedModel
from components.core.errors import ParamsError

#: Hyperband's factor between rounds, that of its paper (http://jmlr.org/papers/v18/16-558.html).
FACTOR = 3
#: KerasTuner takes 0 for no seed, and would draw one.
SEED_OF_ZERO = 2**32 - 1
#: Proposals in a row of sets that were tried, after which a search ends: a Gaussian process that is sure of its best
#: set proposes it for ever.
REPEATED = 10

KINDS: dict[str, type[keras_tuner.Oracle]] = {
    "random": keras_tuner.oracles.RandomSearchOracle,
    "bayesian": keras_tuner.oracles.BayesianOptimizationOracle,
    "grid": keras_tuner.oracles.GridSearchOracle,
    "hyperband": keras_tuner.oracles.HyperbandOracle,
}


class FirstGiven(keras_tuner.Oracle):
    """An oracle whose first trial is a given set, and whose further ones are another oracle's, as without it.

    The other oracle knows nothing of the first trial unless it proposes that set itself. What it proposes a second
    time is not run a second time, and is no trial: the earlier score is returned for it. With ``max_trials``,
    :data:`REPEATED` such proposals in a row end the search.

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
        repeated = 0
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
            repeated += 1
            if self.max_trials is not None and repeated == REPEATED:
                return {"status": TrialStatus.STOPPED, "values": None}
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
        One that tries at most ``tuning.max_trials`` sets, the first one among them (Hyperband, and a grid that is
        tried whole: :func:`most_trials`). Under Hyperband the first set is in no bracket: it is fitted for all of
        ``tuning.epochs``.
    """
    own = plain(model, seed=seed)
    first = {**space(model).values, **model.start}
    if model.tuning.tuner != "hyperband":
        own.max_trials = None  # what it proposes again is no trial
        return FirstGiven(own, first=first, max_trials=max(model.tuning.max_trials, most_trials(model)))
    whole = {"epochs": model.tuning.epochs, "initial_epoch": 0, "bracket": 0, "round": 0}
    first |= {f"tuner/{key}": value for key, value in whole.items()}
    return FirstGiven(own, first=first, max_trials=None)


def _size(made: keras_tuner.oracles.HyperbandOracle) -> int:
    """Return how many trials all rounds of all brackets hold."""
    # Private, but KerasTuner's own arithmetic and not a copy of it.
    rounds = ((bracket, made._get_num_rounds(bracket)) for bracket in range(made._get_num_brackets()))
    return sum(made._get_size(bracket, number) for bracket, count in rounds for number in range(count))


def _listed(model: SelectedModel) -> dict[str, list[Any]] | None:
    """Return the values that the tuner takes each hyperparameter from; None where it draws from a real range."""
    values = {}
    for hp in space(model).space:
        drawn = isinstance(kind := model.search.get(hp.name), IntRange | FloatRange) and hp.step is None
        if not drawn or model.tuning.tuner == "grid":
            values[hp.name] = list(hp.values)
        elif isinstance(kind, IntRange):
            values[hp.name] = list(range(kind.low, kind.high + 1))
        else:
            return None
    return values


def sets(model: SelectedModel) -> int | None:
    """Return how many sets there are to try, the first one among them; None where a real range has no steps."""
    if (listed := _listed(model)) is None:
        return None
    on_list = all(
        _key({name: value}) in {_key({name: one}) for one in listed[name]}
        for name, value in model.start.items()
    )
    return math.prod(map(len, listed.values())) + (not on_list)


def most_trials(model: SelectedModel) -> int:
    """Return how many trials a search has at most.

    ``tuning.max_trials`` counts the first set, and there are no more trials than sets. But a grid that fits into
    ``max_trials`` is tried whole, and the first set beside it where it lies off the grid; and Hyperband's brackets run
    whole, after the first set.
    """
    if model.tuning.tuner == "hyperband":
        own = plain(model, seed=0)
        return 1 + own.hyperband_iterations * _size(own)
    most = model.tuning.max_trials
    if (count := sets(model)) is None:
        return most
    whole = model.tuning.tuner == "grid" and most >= math.prod(map(len, (_listed(model) or {}).values()))
    return count if whole else min(most, count)


def ending(made: FirstGiven, *, model: SelectedModel) -> str:
    """Say of a search that has ended how many sets it tried, of how many, and why no more."""
    tried = {
        _key(
            {
                key: value
                for key, value in trial.hyperparameters.values.items()
                if not key.startswith("tuner/")
            }
        )
        for trial in made.trials.values()
    }
    tuning, count = model.tuning, sets(model)
    if len(tried) == count:
        reason = "all that there are"
    elif tuning.tuner == "hyperband":
        reason = f"its brackets are run, {len(made.trials)} trials"
    elif len(made.trials) >= tuning.max_trials:
        reason = f"max_trials is {tuning.max_trials}"
    else:
        reason = f"{tuning.tuner} proposes no further one"
    return f"{len(tried)}{f' of {count}' if count is not None else ''} sets tried: {reason}"


def check_more(model: SelectedModel, *, trials: int) -> None:
    """Check that a search with so many ``max_trials`` has more trials than at present, and can have so many.

    Raises
    ------
    ParamsError
        If it does not; naming how many it can have.
    """
    tuning, count = model.tuning.model_copy(update={"max_trials": trials}), sets(model)
    present, raised = most_trials(model), most_trials(model.model_copy(update={"tuning": tuning}))
    about = f"--trials is {trials}, and the {tuning.tuner} search of {model.name!r} has"
    if tuning.tuner != "hyperband" and count is not None:
        if present == count:
            raise ParamsError(
                f"{about} {count} sets, all of them in its trials; valid: more values in search"
            )
        if trials > count:
            raise ParamsError(f"{about} {count} sets; valid: {present + 1} to {count}")
    if raised <= present:
        raise ParamsError(f"{about} {present} trials; valid: more")
