"""Trials of a hyperparameter search, each execution's outcome kept in a file of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np

from components.config.params import Boolean, Choice, FloatRange, IntRange, SelectedModel
from components.core import atomic, progress
from components.training import dataset, fit
from components.training.traced import Traced

#: What a search maximises.
OBJECTIVE = "val_accuracy"
#: KerasTuner's own folder, below the model's.
PROJECT = "search"


@dataclass(frozen=True)
class Search:
    """A search that runs each trial's executions and keeps every one's outcome.

    A killed search goes on at the execution it was in: it is played again from its start, which takes no time
    where executions have a file, and those are not run again.

    Parameters
    ----------
    model : SelectedModel
        The model.
    train, validation : Part
        What each execution is fitted on, and scored on.
    classes : int
        Number of genres.
    seed : int
        Seed of the search; each execution's seed is derived from it, the trial and the execution.
    folder : Path
        Where KerasTuner's project and ``executions/`` lie.
    advance : callable
        Called after each execution, whether it was run or kept.
    """

    model: SelectedModel
    train: dataset.Part
    validation: dataset.Part
    classes: int
    seed: int
    folder: Path
    advance: progress.Advance

    def tuner(self) -> keras_tuner.Tuner:
        """Return a KerasTuner tuner that runs trials by :meth:`trial`, resumed where one was begun."""
        search = self

        class Tuner(keras_tuner.Tuner):
            def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> list[dict[str, float]]:
                return search.trial(trial.trial_id, hp=search.complete(trial))

        return Tuner(
            # The space is declared whole; KerasTuner takes no None here.
            hypermodel=lambda hp: None,
            oracle=oracle(self.model, seed=self.seed),
            directory=str(self.folder),
            project_name=PROJECT,
            executions_per_trial=self.model.tuning.executions_per_trial,
        )

    def complete(self, trial: Any) -> dict[str, Any]:
        """Return a KerasTuner trial's hyperparameters, lists among them."""
        return {**trial.hyperparameters.values, **self.model.fixed}

    def trial(self, trial: str, *, hp: Mapping[str, Any]) -> list[dict[str, float]]:
        """Run what is missing of one trial.

        Parameters
        ----------
        trial : str
            KerasTuner's trial id.
        hp : mapping
            The set to try.

        Returns
        -------
        list of dict
            The objective of each execution.
        """
        tuning, outcomes, traced = self.model.tuning, [], Traced()
        for execution in range(tuning.executions_per_trial):
            path = self.folder / "executions" / f"{trial}-{execution}.json"
            outcome = _kept(path, hp=hp)
            if outcome is None:
                outcome = self.execution(trial, execution=execution, hp=hp, traced=traced)
                atomic.write_json(path, outcome)
            if progress.is_verbose():
                print(
                    f"{self.model.name}: trial {int(trial) + 1}, execution {execution + 1} of "
                    f"{tuning.executions_per_trial}: {OBJECTIVE} {outcome[OBJECTIVE]:.3f} in "
                    f"{outcome['seconds']:.1f} s",
                    flush=True,
                )
            self.advance()
            outcomes.append({OBJECTIVE: outcome[OBJECTIVE]})
        return outcomes

    def execution(
        self, trial: str, *, execution: int, hp: Mapping[str, Any], traced: Traced | None = None
    ) -> dict[str, Any]:
        """Fit one fresh model on one set.

        Parameters
        ----------
        trial : str
            KerasTuner's trial id.
        execution : int
            Number within the trial, from 0.
        hp : mapping
            The set to try; Hyperband adds ``tuner/epochs``.
        traced : Traced, optional
            Of the trial's earlier executions.

        Returns
        -------
        dict
            ``trial``, ``execution``, ``seed``, ``seconds``, ``hyperparameters``, ``history`` and the
            objective: that of the epoch whose weights are kept.
        """
        # Looking for garbage takes a quarter of a second, once a trial.
        keras.backend.clear_session(free_memory=execution == 0)
        seed = int(np.random.SeedSequence([self.seed, int(trial), execution]).generate_state(1)[0])
        fit.seed_everything(seed)
        epochs = int(hp.get("tuner/epochs", self.model.tuning.epochs))
        began = time.perf_counter()
        model = fit.build(self.model, hp=hp, train=self.train, classes=self.classes, epochs=epochs)
        history = fit.fit(
            model,
            train=self.train,
            validation=self.validation,
            hp=hp,
            epochs=epochs,
            patience=self.model.tuning.patience,
            monitor=OBJECTIVE,
            traced=traced,
        )
        kept = fit.kept_epoch(history, hp=hp, monitor=OBJECTIVE)
        return {
            "trial": trial,
            "execution": execution,
            "seed": seed,
            "seconds": time.perf_counter() - began,
            "hyperparameters": dict(hp),
            "history": history.to_dict("list"),
            OBJECTIVE: float(history.loc[history["epoch"] == kept, OBJECTIVE].iloc[0]),
        }


def _kept(path: Path, *, hp: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read an execution's outcome; None where there is none, or it is of another set."""
    try:
        outcome = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return outcome if outcome["hyperparameters"] == json.loads(json.dumps(dict(hp))) else None


def space(model: SelectedModel) -> keras_tuner.HyperParameters:
    """Declare a model's hyperparameters to KerasTuner, none of them conditional: what is fixed, then the search."""
    hp = keras_tuner.HyperParameters()
    for name, value in model.fixed.items():
        # KerasTuner takes no lists; :meth:`Search.complete` sets them.
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


def oracle(model: SelectedModel, *, seed: int) -> keras_tuner.Oracle:
    """Make the oracle of ``tuning.tuner``, whose first trial is the set of the params.

    Parameters
    ----------
    model : SelectedModel
        The model.
    seed : int
        Seed of the search.

    Returns
    -------
    keras_tuner.Oracle
        One that tries at most ``tuning.max_trials`` sets (Hyperband: as many as its brackets hold).
    """
    tuning = model.tuning
    kinds: dict[str, type[keras_tuner.Oracle]] = {
        "random": keras_tuner.oracles.RandomSearchOracle,
        "bayesian": keras_tuner.oracles.BayesianOptimizationOracle,
        "grid": keras_tuner.oracles.GridSearchOracle,
        "hyperband": keras_tuner.oracles.HyperbandOracle,
    }
    kind, limits = kinds[tuning.tuner], {"max_trials": tuning.max_trials}
    if tuning.tuner == "hyperband":
        limits = {"max_epochs": tuning.epochs, "factor": 3}

    class GivenFirst(kind):  # type: ignore[misc, valid-type]
        """The oracle, but for its first trial."""

        def populate_space(self, trial_id: str) -> dict[str, Any]:
            first = not self.start_order
            response = super().populate_space(trial_id)
            if first and response.get("values") is not None:
                response["values"] = {**response["values"], **model.start}
            return response

    return GivenFirst(
        objective=keras_tuner.Objective(OBJECTIVE, "max"),
        hyperparameters=space(model),
        allow_new_entries=False,
        tune_new_entries=False,
        seed=seed,
        **limits,
    )
