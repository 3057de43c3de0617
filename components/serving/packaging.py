"""Self-contained MLflow models: the code, encoder weights and requirements that a trained model needs, inside it."""

from __future__ import annotations

import io
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

import components
from components.core.console import quiet
from components.core.errors import CorpusError, GenreError, PretrainedError
from components.corpus import locations
from components.corpus import store as corpus_store
from components.features.encoders import base as encoders
from components.results import record as records
from components.results.record import ModelRecord
from components.tracking import training_runs

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.models import ModelSignature

    from components.serving.certainty import Certainty
    from components.serving.prediction import Prediction

#: Index and values of a feature.
Table: TypeAlias = "tuple[pd.DataFrame, np.ndarray]"
#: What a model needs to predict; logged at the versions it was trained with.
REQUIREMENTS = (
    "mlflow", "tensorflow", "keras", "ai-edge-litert", "librosa", "soundfile", "soxr", "numpy", "scipy", "pandas",
    "pyarrow", "pydantic", "pyyaml", "pillow", "matplotlib", "filelock", "psutil", "scikit-learn", "av",
)  # fmt: skip
#: Train rows on which an exported network is compared with its own, evenly spaced.
COMPARED = 256
#: Songs that it was fitted on, on which exported encoders are compared with their own, at most.
SONGS_COMPARED = 4
#: Tag of a run: what runs its networks, and why not LiteRT.
RUNTIME = "runtime"
#: The module that MLflow runs to make the model.
ENTRYPOINT = "components.serving.pyfunc_entrypoint"
#: The module that is a process of its own where FFmpeg decodes a song.
DECODER = "components.corpus.ffmpeg_process"


def ensure_logged(name: str, *, root: Path = Path("data")) -> str:
    """Make sure that a trained model has its run in MLflow, with the packaged model; return the run's id.

    Raises
    ------
    TrainingError
        If the model's files are missing.
    StoreError
        If MLflow's store fails.
    """
    return training_runs.ensure_logged(name, log_model=log, root=root)


def signature(example: pd.DataFrame, *, genres: list[str]) -> ModelSignature:
    """Return the signature: ``audio``, a file's bytes (base64 in JSON), to the columns of a prediction."""
    import pandas as pd
    from mlflow.models import infer_signature

    from components.serving.prediction import Prediction, Segment

    # Only its names and types count.
    prediction = Prediction(
        genres[0], probabilities=dict.fromkeys(genres, 1.0), timeline=[Segment(0.0, genres[0], 1.0)]
    )
    return infer_signature(example, pd.DataFrame([prediction.as_row()]))


def certainty(record: ModelRecord, *, tables: Sequence[Table], root: Path) -> Certainty:
    """Gather what decides which of a model's predictions are unsure, from its training and validation songs.

    Parameters
    ----------
    record : ModelRecord
        The trained model's.
    tables : sequence of (DataFrame, ndarray)
        Index and values of each of its features.
    root : Path
        The data folder, which holds its predictions of validation songs.
    """
    import pandas as pd

    from components.evaluation import aggregation
    from components.serving import drift
    from components.serving.certainty import Certainty, segments, stretches, summary

    predictions = pd.read_parquet(records.folder(record.model, root=root) / "predictions.parquet")
    songs = aggregation.songs(predictions[predictions["part"] == "validation"])
    shares = aggregation.probabilities(songs, genres=record.genres)
    # The first fit's songs: those of validation would be nearest to themselves.
    first = set(record.train_tracks) - set(record.validation_tracks)
    validation = [*drift.songs(tables, tracks=record.validation_tracks)]
    parts = [part for rows in validation for part in stretches(rows)]
    fitted, train = (
        np.array([summary(rows) for rows in drift.songs(tables, tracks=tracks)])
        for tracks in (record.train_tracks, first)
    )
    made = Certainty(
        fitted,
        shares.max(axis=1),
        (songs["predicted"] == songs["genre"]).to_numpy(),
        np.zeros(0),
        whole=int(np.median([segments(rows) for rows in validation])),
        stretches=np.array([segments(part) for part in parts], dtype=np.int64),
    )
    of_first = replace(made, songs=train)
    return replace(
        made,
        distance=of_first.distances([summary(rows) for rows in validation]),
        stretch_distance=of_first.distances([summary(part) for part in parts]),
    )


