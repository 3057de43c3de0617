"""Smoke test of a registered model in a fresh process.

``MLFLOW_TRACKING_URI=STORE python -m components.registry.smoke_test URI GENRES``
"""

from __future__ import annotations

import json
import os
import sys
import threading

import numpy as np


def end_with_parent() -> None:
    """End this process once standard input ends: it is a pipe that only the parent holds."""

    def watch() -> None:
        # Not through sys.stdin: its lock, held by this thread, would be fatal to an orderly end.
        while os.read(0, 1):
            continue
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main(uri: str, genres: str) -> int:
    """Load a model and predict an example song.

    Parameters
    ----------
    uri : str
        The model, in the store that ``MLFLOW_TRACKING_URI`` names.
    genres : str
        The expected label order, as JSON.

    Returns
    -------
    int
        Exit status: 0 where the prediction is one probability a genre that sum to 1.
    """
    os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    import mlflow
    import pandas as pd

    from components.evaluation.aggregation import PREFIX
    from components.serving.packaging import example_song
    from components.tracking import integrity

    folder = integrity.checked(mlflow.MlflowClient(), uri)
    table = mlflow.pyfunc.load_model(str(folder)).predict(pd.DataFrame({"audio": [example_song()]}))
    probabilities = table.filter(like=PREFIX).iloc[0]
    expected = [PREFIX + genre for genre in json.loads(genres)]
    if list(probabilities.index) != expected or not np.isclose(probabilities.sum(), 1.0, atol=1e-4):
        print(f"{probabilities.to_dict()} is not one probability a genre", file=sys.stderr)
        return 1
    print(f"predicted {table['genre'].iloc[0]!r} with {len(expected)} probabilities")
    return 0


if __name__ == "__main__":
    end_with_parent()
    sys.exit(main(*sys.argv[1:]))
