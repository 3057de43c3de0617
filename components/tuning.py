"""KerasTuner's search over one model: resumable after each execution, the set of the params as trial 0."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from components import arrays, atomic, fitting
from components.errors import TuningError
from components.params import ModelParams, Params
from components.search_space import OBJECTIVE, budget, oracle

if TYPE_CHECKING:
    import keras_tuner

#: KerasTuner's own folder, below the model's.
PROJECT = "search"


class Search:
    """Runs each trial's executions and keeps every one's outcome in a file of its own.

    A killed search goes on at the execution it was in: it is played again from its start, which takes no time
    where executions have a file, and those are not run again.

    Parameters
    ----------
    name : str
        The model.
    block : ModelParams
        Its block, budgets filled in.
    train, validation : Part
        What each execution is fitted on, and scored on.
    classes : int
        Number of genres.
    seed : int
        Seed of the search; each execution's seed is derived from it, the trial and the execution.
    folder : Path
        Where KerasTuner's project and ``executions/`` lie.
    """

    def __init__(
        self,
        name: str,
        *,
        block: ModelParams,
        train: arrays.Part,
        validation: arrays.Part,
        classes: int,
        seed: int,
        folder: Path,
    ) -> None:
        self.name, self.block, self.tuning = name, block, budget(block)
        self.train, self.validation, self.classes = train, validation, classes
        self.seed, self.folder = seed, folder

    def tuner(self) -> keras_tuner.Tuner:
        """Return a KerasTuner tuner that runs trials by :meth:`trial`, resumed where one was begun."""
        import keras_tuner

        search = self

        class Tuner(keras_tuner.Tuner):
            def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> list[dict[str, float]]:
                return search.trial(trial.trial_id, hp=trial.hyperparameters.values)

        return Tuner(
            # The space is declared whole; KerasTuner wants a callable all the same.
            hypermodel=lambda hp: None,
            oracle=oracle(self.block, seed=self.seed),
            directory=str(self.folder),
            project_name=PROJECT,
            executions_per_trial=self.tuning.executions_per_trial,
        )

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
        outcomes = []
        for execution in range(self.tuning.executions_per_trial):
            path = self.folder / "executions" / f"{trial}-{execution}.json"
            outcome = _kept(path, hp=hp)
            if outcome is None:
                outcome = self.execution(trial, execution=execution, hp=hp)
                atomic.write_json(path, outcome)
            print(
                f"{self.name}: trial {int(trial) + 1} of {self.tuning.max_trials}, execution {execution + 1} of "
                f"{self.tuning.executions_per_trial}: {OBJECTIVE} {outcome[OBJECTIVE]:.3f} "
                f"in {outcome['seconds']:.1f} s",
                flush=True,
            )
            outcomes.append({OBJECTIVE: outcome[OBJECTIVE]})
        return outcomes

    def execution(self, trial: str, *, execution: int, hp: Mapping[str, Any]) -> dict[str, Any]:
        """Fit one fresh model on one set.

        Parameters
        ----------
        trial : str
            KerasTuner's trial id.
        execution : int
            Number within the trial, from 0.
        hp : mapping
            The set to try; Hyperband adds ``tuner/epochs``.

        Returns
        -------
        dict
            ``trial``, ``execution``, ``seed``, ``seconds``, ``hyperparameters``, ``history`` and the
            objective: that of the epoch whose weights are kept.
        """
        import keras

        keras.backend.clear_session()
        seed = int(np.random.SeedSequence([self.seed, int(trial), execution]).generate_state(1)[0])
        fitting.seed_everything(seed)
        epochs = int(hp.get("tuner/epochs", self.tuning.epochs))
        began = time.perf_counter()
        model = fitting.build(
            self.name,
            hp=hp,
            train=self.train,
            classes=self.classes,
            epochs=epochs,
            variant=self.block.variant,
        )
        history = fitting.fit(
            model,
            train=self.train,
            validation=self.validation,
            hp=hp,
            epochs=epochs,
            patience=self.tuning.patience,
            monitor=OBJECTIVE,
        )
        kept = fitting.kept_epoch(history, hp=hp, monitor=OBJECTIVE)
        return {
            "trial": trial,
            "execution": execution,
            "seed": seed,
            "seconds": time.perf_counter() - began,
            "hyperparameters": dict(hp),
            "history": history.to_dict("list"),
            OBJECTIVE: float(history.loc[history["epoch"] == kept, OBJECTIVE].iloc[0]),
        }


def run(name: str, *, params: Params, root: Path = Path("data")) -> dict[str, Any]:
    """Search one model's space: the stage ``tune``.

    Writes ``tuning/<name>/best.json`` and ``tuning/<name>/trials.csv`` beside KerasTuner's own files. What
    an earlier, killed search of the same data and params has done is not done again.

    Parameters
    ----------
    name : str
        A model of ``params.yaml``.
    params : Params
        The checked params.
    root : Path
        The data folder.

    Returns
    -------
    dict
        What ``best.json`` holds: ``trial``, ``score``, ``hyperparameters``.

    Raises
    ------
    TuningError
        If no trial ended with a score; KerasTuner itself returns as if nothing had happened.
    """
    block = params.model(name)
    data = arrays.load(block.feature, parts=("train", "validation"), root=root)
    train = arrays.at_most(data["train"], budget(block).max_rows, seed=params.seed)
    folder = root / "tuning" / name
    begin_or_resume(folder, identity=identify(block, data=data, seed=params.seed))
    # KerasTuner writes its state in place, in several files: a kill in between leaves them cut short, or a trial
    # that is counted and never run. The same seed and outcomes give the same trials, so it starts without any.
    shutil.rmtree(folder / PROJECT, ignore_errors=True)
    tuner = Search(
        name,
        block=block,
        train=train,
        validation=data["validation"],
        classes=len(data.genres),
        seed=params.seed,
        folder=folder,
    ).tuner()
    try:
        tuner.search(verbose=0)
    except RuntimeError as error:
        # After several failed trials in a row KerasTuner gives up with the last one's traceback.
        raise TuningError(f"model {name!r}: {_last_line(str(error))}") from error
    trials = table(tuner.oracle)
    with atomic.replacing(folder / "trials.csv") as path:
        trials.to_csv(path, index=False)
    scored = trials[trials["score"].notna()]
    if scored.empty:
        reasons = {trial.message for trial in tuner.oracle.trials.values() if trial.message}
        raise TuningError(
            f"model {name!r}: none of {len(trials)} trials ended with a score: "
            + "; ".join(_last_line(reason) for reason in sorted(reasons))
        )
    winner = tuner.oracle.trials[
        scored.sort_values(["score", "trial"], ascending=[False, True])["trial"].iloc[0]
    ]
    best = {
        "trial": winner.trial_id,
        "score": winner.score,
        "objective": OBJECTIVE,
        "hyperparameters": {
            key: value for key, value in winner.hyperparameters.values.items() if not key.startswith("tuner/")
        },
    }
    atomic.write_json(folder / "best.json", best)
    return best


def identify(block: ModelParams, *, data: arrays.Dataset, seed: int) -> str:
    """Hash all that a search depends on.

    Parameters
    ----------
    block : ModelParams
        The model's block, budgets filled in.
    data : Dataset
        The parts it sees.
    seed : int
        Its seed.

    Returns
    -------
    str
        SHA-256, 64 hexadecimal digits.
    """
    digest = hashlib.sha256(block.model_dump_json(exclude={"training"}).encode())
    digest.update(f"{seed} {data.fingerprint} {data.genres}".encode())
    for part in data.parts.values():
        digest.update(part.x.tobytes())
    return digest.hexdigest()


def begin_or_resume(folder: Path, *, identity: str) -> None:
    """Keep what an earlier search of the same identity has done; clear away another's.

    Parameters
    ----------
    folder : Path
        A model's folder below ``tuning/``.
    identity : str
        From :func:`identify`.
    """
    mark = folder / "identity.json"
    if mark.is_file() and json.loads(mark.read_text(encoding="utf-8")) == {"sha256": identity}:
        return
    if folder.exists():
        shutil.rmtree(folder)
    atomic.write_json(mark, {"sha256": identity})


def table(oracle: keras_tuner.Oracle) -> pd.DataFrame:
    """Lay out a search's trials.

    Parameters
    ----------
    oracle : keras_tuner.Oracle
        After the search.

    Returns
    -------
    DataFrame
        One row a trial: ``trial``, ``status``, ``score`` (NaN where it has none), and each hyperparameter.
    """
    rows = [
        {
            "trial": trial.trial_id,
            "status": str(trial.status),
            "score": trial.score,
            **trial.hyperparameters.values,
        }
        for trial in oracle.trials.values()
    ]
    frame = pd.DataFrame(rows)
    frame["score"] = pd.to_numeric(frame["score"])
    return frame.sort_values("trial", ignore_index=True)


def _kept(path: Path, *, hp: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read an execution's outcome; None where there is none, or it is of another set."""
    try:
        outcome = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return outcome if outcome["hyperparameters"] == json.loads(json.dumps(dict(hp))) else None


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
