"""The run of a trained model, logged from its files."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from components.config.params import ENSEMBLE
from components.core import hashing, lineage, progress
from components.core.errors import TrainingError
from components.results import record as records
from components.results.record import LEAKY, ModelRecord, TrainingRecord
from components.tracking import integrity, keys, reader, store, view
from components.tracking.errors import reached
from components.tracking.runs import NOTE, Runs, source_tags
from components.tracking.search_runs import ensure_tuning_logged

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from mlflow.entities import DatasetInput


@reached()
def ensure_logged(name: str, *, log_model: Callable[..., None], root: Path = Path("data")) -> str:
    """Make sure that a trained model has its training run; log it from its files if not; return its id.

    ``log_model(run_id, record=..., root=...)`` logs the model itself. An ensemble's run has a tag ``member.<model>``
    for the run of each member.

    Raises
    ------
    TrainingError
        If the model's files are missing.
    StoreError
        If MLflow's store fails.
    """
    folder, kind = records.folder(name, root=root), records.kind(name)
    if missing := [file for file in kind.FILES if not (folder / file).is_file()]:
        raise TrainingError(f"{folder} lacks {', '.join(missing)}; run `dvc repro {kind.stage(name)}`")
    record = kind.read(folder)
    identity = hashing.file(folder / "metrics.json") + record.weights_sha256
    client = reader.opened()
    if isinstance(client, reader.Reader) and (known := client.logged(store.TRAINING, identity)):
        return known
    runs = Runs(store.TRAINING)
    return runs.find(identity) or _log(runs, record, identity=identity, log_model=log_model, root=root)


def _log(
    runs: Runs, record: ModelRecord, *, identity: str, log_model: Callable[..., None], root: Path
) -> str:
    import pandas as pd

    from components.evaluation.metrics import confusion
    from components.reporting import figures, model_card

    name, kind = record.model, records.kind(record.model)
    folder = records.folder(name, root=root)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    commit = source_tags().get("mlflow.source.git.commit", "")
    if name == ENSEMBLE:
        sources = {
            f"member.{network.model}": ensure_logged(network.model, log_model=log_model, root=root)
            for _, network in record.networks
        }
    else:
        sources = {"tuning_run": ensure_tuning_logged(name, root=root)}
    tags = {
        **sources,
        NOTE: model_card.card(record, metrics=metrics, commit=commit),
        **tags_of(record),
    }
    history = pd.read_csv(folder / "history.csv") if "history.csv" in kind.FILES else None
    with runs.open(
        name,
        tags=tags,
        identity=identity,
        seconds=record.seconds,
        params={
            **record.settings,
            **record.model_dump(include={"seed", "protocol"}),
            "temperature": record.temperature,
        },
        metrics={
            **record.model_dump(include={"seconds", "peak_memory_mib"}),
            "file_mib": record.file_bytes / 2**20,
            **genre_counts(record),
        },
        history=history,
    ) as run_id:
        client, predictions = runs.client, pd.read_parquet(folder / "predictions.parquet")
        inputs = {network.feature.feature: network for _, network in record.networks}
        # Figures are of songs, whatever a model reads of them: models of one split are compared on one dataset.
        songs = _songs(predictions, record=record, root=root)
        features = [_dataset(predictions, record=network, root=root) for network in inputs.values()]
        client.log_inputs(run_id, [songs, *features])
        for file in kind.FILES:
            client.log_artifact(run_id, str(folder / file), artifact_path="training")
        counts = confusion(predictions, genres=record.genres, part="test")
        drawn = {"confusion.png": figures.confusion(counts)}
        if history is not None:
            drawn["learning_curves.png"] = figures.learning(history)
        for file, figure in drawn.items():
            client.log_figure(run_id, figure, file, save_kwargs={"dpi": 200})
        _log_picture(runs, run_id, drawn["confusion.png"])
        _name_boxes(tuple(record.genres))
        client.log_table(run_id, per_class(predictions, record=record), "per_class.json")
        log_model(run_id, record=record, root=root)
        outputs = client.get_run(run_id).outputs
        model_id = outputs.model_outputs[-1].model_id if outputs and outputs.model_outputs else None
        if model_id:
            client.set_tag(run_id, integrity.NAME, client.get_logged_model(model_id).name)
        runs.measure(run_id, metrics, model_id=model_id, dataset=songs)
        client.set_tag(run_id, integrity.TAG, integrity.of_run(client, run_id))
        return runs.finish(run_id, identity=identity)


@cache
def _name_boxes(genres: tuple[str, ...]) -> None:
    """Say, once for all models of a process, which genres MLflow's pictures show with boxes."""
    from components.reporting import fonts

    lacking = {genre: letters for genre in genres if (letters := fonts.missing(genre))}
    if lacking:
        progress.line(
            f"genres with boxes in MLflow's pictures: {', '.join(map(repr, lacking))}; no font installed here has "
            f"{''.join(dict.fromkeys(''.join(lacking.values())))}; valid: one that does, such as Debian's "
            "fonts-noto-core and fonts-noto-cjk"
        )


