"""Two faults planted on purpose: labels at random, and a model tested on rows that it was fitted on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from components.config.params import Params
from components.core import atomic
from components.features.pipeline import store as feature_store
from components.splits.folds import PARTS
from components.stages import train
from components.training import dataset, predict
from components.training.record import BestTrial


def shuffle_labels(feature: str, *, seed: int, root: Path) -> None:
    """Exchange the songs' feature rows at random, so that genres have nothing to do with them.

    The control must come out at chance; a better figure means that something leaks. ``features`` in ``root`` is a
    link, which a shuffled copy replaces.
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
