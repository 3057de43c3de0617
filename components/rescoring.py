"""Play the champion the songs of another split, so that a challenger meets it on equal terms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from components import corpus, splits
from components.errors import RegistryError
from components.params import Params
from components.tracking import integrity

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion


def validation_predictions(
    client: MlflowClient, version: ModelVersion, *, params: Params, root: Path = Path("data")
) -> pd.DataFrame:
    """Predict the validation songs of the present split that a registered model was not fitted on.

    Parameters
    ----------
    client : MlflowClient
        From :func:`components.tracking.connect`.
    version : ModelVersion
        The registered model.
    params : Params
        The checked params.
    root : Path
        The data folder.

    Returns
    -------
    DataFrame
        As :func:`components.training.predict`; empty where the model was fitted on every song.

    Raises
    ------
    RegistryError
        If the present corpus has no audio, or other genres than the model knows; or its files are missing or
        altered.
    """
    import mlflow

    facts = json.loads(
        Path(client.download_artifacts(str(version.run_id), "training/training.json")).read_text(
            encoding="utf-8"
        )
    )
    if "audio" not in params.corpus.sources:
        raise RegistryError(
            f"the split changed and version {version.version} must be scored anew, but corpus.sources has no "
            f"audio; valid: a corpus with audio, or another promotion.registered_model"
        )
    table, present = splits.read(root)
    if present["genres"] != facts["genres"]:
        raise RegistryError(
            f"version {version.version} knows {', '.join(facts['genres'])}; the corpus has "
            f"{', '.join(present['genres'])}; valid: another promotion.registered_model"
        )
    chosen = set(table.loc[(table["unit"] == "track") & (table["part"] == "validation"), "track"])
    chosen -= set(facts["train_tracks"])
    listing = corpus.read("audio", root=root)
    listing = listing[listing["track"].isin(chosen)]
    folder = Path(params.corpus.sources["audio"].path)
    files = integrity.checked(client, f"models:/{version.name}/{version.version}")
    model = mlflow.pyfunc.load_model(str(files))
    columns = ["part", "track", "segment", "genre", "predicted"]
    rows = []
    for song in listing.itertuples():
        answer = model.predict(pd.DataFrame({"audio": [(folder / song.path).read_bytes()]})).iloc[0]
        given = {key: answer[key] for key in answer.index if key.startswith("probability.")}
        rows.append(
            dict(zip(columns, ["validation", song.track, -1, song.genre, answer["genre"]], strict=True))
            | given
        )
    return pd.DataFrame(rows, columns=None if rows else columns)
