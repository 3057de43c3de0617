"""Predictions of the champion on the songs of another split, for a fair comparison with a challenger."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from components.config.params import Params
from components.core.errors import RegistryError
from components.corpus import audio
from components.corpus import store as corpus_store
from components.splits import store as split_store
from components.tracking import integrity
from components.training.record import TrainingRecord

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion


def validation_predictions(
    client: MlflowClient, version: ModelVersion, *, unit: str, params: Params, root: Path = Path("data")
) -> pd.DataFrame:
    """Predict the validation songs of the present split that a registered model was not fitted on.

    Parameters
    ----------
    client : MlflowClient
        From :func:`components.tracking.connect`.
    version : ModelVersion
        The registered model.
    unit : str
        What a row of the challenger's feature stands for. Where it is ``segment``, the champion is given of each
        song the segments that the challenger predicted, and no more.
    params, root
        As everywhere in this package.

    Returns
    -------
    DataFrame
        As :func:`components.training.predict.predict`; empty where the model was fitted on every song.

    Raises
    ------
    RegistryError
        If the present corpus has no audio, or other genres than the model; or its files are missing or altered.
    """
    import mlflow

    record = record_of(client, version)
    if "audio" not in params.corpus.sources:
        raise RegistryError(
            f"the split changed and version {version.version} must be scored anew, but corpus.sources has no "
            f"audio; valid: a corpus with audio, or another promotion.registered_model"
        )
    table, present = split_store.read(root)
    if present.genres != record.genres:
        raise RegistryError(
            f"version {version.version} has genres {', '.join(record.genres)}; the corpus has "
            f"{', '.join(present.genres)}; valid: another promotion.registered_model"
        )
    chosen = set(table.loc[(table["unit"] == "track") & (table["part"] == "validation"), "track"])
    chosen -= set(record.train_tracks)
    listing = corpus_store.read("audio", root=root)
    listing = listing[listing["track"].isin(chosen)]
    folder = Path(params.corpus.sources["audio"].path)
    files = integrity.checked(client, f"models:/{version.name}/{version.version}")
    model = mlflow.pyfunc.load_model(str(files))
    rows = []
    for song in listing.itertuples():
        seconds = song.segments * params.segments.seconds if unit == "segment" else None
        content = opening(folder / song.path, seconds=seconds, params=params)
        prediction = model.predict(pd.DataFrame({"audio": [content]})).drop(columns="timeline")
        rows.append(
            prediction.rename(columns={"genre": "predicted"}).assign(
                part="validation", track=song.track, segment=-1, genre=song.genre
            )
        )
    columns = ["part", "track", "segment", "genre", "predicted"]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns)


def record_of(client: MlflowClient, version: ModelVersion) -> TrainingRecord:
    """Read the training record of a registered version from its run."""
    folder = Path(client.download_artifacts(str(version.run_id), "training"))
    return TrainingRecord.read(folder, remedy="valid: another promotion.registered_model")


def opening(path: Path, *, seconds: float | None, params: Params) -> bytes:
    """Read an audio file as it is, or its first seconds as a WAV file of floats: the same samples, mixed to mono."""
    if seconds is None:
        return path.read_bytes()
    import soundfile

    limits = params.corpus
    y, rate = audio.decode(path, max_seconds=limits.max_seconds, max_bytes=limits.max_bytes)
    buffer = io.BytesIO()
    soundfile.write(buffer, y[: round(seconds * rate)], rate, format="WAV", subtype="FLOAT")
    return buffer.getvalue()
