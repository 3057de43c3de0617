"""Which sets of hyperparameters a search tries: the params' own first, then those of a KerasTuner oracle."""

from __future__ import annotations

import json
import math
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus

from components.config.params import SelectedModel
from components.config.search_space import Boolean, Choice, FloatRange, IntRange
from components.core.errors import ParamsError

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
    time is a trial of its own, but is not run a second time: the earlier score is returned for it.

    Parameters
    ----------
    own : keras_tuner.Oracle
        The other oracle; its own limit ends the search.
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

    @property
    def proposed(self) -> int:
        """How many sets the other oracle has proposed."""
        return len(self._own.trials)

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
    is reached. KerasTuner takes 0 for no limit, so here it is 1.
    """
    tuning, most = model.tuning, max(1, model.tuning.max_trials)
    limits: dict[str, int] = {"max_trials": most}
    if tuning.tuner == "hyperband":
        limits = {"max_epochs": tuning.epochs, "factor": FACTOR}
        once = _size(keras_tuner.oracles.HyperbandOracle(**limits))
        limits["hyperband_iterations"] = math.ceil(most / once)
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
        One that tries the first set and ``tuning.max_trials`` of the tuner's own (Hyperband: :func:`plain`). Under
        Hyperband the first set is in no bracket: it is fitted for all of ``tuning.epochs``.
    """
    first, own = {**space(model).values, **model.start}, model.tuning.max_trials
    most: int | None = 1 + own
    if model.tuning.tuner == "hyperband":
        most = None if own else 1
        whole = {"epochs": model.tuning.epochs, "initial_epoch": 0, "bracket": 0, "round": 0}
        first |= {f"tuner/{key}": value for key, value in whole.items()}
    return FirstGiven(plain(model, seed=seed), first=first, max_trials=most)


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


def _proposable(model: SelectedModel) -> int | None:
    """Return how many sets the tuner has to propose; None where a real range has no steps."""
    listed = _listed(model)
    return None if listed is None else math.prod(map(len, listed.values()))


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
    """Return how many trials a search has at most: the first set, and what the tuner proposes (:func:`plain`)."""
    most = model.tuning.max_trials
    if model.tuning.tuner == "hyperband" and most:
        own = plain(model, seed=0)
        return 1 + own.hyperband_iterations * _size(own)
    count = sets(model)
    return most + 1 if count is None else min(most + 1, count)


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
    elif tuning.tuner == "hyperband" and tuning.max_trials:
        reason = f"its brackets are run, {len(made.trials)} trials"
    elif made.proposed >= tuning.max_trials:
        reason = f"max_trials is {tuning.max_trials}" + ", beside the first" * (
            len(tried) > tuning.max_trials
        )
    else:
        reason = f"{tuning.tuner} proposes no further one"
    return f"{len(tried)}{f' of {count:,}' if count is not None else ''} sets tried: {reason}"


def check_more(model: SelectedModel, *, trials: int) -> None:
    """Check that a search with so many ``max_trials`` has more trials than at present, and can have so many.

    Raises
    ------
    ParamsError
        If it does not; naming how many it can have.
    """
    present, highest = model.tuning.max_trials, _proposable(model)
    if model.tuning.tuner == "bayesian":
        highest = None  # it proposes sets again
    about = f"--trials is {trials}, and the {model.tuning.tuner} search of {model.name!r} has"
    if model.tuning.tuner == "hyperband":
        present = most_trials(model) - 1  # brackets run whole
    elif highest is not None and present >= highest:
        raise ParamsError(f"{about} {highest} sets, all of them in its trials; valid: more values in search")
    elif highest is not None and trials > highest:
        raise ParamsError(f"{about} {highest} sets; valid: {present + 1} to {highest}")
    if trials <= present:
        raise ParamsError(f"{about} {present}; valid: more")
