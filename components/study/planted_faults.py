"""Two faults made on purpose, to show what they do: labels that say nothing, and a model that saw its test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from components.config.params import Params
from components.core import atomic
from components.features.pipeline import store as feature_store
from components.splits import folds
from components.stages import train
from components.training import dataset, fit, predict
from components.training.record import BestTrial


def shuffle_labels(feature: str, *, seed: int, root: Path) -> None:
    """Deal the songs' feature rows anew among the songs: genres then say nothing of what is heard.

    The control must come out at chance; a better figure means that something leaks.

    Parameters
    ----------
    feature : str
        The feature, whose folder is replaced by a shuffled copy.
    seed : int
        Of the deal.
    root : Path
        A data folder of its own: ``features`` there is a link.
    """
    index, values, meta = feature_store.read(feature, root=root)
    values = np.array(values)
    place = np.arange(len(index))
    sizes = index.groupby("track")["segment"].transform("size").to_numpy()
    random = np.random.default_rng(seed)
    # Songs trade places with songs of as many segments, so that a song's rows stay together.
    for size in np.unique(sizes):
        rows = np.flatnonzero(sizes == size).reshape(-1, size)
        place[rows.ravel()] = random.permutation(rows).ravel()
    (root / "features").unlink()
    feature_store.write(
        feature, index=index, values=[values[place]], shape=values.shape[1:], meta=meta, root=root
    )


def train_on_everything(name: str, *, params: Params, root: Path) -> None:
    """Fit a model on all parts and then "test" it: the study's finding 14.

    The workflow cannot do this: :func:`components.stages.train.run` never holds test rows while it fits, and
    :func:`components.training.fit.fit` refuses a model that was fitted before. So the fit is made beside it.

    Parameters
    ----------
    name : str
        The model.
    params : Params
        The run's own.
    root : Path
        A data folder of its own, split.
    """
    train.run(name, params=params, root=root)
    folder = root / "models" / name
    hp = BestTrial.read(root / "tuning" / name).hyperparameters
    block = params.model(name)
    data = dataset.load(block.feature, parts=folds.PARTS, root=root)
    everything = dataset.Part(
        x=np.concatenate([part.x for part in data.parts.values()]),
        y=np.concatenate([part.y for part in data.parts.values()]),
        rows=pd.concat([part.rows for part in data.parts.values()], ignore_index=True),
    )
    fit.seed_everything(params.seed)
    model = fit.build(block, hp=hp, train=everything, classes=len(data.genres), epochs=block.training.epochs)
    history = fit.fit(
        model,
        train=everything,
        validation=everything,
        hp=hp,
        epochs=block.training.epochs,
        patience=block.training.patience,
        monitor=block.training.monitor,
    )
    predictions = pd.concat(
        [
            predict.predict(model, part=data[part], name=part, genres=data.genres)
            for part in ("validation", "test")
        ],
        ignore_index=True,
    )
    metrics = predict.score(predictions, genres=data.genres, seed=params.seed)
    metrics |= {
        "train.segment_accuracy": float(history["accuracy"].max()),
        "epochs": float(len(history)),
        "parameters": float(model.count_params()),
    }
    predictions.to_parquet(folder / "predictions.parquet", index=False)
    history.to_csv(folder / "history.csv", index=False)
    atomic.write_json(folder / "metrics.json", metrics)
