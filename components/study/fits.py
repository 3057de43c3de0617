"""Fits of one experiment under its protocols, by the workflow's own split, search and training.

Two faults are planted on purpose: labels at random, and a model tested on rows that it was fitted on.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from components.config.params import Hyperparameters, Params
from components.config.strict import Strict
from components.core import atomic
from components.core.errors import ParamsError, TrainingError, TuningError
from components.corpus import store as corpus_store
from components.features.encoders.base import EncoderRecord
from components.features.pipeline import store as feature_store
from components.parallel import cluster
from components.parallel.child import Alone
from components.results import predict
from components.results.record import BestTrial, TrainingRecord
from components.splits.folds import PARTS
from components.stages import published as published_stage
from components.stages import split as split_stage
from components.stages import train, tune
from components.study import extraction
from components.study import plan as study_plan
from components.study.declarations import PlannedExperiment
from components.study.plan import DATA
from components.training import dataset

#: Fields that identify a fit within its experiment.
KEY = {"protocol", "fold", "seed"}

#: A fit, and its tables ``predictions`` and ``history``, which one that failed has not.
Fitted = tuple["Fit", dict[str, pd.DataFrame]]


class Cost(Strict):
    """Seconds, memory and file size of one fit, which are measured anew each time."""

    seconds: float
    peak_memory_mib: float
    file_bytes: int
    gpu: bool


class Fit(Strict):
    """One fit of a model under one protocol, fold and seed.

    ``failed`` is the reason of one that did not go through, '' of one that did: then ``metrics`` are those of its
    ``metrics.json``, and the other fields of its :class:`components.results.record.TrainingRecord`.
    """

    protocol: str
    fold: int
    seed: int
    failed: str = ""
    metrics: dict[str, float] = Field(default_factory=dict)
    fingerprint: str = ""
    genres: list[str] = Field(default_factory=list)
    hyperparameters: Hyperparameters = Field(default_factory=dict)
    parameters: int = 0
    warnings: list[str] = Field(default_factory=list)
    weights_sha256: str = ""
    leaky: bool = False
    confounded: list[str] = Field(default_factory=list)
    pretrained: list[EncoderRecord] = Field(default_factory=list)
    unit: str = ""
    cost: Cost | None = None


def run(name: str, *, root: Path = Path()) -> list[Fit]:
    """Fit and test one experiment under each of its splits and seeds: ``data/study/experiments/<name>``.

    Written are ``result.json`` (the declaration and each fit; the same for the same data and code), ``costs.json``
    (seconds, memory, file size of each fit), ``predictions.parquet`` and ``history.parquet``. On a cluster each fit is
    a task, which is sent the listings and the feature; the files are the same, but for the costs.

    Raises
    ------
    ParamsError
        If the plan has no such experiment, or its model no such hyperparameter.
    GenreError
        If its feature is missing or there is a leak. A fit whose loss is not finite is no error but a result, with
        its reason.
    """
    plan = study_plan.read(root)
    experiment = plan.named("experiments", name)
    data = extraction.workspace(experiment.source, root=root) / "data"
    whole = extraction.params(plan, experiment, root=root)
    artists = plan.artists if experiment.artists else None
    listed = runs(experiment, params=whole, lists=plan.lists, artists=artists)
    fits: list[Fit] = []
    tables: dict[str, list[pd.DataFrame]] = {"predictions": [], "history": []}
    for fit, made in _fitted(experiment, listed, data=data):
        for table, rows in made.items():
            tables[table].append(rows.assign(**fit.model_dump(include=KEY)))
        fits.append(fit)
        state = fit.failed or f"test segments {fit.metrics['test.segment_accuracy']:.1%}"
        if fit.protocol == "artist" and (songs := fit.metrics.get("test.headline_songs")):
            state += f", headline {fit.metrics['test.headline_accuracy']:.1%} of {songs:.0f} songs"
        print(f"{name}: {fit.protocol} fold {fit.fold} seed {fit.seed}: {state}", flush=True)
    listing = corpus_store.read(experiment.source, root=data)
    result = {
        "name": name,
        "declared": experiment.model_dump(mode="json"),
        "budget": plan.budget,
        "tracks": len(corpus_store.usable(listing)),
        "fits": [fit.model_dump(mode="json", exclude={"cost"}, exclude_unset=True) for fit in fits],
    }
    costs = [fit.model_dump(mode="json", include={*KEY, "cost"}) for fit in fits]
    with atomic.replacing_folder(root / DATA / "experiments" / name) as target:
        atomic.write_json(target / "result.json", result)
        atomic.write_json(target / "costs.json", costs)
        for table, parts in tables.items():
            if parts:
                pd.concat(parts, ignore_index=True).to_parquet(target / f"{table}.parquet", index=False)
    return fits


def _fitted(experiment: PlannedExperiment, listed: list[Params], *, data: Path) -> Iterator[Fitted]:
    """Fit under each split and seed, on a cluster where one is named; yield the outcomes in order."""
    if (address := cluster.address()) is None:
        for params in listed:
            with _own_folder(params, data=data) as own:
                (own / "features").symlink_to(data / "features")
                yield _fitted_once(experiment, params=params, root=own)
        return
    with cluster.connect(address) as pool:
        feature = pool.share(_packed(data / "features", experiment.feature))
        waiting = []
        for params in listed:
            with _own_folder(params, data=data) as own:
                task = Alone(partial(_away, experiment, params))
                waiting.append(pool.submit(task, _packed(own, "corpus"), feature))
        for future in waiting:
            yield future.result()


@contextmanager
def _own_folder(params: Params, *, data: Path) -> Iterator[Path]:
    """Give a data folder of one fit's own, with the corpus and its published splits and artists."""
    with tempfile.TemporaryDirectory(prefix="genre-study-") as place:
        own = Path(place) / "data"
        shutil.copytree(data / "corpus", own / "corpus")
        for file in params.corpus.published:
            published_stage.run(file, params=params, root=own)
        yield own