def requirements(record: ModelRecord) -> list[str]:
    """Pin what a model needs at the versions that are installed here: ``name==version``."""
    own = [encoders.find(name).REQUIREMENTS for name in carried(record)]
    needed = dict.fromkeys(itertools.chain(REQUIREMENTS, *own))
    return [f"{package}=={version(package)}" for package in needed]


def carried(record: ModelRecord) -> list[str]:
    """List the trained encoders whose weights a model carries."""
    return [encoder.encoder for encoder in record.encoders if encoder.trained]


def artifacts(record: ModelRecord, *, temporary: Path, root: Path) -> dict[str, str]:
    """List the files that travel with a model, by name.

    Parameters
    ----------
    record : ModelRecord
        The trained model's.
    temporary : Path
        A folder for what is made anew: ``reference.parquet`` and ``certainty.npz`` are there already. MLflow keeps a
        file under its own name, so each network's is copied as ``<model>.keras``.
    root : Path
        The data folder.

    Raises
    ------
    PretrainedError
        If an encoder's weights are gone since the feature was extracted.
    """
    folder = records.folder(record.model, root=root)
    files = {name: folder / file for name, file in (("training", record.FILE), ("songs", "songs.parquet"))}
    files["reference"] = temporary / "reference.parquet"
    files["certainty"] = temporary / "certainty.npz"
    for _, network in record.networks:
        saved = records.folder(network.model, root=root) / "model.keras"
        files[f"network_{network.model}"] = temporary / f"{network.model}.keras"
        if not saved.is_file():
            raise PretrainedError(f"{saved} does not exist; it must travel with the model")
        shutil.copyfile(saved, files[f"network_{network.model}"])
    for name in carried(record):
        files[f"encoder_{name}"] = encoders.find(name).locate(record.params.pretrained[name])
    for name, path in files.items():
        if not path.exists():
            raise PretrainedError(f"{name}: {path} does not exist; it must travel with the model")
    return {name: str(path) for name, path in files.items()}


def exports(
    record: ModelRecord, *, tables: Mapping[str, Table], temporary: Path, root: Path
) -> tuple[dict[str, str], str]:
    """Export each network of a model, where that changes no probability.

    Parameters
    ----------
    record : ModelRecord
        The trained model's.
    tables : mapping of str to (DataFrame, ndarray)
        Index and values of each feature.
    temporary : Path
        The folder for the exports.
    root : Path
        The data folder.

    Returns
    -------
    files : dict of str to str
        Those that travel with the model, by name: all, or none.
    runtime : str
        What runs the networks, and why it is not LiteRT.
    """
    from components.serving import litert, safe_keras

    files = {}
    for _, network in record.networks:
        index, values = tables[network.feature.feature]
        fitted = np.flatnonzero(index["track"].isin(network.train_tracks).to_numpy())
        some = fitted[np.unique(np.linspace(0, len(fitted) - 1, min(COMPARED, len(fitted))).astype(int))]
        loaded = safe_keras.load(records.folder(network.model, root=root) / "model.keras")
        path = temporary / f"{network.model}.tflite"
        if reason := litert.export(loaded, rows=np.asarray(values[some]), to=path):
            return {}, f"Keras, since the export of {network.model} is not packaged: {reason}"
        files[f"litert_{network.model}"] = str(path)
    if record.encoders:
        exported, runtime = _export_encoders(record, files=files, temporary=temporary, root=root)
        return files | exported, runtime
    return files, "LiteRT"


