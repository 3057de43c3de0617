"""What share of songs a model is sure of, and how often it is then right: limits of validation songs on test songs.

    python -m benchmarks.certainty FOLDER [FOLDER ...] [--precision 0.95]

Each FOLDER is that of a trained model, ``data/models/NAME``, of one fold of a split; songs of several are added up.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from components.config.params import UnsureParams
from components.evaluation import aggregation
from components.serving.certainty import Certainty


def fold(folder: Path, *, precision: float) -> tuple[np.ndarray, np.ndarray]:
    """Return which test songs are sure, and which are right: two arrays of bool, shape (songs,)."""
    predictions = pd.read_parquet(folder / "predictions.parquet")
    genres = aggregation.check(predictions)
    confidence, right = {}, {}
    for part in ("validation", "test"):
        songs = aggregation.songs(predictions[predictions["part"] == part])
        confidence[part] = aggregation.probabilities(songs, genres=genres).max(axis=1)
        right[part] = (songs["predicted"] == songs["genre"]).to_numpy()
    known = Certainty(np.zeros((1, 1)), confidence["validation"], right["validation"], np.zeros(1))
    limits = known.limits(UnsureParams(precision=precision))
    return confidence["test"] >= limits.confidence, right["test"]


def main(words: Sequence[str] | None = None) -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--precision", type=float, default=UnsureParams().precision)
    given = parser.parse_args(words)
    found = [fold(folder, precision=given.precision) for folder in given.folders]
    sure, right = (np.concatenate(parts) for parts in zip(*found, strict=True))
    rate = f"{right[sure].mean():.1%}" if sure.any() else "none"
    print(
        f"{len(sure)} test songs, {right.mean():.1%} right; sure of {sure.mean():.1%}, of these right: {rate}"
    )


if __name__ == "__main__":
    main()
