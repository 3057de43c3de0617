"""Predictions of the champion on the songs of another split, for a fair comparison with a challenger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from components.config.params import Params
from components.core.console import quiet
from components.core.errors import RegistryError
from components.corpus import audio, locations, segmentation
from components.corpus import store as corpus_store
from components.evaluation import aggregation
from components.external_evaluation import recognition
from components.results import leakage
from components.serving import load
from components.splits import store as split_store

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion


def validation_predictions(
    client: MlflowClient, version: ModelVersion, *, unit: str, params: Params, root: Path = Path("data")
) -> pd.DataFrame:
    """Predict validation songs of the present split; none that a registered model was fitted on, nor of their artists.

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
        As :func:`components.results.predict.predict`; empty where the model was fitted on every song.

    Raises
    ------
    RegistryError
        If the present corpus has no audio, or other genres than the model; or its files are missing or altered.
    LeakError
        If a song that the model was fitted on would be scored.
    """
    sources = params.corpus.of_form("audio")
    if not sources:
        raise RegistryError(
            f"the split changed and version {version.version} must be scored anew, but corpus.sources has no "
            f"audio; valid: a corpus with audio, or another promotion.registered_model"
        )
    with quiet():
        champion = load.load(client, f"models:/{version.name}/{version.version}").model
    table, present = split_store.read(root)
    if present.genres != champion.record.genres:
        raise RegistryError(
            f"version {version.version} has genres {', '.join(champion.record.genres)}; the corpus has "
            f"{', '.join(present.genres)}; valid: another promotion.registered_model"
        )
    songs = table[(table["unit"] == "track") & (table["part"] == "validation")].set_index("track")
    fitted = champion.songs[champion.songs["fitted"]]
    known = set(fitted["artist"]) - {""}
    listing = corpus_store.read_all(sources, root=root)
    listing = listing[listing["track"].isin(songs.index[~songs["artist"].isin(known)])]
    listing = listing[~_fitted(listing, on=fitted)]
    files, limits, rows = corpus_store.files(listing, params=params, root=root), params.corpus, []
    with quiet():
        for song, file in zip(listing.itertuples(), files, strict=True):
            y, rate = audio.decode(
                locations.local(file), max_seconds=limits.max_seconds, max_bytes=limits.max_bytes
            )
            if unit == "segment":
                y = segmentation.used(y, rate, segments=params.segments)
            (prediction,) = champion.predict_features([champion.features_of(y, rate)])
            about = {"part": "validation", "track": song.track, "segment": -1, "genre": song.genre}
            about |= songs.loc[song.track, ["artist", "headline"]].to_dict()
            rows.append({**prediction.as_row(), "predicted": prediction.genre, **about})
    leakage.check_champion(listing, fitted=fitted, name=f"champion {version.version}")
    columns = [*aggregation.COLUMNS]
    columns += [aggregation.PREFIX + genre for genre in present.genres]
    return pd.DataFrame(rows, columns=columns)


def _fitted(listing: pd.DataFrame, *, on: pd.DataFrame) -> np.ndarray:
    """Return which songs of a listing a model was fitted on: the same recording, whatever its name."""
    found = np.array(recognition.recognised(listing, used=on), dtype=object) != ""
    # Of a table of features there is nothing but names.
    nameless = on.reindex(columns=[*recognition.KNOWN_BY]).fillna("").eq("").all(axis=1)
    return found | listing["track"].isin(on.loc[nameless, "track"]).to_numpy()