def _fitted_once(experiment: PlannedExperiment, *, params: Params, root: Path) -> Fitted:
    fit = fit_once(experiment, params=params, root=root)
    if fit.failed:
        return fit, {}
    folder = root / "models" / experiment.model
    return fit, {
        "predictions": pd.read_parquet(folder / "predictions.parquet"),
        "history": pd.read_csv(folder / "history.csv"),
    }


def _away(
    experiment: PlannedExperiment, params: Params, corpus: dict[str, bytes], feature: dict[str, bytes]
) -> Fitted:
    """Fit in a process of a worker, which is given all that it reads."""
    # The worker is the cluster: a search within the fit runs here.
    os.environ.pop(cluster.VARIABLE, None)
    with tempfile.TemporaryDirectory(prefix="genre-study-") as place:
        own, features = Path(place) / "data", Path(place) / "features"
        for folder, files in ((own, corpus), (features, feature)):
            for name, content in files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        (own / "features").symlink_to(features)
        return _fitted_once(experiment, params=params, root=own)


def _packed(root: Path, name: str) -> dict[str, bytes]:
    """Read the files of a folder below a root, by their path below it."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted((root / name).rglob("*"))
        if path.is_file()
    }


def runs(
    experiment: PlannedExperiment, *, params: Params, lists: str | None, artists: str | None
) -> list[Params]:
    """Lay each split and seed of an experiment over its params: a fold each, or a seed each of a published split.

    The seed of the folds is one, so that each row is tested in exactly one of them. Artists are kept apart under
    ``artist`` alone, which takes the sources beside its own too; under the other protocols their names are there for
    the intervals.
    """
    named = {"artists": artists} if artists else {}
    listed = []
    for protocol in experiment.protocols:
        given = protocol == "fault_filtered"
        published = {"lists": lists, **named} if given else named
        taken = [experiment.source, *(experiment.beside if protocol == "artist" else ())]
        sources = {name: params.corpus.sources[name] for name in taken}
        corpus = params.corpus.model_copy(update={"published": published, "sources": sources})
        for number in range(experiment.seeds if given else experiment.folds):
            split = params.split.model_copy(update={"protocol": protocol, "fold": 0 if given else number})
            seed = params.seed + (number if given else 0)
            listed.append(params.model_copy(update={"seed": seed, "split": split, "corpus": corpus}))
    return listed


def fit_once(experiment: PlannedExperiment, *, params: Params, root: Path) -> Fit:
    """Split, choose the hyperparameters, fit and test, in a data folder of its own that holds the feature."""
    import keras
    import tensorflow as tf

    keras.backend.clear_session()
    name = experiment.model
    key: dict[str, Any] = {"protocol": params.split.protocol, "fold": params.split.fold, "seed": params.seed}
    split_stage.run(params=params, root=root)
    if experiment.shuffled:
        shuffle_labels(experiment.feature, seed=params.seed, root=root)
    try:
        if experiment.search or experiment.tuned:
            tune.run(name, params=params, root=root)
        else:
            choose(name, params=params, changed=experiment.set, root=root)
        (train_on_everything if experiment.contaminated else train.run)(name, params=params, root=root)
    except (TrainingError, TuningError) as error:
        return Fit(**key, failed=str(error))
    folder = root / "models" / name
    record = TrainingRecord.read(folder)
    gpu = bool(tf.config.list_physical_devices("GPU"))
    return Fit(
        **key,
        metrics=json.loads((folder / "metrics.json").read_text(encoding="utf-8")),
        **record.model_dump(include=set(Fit.model_fields) - KEY),
        leaky=record.leaky,
        pretrained=record.feature.pretrained,
        unit=record.feature.unit,
        cost=Cost(**record.model_dump(include=set(Cost.model_fields)), gpu=gpu),
    )


def choose(name: str, *, params: Params, changed: dict[str, Any], root: Path) -> None:
    """Take a variant's first set without search, as ``tuning/<name>/best.json``."""
    first = params.model(name).first_set
    if unknown := sorted(changed.keys() - first.keys()):
        raise ParamsError(f"{name} has no hyperparameter {', '.join(unknown)}; valid: {', '.join(first)}")
    best = BestTrial(trial="0", score=0.0, hyperparameters={**first, **changed})
    best.write(root / "tuning" / name / "best.json")