def _log_picture(runs: Runs, run_id: str, figure: Figure) -> None:
    """Log a figure once more as one of the pictures that the page lays side by side."""
    from PIL import Image

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    with Image.open(buffer) as picture:
        runs.client.log_image(run_id, picture.convert("RGB"), key=view.CONFUSION, step=0)


def _songs(predictions: pd.DataFrame, *, record: ModelRecord, root: Path) -> DatasetInput:
    from mlflow.data.pandas_dataset import from_pandas
    from mlflow.entities import DatasetInput, InputTag

    table = predictions[["part", "track", "genre"]].drop_duplicates().sort_values(["part", "track"])
    name = f"split {record.fingerprint[:8]}"
    dataset = from_pandas(
        table.reset_index(drop=True), source=str(root / "splits"), targets="genre", name=name
    )
    tags = {"split_fingerprint": record.fingerprint, "mlflow.data.context": "evaluation"}
    return DatasetInput(dataset._to_mlflow_entity(), [InputTag(key, value) for key, value in tags.items()])


def _dataset(predictions: pd.DataFrame, *, record: TrainingRecord, root: Path) -> DatasetInput:
    from mlflow.data.pandas_dataset import from_pandas
    from mlflow.entities import DatasetInput, InputTag

    feature = record.feature.feature
    dataset = from_pandas(
        predictions[["part", "track", "genre"]],
        source=str(root / "features" / feature),
        targets="genre",
        name=f"{feature} split {record.fingerprint[:8]}",
        digest=record.feature_sha256[:32],
    )
    tags = {
        "split_fingerprint": record.fingerprint,
        "dvc_md5": lineage.hashes().get(f"data/features/{feature}", lineage.UNKNOWN),
        "mlflow.data.context": "training",
    }
    return DatasetInput(dataset._to_mlflow_entity(), [InputTag(key, value) for key, value in tags.items()])


def tags_of(record: ModelRecord) -> dict[str, str]:
    """Return the tags to read before the numbers: parts fitted on, leaky mark, origin of the encoders' weights."""
    encoders = record.encoders
    return {
        **record.model_dump(include={"model", "preset", "protocol", "weights_sha256"}),
        "about": record.about,
        "device": record.device or "unknown",
        "fitted_on": record.fitted_on,
        "split_fingerprint": record.fingerprint,
        "leaky": LEAKY if record.leaky else "no",
        "artists": record.artists,
        "confounded": ", ".join(record.confounded) or "none",
        "genres": json.dumps(record.genres, ensure_ascii=False),
        "genres_in_keys": json.dumps(keys.escaped(record.genres), ensure_ascii=False),
        "encoder": ", ".join(encoder.encoder for encoder in encoders) or "none",
        "encoder_weights": ", ".join(encoder.origin for encoder in encoders) or "none",
        "encoder_licence": "; ".join(encoder.licence for encoder in encoders) or "none",
        "encoder_trained_on": "; ".join(encoder.trained_on for encoder in encoders) or "none",
        "encoder_untrained": str(record.untrained_encoder).lower(),
        "warnings": "; ".join(record.warnings) or "none",
    }


def genre_counts(record: ModelRecord) -> dict[str, float]:
    """Return how many songs of each genre were listed, and how many were used after some were left out."""
    return {
        f"songs.{step}.{genre}": float(counts[step])
        for genre, counts in record.genre_counts.items()
        for step in ("listed", "usable")
    }


def per_class(predictions: pd.DataFrame, *, record: ModelRecord) -> pd.DataFrame:
    """Return one row a genre: precision, recall, F1 and support over test segments, and its songs at each step.

    The steps are those of :mod:`components.splits.counts`.
    """
    import pandas as pd
    from sklearn.metrics import classification_report

    genres, test = record.genres, predictions[predictions["part"] == "test"]
    report = classification_report(
        test["genre"], test["predicted"], labels=genres, output_dict=True, zero_division=0
    )
    table = pd.DataFrame(report).T.loc[genres]
    songs = pd.DataFrame.from_dict(record.genre_counts, orient="index").reindex(genres).add_prefix("songs_")
    return table.join(songs).rename_axis("genre").reset_index()
