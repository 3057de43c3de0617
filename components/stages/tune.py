"""Hyperparameter search of one model by KerasTuner, resumable after each execution; trial 0 is the params' start."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from components.config.params import Params, SelectedModel
from components.core import atomic, hashing, progress
from components.core.errors import TuningError
from components.parallel import cluster
from components.parallel.cluster import Cluster
from components.results.record import BestTrial
from components.training import dataset, fit, stored_rows
from components.training.oracle import ending, most_trials
from components.training.search import PROJECT, Search

if TYPE_CHECKING:
    import keras_tuner


def run(name: str, *, params: Params, root: Path = Path("data")) -> BestTrial:
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
    BestTrial
        What ``best.json`` holds.

    Raises
    ------
    TuningError
        If no trial ended with a score; KerasTuner itself returns as if nothing had happened.
    """
    fit.run_on_one_thread()
    model = params.model(name)
    data = dataset.load(model.feature, parts=("train", "validation"), root=root)
    train = dataset.at_most(data["train"], model.tuning.max_rows, seed=params.seed)
    train = dataset.balanced(train) if model.training.class_weight == "balanced" else train
    folder = root / "tuning" / name
    _begin_or_resume(folder, model=model, data=data, seed=params.seed)
    # KerasTuner writes its state in place, in several files: a kill in between leaves them cut short, or a trial
    # that is counted and never run. The same seed and outcomes give the same trials, so it starts without any.
    shutil.rmtree(folder / PROJECT, ignore_errors=True)
    total = most_trials(model) * model.tuning.executions_per_trial
    with (
        progress.counted(name, total=total, unit="executions") as advance,
        _cluster(name, train, data["validation"]) as pool,
    ):
        search = Search(
            model,
            train=train,
            validation=data["validation"],
            classes=len(data.genres),
            seed=params.seed,
            folder=folder,
            advance=advance,
            pool=pool,
        )
        search.run_ahead()
        tuner = search.tuner()
        try:
            tuner.search(verbose=0)
        except RuntimeError as error:
            # After several failed trials in a row KerasTuner gives up with the last one's traceback.
            raise TuningError(f"model {name!r}: {_last_line(str(error))}") from error
    print(f"{name}: {ending(tuner.oracle, model=model)}", flush=True)
    trials = _table(tuner.oracle)
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
    best = BestTrial(
        trial=winner.trial_id,
        score=winner.score,
        objective=model.objective,
        hyperparameters={
            key: value for key, value in search.complete(winner).items() if not key.startswith("tuner/")
        },
    )
    best.write(folder / "best.json")
    return best


@contextmanager
def _cluster(name: str, *parts: dataset.Part) -> Iterator[Cluster | None]:
    """Give the cluster that executions run on; None where they run here."""
    if (address := cluster.address()) and any(part.is_stored for part in parts):
        print(
            f"{name}: its rows are read from disk here, and so its executions run here, not at {address}",
            flush=True,
        )
        address = None
    if address is None:
        yield None
        return
    with cluster.connect(address) as pool:
        yield pool


def _begin_or_resume(folder: Path, *, model: SelectedModel, data: dataset.Dataset, seed: int) -> None:
    """Keep what an earlier search of the same model, data and seed has done; clear away another's.

    How many trials there may be is no part of it: a search with more begins with the trials of one with fewer.
    """
    searched = model.model_dump_json(exclude={"training": True, "tuning": {"max_trials"}})
    digest = hashlib.sha256(searched.encode())
    about = f"{seed} {data.split.fingerprint} {data.genres} {model.training.class_weight}"
    digest.update(about.encode())
    blocks = (block for part in data.parts.values() for x in part.arrays for block in stored_rows.blocks(x))
    digest.update(hashing.arrays(blocks).encode())
    mark, identity = folder / "identity.json", {"sha256": digest.hexdigest(), "seed": seed}
    if mark.is_file() and json.loads(mark.read_text(encoding="utf-8")) == identity:
        return
    if folder.exists():
        shutil.rmtree(folder)
    atomic.write_json(mark, identity)


def _table(oracle: keras_tuner.Oracle) -> pd.DataFrame:
    """Return one row a trial: ``trial``, ``status``, ``score`` (NaN where it has none), and each hyperparameter."""
    rows = [
        {"trial": trial.trial_id, "status": str(trial.status), "score": trial.score}
        | trial.hyperparameters.values
        for trial in oracle.trials.values()
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(score=pd.to_numeric(frame["score"])).sort_values("trial", ignore_index=True)


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2].strip() or "no reason given"