def _export_encoders(
    record: ModelRecord, *, files: Mapping[str, str], temporary: Path, root: Path
) -> tuple[dict[str, str], str]:
    """Export all encoders of a model, where that changes no probability of real songs."""
    from components.serving import litert
    from components.serving.genre_model import GenreModel, loaded_network

    weights = {
        encoder.encoder: record.params.pretrained[encoder.encoder] if encoder.trained else encoders.UNTRAINED
        for encoder in record.encoders
    }
    known = {name: encoders.find(name) for name in weights}
    if missing := [name for name, module in known.items() if not hasattr(module, "export")]:
        return {}, f"LiteRT; TensorFlow for {', '.join(missing)}, which has no export"
    exported = {
        name: str(temporary / f"encoder_{name}{module.EXPORTED}")  # type: ignore[attr-defined]
        for name, module in known.items()
    }
    options = {
        name: [
            feature.options
            for feature in record.features
            if name in (encoder.encoder for encoder in feature.pretrained)
        ]
        for name in weights
    }
    networks = {
        network.model: loaded_network(network.model, artifacts=files) for _, network in record.networks
    }
    beside = {
        "songs": str(records.folder(record.model, root=root) / "songs.parquet"),
        "certainty": str(temporary / "certainty.npz"),
    }
    songs = _songs(record, root=root)

    def predicted(pretrained: Mapping[str, str]) -> list[Prediction | GenreError]:
        params = record.params.model_copy(update={"pretrained": dict(pretrained)})
        model = GenreModel(record, params=params, networks=networks, artifacts=beside)
        # One at a time: side by side they take an encoder's memory twice.
        return [prediction for song in songs for prediction in model.predict_songs([song])]

    # A fault of ours is none of the converter's.
    as_it_is = predicted(weights)
    try:
        with quiet():  # the converter's own lines are for its developers
            for name, path in exported.items():
                known[name].export(weights[name], options=options[name], to=Path(path))  # type: ignore[attr-defined]
        by_export = predicted(exported)
    except Exception as error:  # noqa: BLE001 - a converter meets every operation in its own way
        reason = f"it cannot be converted: {litert.line(error)}"
    else:
        if (difference := _difference(as_it_is, by_export)) <= litert.TOLERANCE:
            return {f"litert_encoder_{name}": path for name, path in exported.items()}, "LiteRT"
        reason = litert.too_far(difference)
    return {}, f"LiteRT; TensorFlow for {', '.join(weights)}, whose export is not packaged: {reason}"


