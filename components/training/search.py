"""Trials of a hyperparameter search, each execution's outcome kept in a file of its own."""

from __future__ import annotations

import gc
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import keras
import keras_tuner
import numpy as np

from components.config.params import SelectedModel
from components.core import atomic, devices, progress
from components.parallel import executors
from components.parallel.child import Alone
from components.parallel.cluster import Cluster, Shared
from components.training import dataset, fit
from components.training.oracle import oracle
from components.training.traced import Traced

#: KerasTuner's own folder, below the model's.
PROJECT = "search"
#: Tuners whose sets do not depend on the scores of earlier ones.
INDEPENDENT = ("random", "grid")


class Execution(NamedTuple):
    """One fit of one set: KerasTuner's trial id, its number within the trial from 0, and the set."""

    trial: str
    number: int
    hp: dict[str, Any]


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
    pool : Cluster, optional
        Where executions then run ahead of the search: side by side, all of them where the sets do not
        depend on scores, else those of a trial. The search itself is played as without, and finds their files.
    """

    model: SelectedModel
    train: dataset.Part
    validation: dataset.Part
    classes: int
    seed: int
    folder: Path
    advance: progress.Advance
    pool: Cluster | None = None
    _counted: set[tuple[str, int]] = field(default_factory=set)
    _shared: list[Shared] = field(default_factory=list)

    def tuner(self) -> keras_tuner.Tuner:
        """Return a KerasTuner tuner that runs trials by :meth:`trial`, resumed where one was begun."""
        return self._tuner(lambda trial: self.trial(trial.trial_id, hp=self.complete(trial)), self.folder)

    def _tuner(self, run: Callable[[Any], list[dict[str, float]]], folder: Path) -> keras_tuner.Tuner:
        class Tuner(keras_tuner.Tuner):
            def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> list[dict[str, float]]:
                return run(trial)

        return Tuner(
            # The space is declared whole; KerasTuner takes no None here.
            hypermodel=lambda hp: None,
            oracle=oracle(self.model, seed=self.seed),
            directory=str(folder),
            project_name=PROJECT,
            executions_per_trial=self.model.tuning.executions_per_trial,
        )

    def run_ahead(self) -> None:
        """Run all executions on the cluster, where there is one and the sets do not depend on scores."""
        if self.pool is None or self.model.tuning.tuner not in INDEPENDENT:
            return
        sets: dict[str, dict[str, Any]] = {}

        def listed(trial: Any) -> list[dict[str, float]]:
            sets[trial.trial_id] = self.complete(trial)
            return [{self.model.objective: 0.0}]

        with tempfile.TemporaryDirectory() as place:
            self._tuner(listed, Path(place)).search(verbose=0)
        self._ahead(execution for trial, hp in sets.items() for execution in self._executions(trial, hp=hp))

    def _executions(self, trial: str, *, hp: Mapping[str, Any]) -> list[Execution]:
        return [
            Execution(trial, number, dict(hp)) for number in range(self.model.tuning.executions_per_trial)
        ]

    def _ahead(self, executions: Iterable[Execution]) -> None:
        """Run those without a file on the cluster, and write their files."""
        if self.pool is None:
            return
        missing = [one for one in executions if _kept(self._path(one), hp=one.hp) is None]
        if not missing:
            return
        function = partial(_away, model=self.model, classes=self.classes, seed=self.seed)
        if not self._shared:
            self._shared.append(self.pool.share((self.train, self.validation)))
        for one, outcome in executors.completed(self.pool, Alone(function), missing, *self._shared):
            if outcome is not None:
                atomic.write_json(self._path(one), outcome)
                self._counted.add((one.trial, one.number))
                self.advance()

    def _path(self, execution: Execution) -> Path:
        return path_of(execution.trial, execution.number, folder=self.folder)

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
        traced, objective = Traced(), self.model.objective
        outcomes: list[dict[str, float]] = []
        executions = self._executions(trial, hp=hp)
        self._ahead(executions)
        for execution in executions:
            outcome = _kept(self._path(execution), hp=hp)
            if outcome is None:
                outcome = execute(
                    execution,
                    (self.train, self.validation),
                    model=self.model,
                    classes=self.classes,
                    seed=self.seed,
                    traced=traced,
                )
                atomic.write_json(self._path(execution), outcome)
            if progress.is_verbose():
                print(
                    f"{self.model.name}: trial {int(trial) + 1}, execution {execution.number + 1} of "
                    f"{len(executions)}: {objective} {outcome[objective]:.3f} in {outcome['seconds']:.1f} s",
                    flush=True,
                )
            if (trial, execution.number) not in self._counted:
                self.advance()
            outcomes.append({objective: outcome[objective]})
        return outcomes


def path_of(trial: str, number: int, *, folder: Path) -> Path:
    """Return the file of an execution; KerasTuner fills a trial's id with as many zeros as there may be trials."""
    return folder / "executions" / f"{int(trial)}-{number}.json"


def execute(
    execution: Execution,
    parts: tuple[dataset.Part, dataset.Part],
    *,
    model: SelectedModel,
    classes: int,
    seed: int,
    traced: Traced | None = None,
) -> dict[str, Any]:
    """Fit one fresh model on one set.

    Parameters
    ----------
    execution : Execution
        Which one; Hyperband adds ``tuner/epochs`` to the set.
    parts : tuple of Part
        What it is fitted on, and scored on.
    model, classes, seed
        As of :class:`Search`.
    traced : Traced, optional
        Of the trial's earlier executions.

    Returns
    -------
    dict
        ``trial``, ``execution``, ``seed``, ``seconds``, ``device``, ``hyperparameters``, ``history`` and the
        objective: that of the epoch whose weights are kept.
    """
    trial, number, hp = execution
    train, validation = parts
    # Garbage is looked for once a trial. What was there before, all that is imported above all, is not garbage, and
    # looking through it would take a quarter of a second each time.
    if gc.get_freeze_count() == 0:
        gc.freeze()
    keras.backend.clear_session(free_memory=number == 0)
    own = int(np.random.SeedSequence([seed, int(trial), number]).generate_state(1)[0])
    fit.seed_everything(own)
    epochs = int(hp.get("tuner/epochs", model.tuning.epochs))
    began = time.perf_counter()
    network = fit.build(model, hp=hp, train=train, classes=classes, epochs=epochs)
    history = fit.fit(
        network,
        train=train,
        validation=validation,
        hp=hp,
        epochs=epochs,
        patience=model.tuning.patience,
        monitor=model.objective,
        traced=traced,
    )
    kept = fit.kept_epoch(history, hp=hp, monitor=model.objective)
    return {
        "trial": trial,
        "execution": number,
        "seed": own,
        "seconds": time.perf_counter() - began,
        "device": devices.used(),
        "hyperparameters": dict(hp),
        "history": history.to_dict("list"),
        model.objective: float(history.loc[history["epoch"] == kept, model.objective].iloc[0]),
    }


def _away(
    execution: Execution, parts: tuple[dataset.Part, dataset.Part], **about: Any
) -> dict[str, Any] | None:
    """Execute in a process of a worker; None where it fails, as it then will, with its reason, in the search."""
    fit.run_on_one_thread()
    try:
        return execute(execution, parts, **about)
    except Exception:  # noqa: BLE001 - KerasTuner takes any for a failed trial
        return None


def _kept(path: Path, *, hp: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read an execution's outcome; None where there is none, or it is of another set."""
    try:
        outcome = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return outcome if outcome["hyperparameters"] == json.loads(json.dumps(dict(hp))) else None