def shuffle_labels(feature: str, *, seed: int, root: Path) -> None:
    """Exchange the songs' feature rows at random, so that genres have nothing to do with them.

    The control must come out at chance; a better figure means that something leaks. ``features`` in ``root`` is a
    link, which a shuffled copy replaces.
    """
    index, values, record = feature_store.read(feature, root=root)
    place = np.arange(len(index))
    sizes = index.groupby("track")["segment"].transform("size").to_numpy()
    random = np.random.default_rng(seed)
    # Songs trade places with songs of as many segments, so that a song's rows stay together.
    for size in np.unique(sizes):
        rows = np.flatnonzero(sizes == size).reshape(-1, size)
        place[rows.ravel()] = random.permutation(rows).ravel()
    (root / "features").unlink()
    feature_store.write(record, index=index, values=[np.array(values)[place]], root=root)


def train_on_everything(name: str, *, params: Params, root: Path) -> None:
    """Fit a model on all parts and then "test" it: the study's finding 14.

    The workflow cannot do this: :func:`components.stages.train.run` never holds test rows while it fits. So its files
    are made first, and the faulty figures put in their place.
    """
    train.run(name, params=params, root=root)
    folder, model = root / "models" / name, params.model(name)
    hp = BestTrial.read(root / "tuning" / name).hyperparameters
    data = dataset.load(model.feature, parts=PARTS, root=root)
    everything = dataset.join(*data.parts.values())
    fitted, history = train.fit_fresh(
        model, hp=hp, train=everything, validation=everything, classes=len(data.genres), seed=params.seed
    )
    predictions = pd.concat(
        [
            predict.predict(fitted, part=data[part], name=part, genres=data.genres)
            for part in ("validation", "test")
        ],
        ignore_index=True,
    )
    metrics = predict.score(predictions, genres=data.genres, seed=params.seed) | {
        "train.segment_accuracy": float(history["accuracy"].max()),
        "epochs": float(len(history)),
        "parameters": float(fitted.count_params()),
    }
    predictions.to_parquet(folder / "predictions.parquet", index=False)
    history.to_csv(folder / "history.csv", index=False)
    atomic.write_json(folder / "metrics.json", metrics)