def _songs(record: ModelRecord, *, root: Path) -> list[Path | bytes]:
    """List a few songs it was fitted on, evenly spaced, whose files are still there; an example beside them."""
    sources = record.params.corpus.of_form("audio")
    if not sources:
        return [example_song()]
    try:
        listing = corpus_store.read_all(sources, root=root)
    except CorpusError:  # A model may be here without what it was made from.
        return [example_song()]
    fitted = listing[listing["track"].isin(record.train_tracks)]
    files = [
        file
        for file in corpus_store.files(fitted, params=record.params, root=root)
        if locations.is_remote(file) or Path(file).is_file()
    ]
    return [example_song(), *map(locations.local, files[:: max(1, -(-len(files) // SONGS_COMPARED))])]


def _difference(one: Sequence[Prediction | GenreError], other: Sequence[Prediction | GenreError]) -> float:
    """Return the largest difference of a probability between two predictions of the same songs."""
    tables = [[_probabilities(song) for song in songs] for songs in (one, other)]
    return max(
        (float(np.abs(a - b).max()) for a, b in zip(*tables, strict=True) if len(a) and len(b)), default=0.0
    )


def _probabilities(song: Prediction | GenreError) -> np.ndarray:
    if isinstance(song, GenreError):
        return np.zeros(0)
    return np.array([*song.probabilities.values(), *(segment.probability for segment in song.timeline)])


def modules(record: ModelRecord) -> set[str]:
    """List the modules of this project that a served model imports, at their head or within a function.

    They are those that :data:`ENTRYPOINT`, :data:`DECODER`, the model's features and their encoders reach, and the
    packages around them.
    """
    import grimp

    from components.features.pipeline import compute

    graph = grimp.build_graph("components", exclude_type_checking_imports=True, cache_dir=None)
    for module in graph.modules - {"components"}:
        graph.add_import(importer=module, imported=module.rpartition(".")[0])
    first = {ENTRYPOINT, DECODER}
    for _, network in record.networks:
        first |= {*compute.modules(network.feature.feature, params=network.params)}
    first |= {f"components.features.encoders.{encoder.encoder}" for encoder in record.encoders}
    return first.union(*map(graph.find_upstream_modules, first))


def copy_code(folder: Path, *, record: ModelRecord) -> Path:
    """Copy the modules of a model into a folder, as a package; return the package's folder."""
    root = Path(components.__file__).parent
    for name in modules(record):
        source = root.joinpath(*name.split(".")[1:])
        source = source / "__init__.py" if source.is_dir() else source.with_suffix(".py")
        target = folder / source.relative_to(root.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    return folder / root.name


@contextmanager
def open_run(run_id: str) -> Iterator[None]:
    """Make a run the one that MLflow's functions write to, and leave it running.

    MLflow's own context ends it: a process killed between that and the last tag would leave a run that counts as
    finished and is not whole.
    """
    import mlflow

    with mlflow.start_run(run_id=run_id):
        yield
        mlflow.end_run("RUNNING")


def log(run_id: str, *, record: ModelRecord, root: Path) -> None:
    """Log the model to its run.

    Parameters
    ----------
    run_id : str
        A training run.
    record : ModelRecord
        The trained model's.
    root : Path
        The data folder, which holds its networks and its features.

    Raises
    ------
    FeatureError
        If a feature it was trained on is gone.
    PretrainedError
        See :func:`artifacts`.
    """
    import mlflow
    import pandas as pd

    from components.features.pipeline import store as feature_store
    from components.serving import drift

    def tables() -> dict[str, Table]:
        # Opened anew each time: pages of a map that were looked at count as this process's memory until it is closed.
        return {
            feature.feature: feature_store.read(feature.feature, root=root)[:2] for feature in record.features
        }

    songs = drift.reference([*tables().values()], features=record.features, tracks=record.train_tracks)
    example = pd.DataFrame({"audio": [example_song(seconds=4.0)]})
    tags = training_runs.tags_of(record)
    os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    with tempfile.TemporaryDirectory() as temporary, open_run(run_id):
        songs.to_parquet(Path(temporary) / "reference.parquet", index=False)
        known = certainty(record, tables=[*tables().values()], root=root)
        known.save(Path(temporary) / "certainty.npz")
        package = copy_code(Path(temporary), record=record)
        exported, runtime = exports(record, tables=tables(), temporary=Path(temporary), root=root)
        if "not packaged" in runtime:
            print(f"{record.model}: predicted by {runtime}", file=sys.stderr, flush=True)
        mlflow.pyfunc.log_model(
            # What the page of models calls it.
            name=record.model,
            python_model=str(package.parent.joinpath(*ENTRYPOINT.split(".")).with_suffix(".py")),
            artifacts=artifacts(record, temporary=Path(temporary), root=root) | exported,
            code_paths=[str(package)],
            signature=signature(example, genres=record.genres),
            input_example=example,
            pip_requirements=requirements(record),
            metadata={key: tags[key] for key in ("weights_sha256", "encoder", "encoder_licence")},
        )
        mlflow.set_tag(RUNTIME, runtime)


def example_song(*, seconds: float = 6.0, sample_rate: int = 22050) -> bytes:
    """Make a short 16-bit WAV file: a chord with a decaying beat, so that no feature is degenerate."""
    import soundfile

    time = np.arange(int(seconds * sample_rate)) / sample_rate
    chord = sum(np.sin(2 * np.pi * pitch * time) for pitch in (220.0, 277.18, 329.63))
    beat = np.exp(-8 * (time % 0.5)) * np.random.default_rng(0).standard_normal(len(time))
    buffer = io.BytesIO()
    soundfile.write(buffer, 0.1 * chord + 0.1 * beat, sample_rate, format="WAV", subtype="PCM_16")
    return buffer.getvalue()
