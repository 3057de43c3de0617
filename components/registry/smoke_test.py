"""Ask a registered model one question in a fresh process: ``python -m components.registry.smoke_test URI STORE GENRES``."""

from __future__ import annotations

import io
import json
import os
import sys
import threading

import numpy as np


def question(*, seconds: float = 6.0, sample_rate: int = 22050) -> bytes:
    """Make a short WAV file: a chord with a decaying beat, so that no feature is degenerate.

    Parameters
    ----------
    seconds : float
        Length.
    sample_rate : int
        In Hz.

    Returns
    -------
    bytes
        A 16-bit WAV file.
    """
    import soundfile

    time = np.arange(int(seconds * sample_rate)) / sample_rate
    chord = sum(np.sin(2 * np.pi * pitch * time) for pitch in (220.0, 277.18, 329.63))
    beat = np.exp(-8 * (time % 0.5)) * np.random.default_rng(0).standard_normal(len(time))
    buffer = io.BytesIO()
    soundfile.write(buffer, 0.1 * chord + 0.1 * beat, sample_rate, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def end_with_parent() -> None:
    """End this process once standard input ends: it is a pipe that only the parent holds."""

    def watch() -> None:
        # Not through sys.stdin: its lock, held by this thread, would be fatal to an orderly end.
        while os.read(0, 1):
            continue
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main(uri: str, store: str, genres: str) -> int:
    """Load and ask.

    Parameters
    ----------
    uri, store : str
        The model, and MLflow's tracking URI.
    genres : str
        The expected label order, as JSON.

    Returns
    -------
    int
        Exit status: 0 where the answer is one probability a genre that sum to 1.
    """
    os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    import mlflow
    import pandas as pd

    from components.tracking import integrity

    mlflow.set_tracking_uri(store)
    folder = integrity.checked(mlflow.MlflowClient(), uri)
    answer = mlflow.pyfunc.load_model(str(folder)).predict(pd.DataFrame({"audio": [question()]}))
    probabilities = answer.filter(like="probability.").iloc[0]
    expected = [f"probability.{genre}" for genre in json.loads(genres)]
    if list(probabilities.index) != expected or not np.isclose(probabilities.sum(), 1.0, atol=1e-4):
        print(f"the answer {probabilities.to_dict()} is not one probability a genre", file=sys.stderr)
        return 1
    print(f"answered {answer['genre'].iloc[0]!r} with {len(expected)} probabilities")
    return 0


if __name__ == "__main__":
    end_with_parent()
    sys.exit(main(*sys.argv[1:]))
