"""What MLflow remembers. Runs are logged from the files of the stages, so a lost store can be rebuilt.

Two experiments: ``genre`` holds a training run a model, to select and compare; ``genre-tuning`` a parent run
a search, a child a trial, a grandchild an execution. A run is found again by the hash of what it was logged
from, so nothing is logged twice.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from components import figures, logged_model
from components.errors import GenreError, TrainingError
from components.params import Params

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

TRAINING = "genre"
TUNING = "genre-tuning"
#: Where runs and artifacts lie unless ``MLFLOW_TRACKING_URI`` says otherwise.
STORE = Path("mlruns")
IDENTITY = "genre.identity"
ARTIFACTS_OF_A_MODEL = ("model.keras", "history.csv", "predictions.parquet", "training.json", "metrics.json")
#: MLflow takes at most so many metrics in one batch (REST API, runs/log-batch).
BATCH = 1000


def connect() -> MlflowClient:
    """Point MLflow at the store and quieten it.

    Returns
    -------
    MlflowClient
        For ``MLFLOW_TRACKING_URI`` where set, else for ``mlruns/mlflow.db``, which is made where missing.

    Raises
    ------
    GenreError
        If ``mlruns`` cannot be written.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    import logging

    import mlflow

    # Alembic tells of each of some fifty migrations of a new store.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow.store").setLevel(logging.WARNING)
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        try:
            STORE.mkdir(exist_ok=True)
        except OSError as error:
            raise GenreError(f"{STORE} cannot be made: {error.strerror}") from error
        if not os.access(STORE, os.W_OK):
            raise GenreError(f"{STORE} cannot be written; valid: a writable folder, or MLFLOW_TRACKING_URI")
        mlflow.set_tracking_uri(f"sqlite:///{(STORE / 'mlflow.db').resolve()}")
    return mlflow.MlflowClient()


def experiment(client: MlflowClient, name: str) -> str:
    """Return an experiment's id, made where missing.

    Parameters
    ----------
    client : MlflowClient
        From :func:`connect`.
    name : str
        :data:`TRAINING` or :data:`TUNING`.

    Returns
    -------
    str
        The id.
    """
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        location = (
            None if os.environ.get("MLFLOW_TRACKING_URI") else (STORE / "artifacts" / name).resolve().as_uri()
        )
        try:
            return client.create_experiment(name, artifact_location=location)
        except MlflowException:
            # Another stage, started at the same time, was quicker.
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    return str(found.experiment_id)


def find(client: MlflowClient, identity: str, *, experiment_id: str) -> Run | None:
    """Find the finished run logged from given files; delete what a killed attempt left.

    Parameters
    ----------
    client : MlflowClient
        From :func:`connect`.
    identity : str
        Hash of the files.
    experiment_id : str
        Where to look.

    Returns
    -------
    Run or None
        The run, if there is one.
    """
    runs = client.search_runs([experiment_id], filter_string=f"tags.`{IDENTITY}` = '{identity}'")
    finished = None
    for run in runs:
        if run.info.status == "FINISHED" and finished is None:
            finished = run
        elif run.info.status != "FINISHED" and not _alive(run):
            client.set_terminated(run.info.run_id, status="KILLED")
            client.delete_run(run.info.run_id)
    return finished


def _alive(run: Run) -> bool:
    import psutil

    if run.data.tags.get("genre.host") != platform.node():
        return False
    pid = int(run.data.tags.get("genre.pid", "0"))
    return pid != os.getpid() and psutil.pid_exists(pid)


def begin(
    client: MlflowClient, *, experiment_id: str, name: str, tags: Mapping[str, str], parent: str = ""
) -> str:
    """Create a run.

    Parameters
    ----------
    client : MlflowClient
        From :func:`connect`.
    experiment_id, name : str
        Where, and what to call it.
    tags : mapping
        Its tags.
    parent : str
        Run it belongs under.

    Returns
    -------
    str
        The run's id.
    """
    own = {"genre.pid": str(os.getpid()), "genre.host": platform.node(), **source_tags(), **tags}
    if parent:
        own["mlflow.parentRunId"] = parent
    return str(client.create_run(experiment_id, run_name=name, tags=own).info.run_id)


def source_tags() -> dict[str, str]:
    """Say which code is running: the git commit, and whether files differ from it."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    commit = git("rev-parse", "HEAD")
    if not commit:
        return {}
    changed = git("status", "--porcelain", "--untracked-files=no", "--", "components", "flows", "dvc.yaml")
    return {"mlflow.source.git.commit": commit, "genre.uncommitted_code": str(bool(changed)).lower()}


def log_history(client: MlflowClient, run_id: str, *, history: pd.DataFrame) -> None:
    """Log every epoch's figures as curves.

    Parameters
    ----------
    client : MlflowClient
        From :func:`connect`.
    run_id : str
        The run.
    history : DataFrame
        From :func:`components.fitting.fit`.
    """
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    points = [
        Metric(str(column), float(value), now, int(epoch))
        for column in history.columns.drop("epoch")
        for epoch, value in zip(history["epoch"], history[column], strict=True)
    ]
    for start in range(0, len(points), BATCH):
        client.log_batch(run_id, metrics=points[start : start + BATCH])


def log_params(client: MlflowClient, run_id: str, *, values: Mapping[str, Any]) -> None:
    """Log hyperparameters and settings.

    Parameters
    ----------
    client : MlflowClient
        From :func:`connect`.
    run_id : str
        The run.
    values : mapping
        By name.
    """
    from mlflow.entities import Param

    client.log_batch(run_id, params=[Param(key, str(value)) for key, value in values.items()])


def ensure_tuning_logged(name: str, *, root: Path = Path("data")) -> str:
    """Make sure that a finished search has its runs: parent, trials, executions.

    Parameters
    ----------
    name : str
        A tuned model.
    root : Path
        The data folder.

    Returns
    -------
    str
        Run id of the search.
    """
    folder = root / "tuning" / name
    identity = file_hash(folder / "trials.csv", folder / "best.json", folder / "identity.json")
    client = connect()
    where = experiment(client, TUNING)
    if known := find(client, identity, experiment_id=where):
        return str(known.info.run_id)
    best = json.loads((folder / "best.json").read_text(encoding="utf-8"))
    trials = pd.read_csv(folder / "trials.csv", dtype={"trial": str})
    tags = {"model": name}
    parent = begin(
        client,
        experiment_id=where,
        name=f"{name} search",
        tags={**tags, IDENTITY: identity, "level": "study"},
    )
    client.log_metric(parent, "best_val_accuracy", best["score"])
    client.log_metric(parent, "trials", len(trials))
    log_params(
        client, parent, values={f"best.{key}": value for key, value in best["hyperparameters"].items()}
    )
    for row in trials.to_dict("records"):
        trial = row["trial"]
        child = begin(
            client,
            experiment_id=where,
            name=f"{name} trial {trial}",
            tags={**tags, "level": "trial"},
            parent=parent,
        )
        hyperparameters = {key: row[key] for key in trials.columns if key not in ("trial", "status", "score")}
        log_params(client, child, values=hyperparameters)
        if row["score"] == row["score"]:
            client.log_metric(child, "val_accuracy", row["score"])
        for path in sorted((folder / "executions").glob(f"{trial}-*.json")):
            outcome = json.loads(path.read_text(encoding="utf-8"))
            grandchild = begin(
                client,
                experiment_id=where,
                name=f"{name} trial {trial} execution {outcome['execution']}",
                tags={**tags, "level": "execution"},
                parent=child,
            )
            log_params(client, grandchild, values={**hyperparameters, "seed": outcome["seed"]})
            log_history(client, grandchild, history=pd.DataFrame(outcome["history"]))
            client.log_metric(grandchild, "seconds", outcome["seconds"])
            client.set_terminated(grandchild)
        client.set_terminated(child, status="FINISHED" if "COMPLETED" in row["status"] else "FAILED")
    client.log_artifact(parent, str(folder / "trials.csv"))
    client.set_terminated(parent)
    return parent


def ensure_logged(name: str, *, params: Params, root: Path = Path("data")) -> str:
    """Make sure that a trained model has its training run; log it from its files if not.

    Parameters
    ----------
    name : str
        A trained model.
    params : Params
        The checked params.
    root : Path
        The data folder.

    Returns
    -------
    str
        Run id.

    Raises
    ------
    TrainingError
        If the model's files are missing.
    """
    folder = root / "models" / name
    missing = [file for file in ARTIFACTS_OF_A_MODEL if not (folder / file).is_file()]
    if missing:
        raise TrainingError(f"{folder} lacks {', '.join(missing)}; run `dvc repro train@{name}`")
    facts = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    client = connect()
    where = experiment(client, TRAINING)
    identity = file_hash(folder / "metrics.json") + facts["weights_sha256"]
    if known := find(client, identity, experiment_id=where):
        return str(known.info.run_id)
    search = ensure_tuning_logged(name, root=root)
    run_id = begin(
        client,
        experiment_id=where,
        name=name,
        tags={
            IDENTITY: identity,
            "tuning_run": search,
            "mlflow.note.content": describe(facts),
            **tags_of(facts),
        },
    )
    log_params(
        client,
        run_id,
        values={
            **facts["hyperparameters"],
            "feature": facts["feature"]["feature"],
            "seed": facts["seed"],
            "protocol": facts["protocol"],
            "max_epochs": facts["training"]["epochs"],
            "patience": facts["training"]["patience"],
        },
    )
    history = pd.read_csv(folder / "history.csv")
    log_history(client, run_id, history=history)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    figures_of_the_run = {
        "seconds": facts["seconds"],
        "peak_memory_mib": facts["peak_memory_mib"],
        "file_mib": facts["file_bytes"] / 2**20,
    }
    for key, value in {**metrics, **figures_of_the_run}.items():
        client.log_metric(run_id, key, value)
    _log_input(run_id, facts=facts, folder=folder, root=root)
    for file in ARTIFACTS_OF_A_MODEL:
        client.log_artifact(run_id, str(folder / file), artifact_path="training")
    predictions = pd.read_parquet(folder / "predictions.parquet")
    client.log_figure(run_id, figures.learning_curves(history, title=name), "learning_curves.png")
    client.log_figure(
        run_id,
        figures.confusion(predictions, genres=facts["genres"], part="test", title=name),
        "confusion.png",
    )
    client.log_table(run_id, per_class(predictions, genres=facts["genres"]), "per_class.json")
    logged_model.log(run_id, folder=folder, facts=facts)
    client.set_terminated(run_id)
    return run_id


def _log_input(run_id: str, *, facts: Mapping[str, Any], folder: Path, root: Path) -> None:
    import mlflow

    rows = pd.read_parquet(folder / "predictions.parquet", columns=["part", "track", "segment", "genre"])
    feature = facts["feature"]["feature"]
    dataset = mlflow.data.from_pandas(
        rows,
        source=str(root / "features" / feature),
        targets="genre",
        name=f"{feature} split {facts['fingerprint'][:8]}",
        digest=facts["feature_sha256"][:32],
    )
    client = mlflow.MlflowClient()
    from mlflow.entities import DatasetInput, InputTag

    tags = {
        "split_fingerprint": facts["fingerprint"],
        "dvc_md5": dvc_hash(f"data/features/{feature}"),
        "mlflow.data.context": "training and evaluation",
    }
    client.log_inputs(
        run_id,
        [DatasetInput(dataset._to_mlflow_entity(), [InputTag(key, value) for key, value in tags.items()])],
    )


def dvc_hash(out: str) -> str:
    """Return the hash DVC gives one of its outputs.

    Parameters
    ----------
    out : str
        Path of the output, as in ``dvc.yaml``.

    Returns
    -------
    str
        The hash in ``dvc.lock``; ``not in dvc.lock`` where a stage was run by hand.
    """
    import yaml

    lock = Path("dvc.lock")
    stages = yaml.safe_load(lock.read_text(encoding="utf-8"))["stages"] if lock.is_file() else {}
    hashes = {
        entry["path"]: entry.get("md5", "") for stage in stages.values() for entry in stage.get("outs", [])
    }
    return hashes.get(out, "not in dvc.lock")


def tags_of(facts: Mapping[str, Any]) -> dict[str, str]:
    """Say on a run what must be known before its numbers are read.

    Parameters
    ----------
    facts : mapping
        What ``training.json`` holds.

    Returns
    -------
    dict of str to str
        Model, preset, protocol, fingerprint, the leaky mark, the pretrained weights' origin.
    """
    pretrained = facts["feature"].get("pretrained")
    return {
        "model": facts["model"],
        "preset": facts["preset"],
        "protocol": facts["protocol"],
        "split_fingerprint": facts["fingerprint"],
        "leaky": "leaky: songs on both sides" if facts["leaky"] else "no",
        "weights_sha256": facts["weights_sha256"],
        "genres": json.dumps(facts["genres"], ensure_ascii=False),
        "pretrained": "none" if pretrained is None else pretrained["origin"],
        "pretrained_trained": "not applicable" if pretrained is None else str(pretrained["trained"]).lower(),
        "warnings": "; ".join(facts["warnings"]) or "none",
    }


def describe(facts: Mapping[str, Any]) -> str:
    """Describe a training run in a few lines of Markdown.

    Parameters
    ----------
    facts : mapping
        What ``training.json`` holds.

    Returns
    -------
    str
        Markdown.
    """
    lines = [
        f"**{facts['model']}** on `{facts['feature']['feature']}`, {len(facts['genres'])} genres, "
        f"{facts['parameters']:,} parameters, protocol `{facts['protocol']}`."
    ]
    if facts["leaky"]:
        lines.append("**Leaky:** segments of one song are on both sides of the split.")
    pretrained = facts["feature"].get("pretrained")
    if pretrained and not pretrained["trained"]:
        lines.append(
            f"**Untrained encoder** ({pretrained['encoder']}): the numbers say nothing of the real one."
        )
    if facts["preset"] == "demo":
        lines.append("Synthetic corpus: the numbers say nothing about music.")
    return "\n\n".join(lines + [f"Warning: {warning}" for warning in facts["warnings"]])


def per_class(predictions: pd.DataFrame, *, genres: list[str]) -> pd.DataFrame:
    """Lay out precision, recall, F1 and support of each genre over test segments.

    Parameters
    ----------
    predictions : DataFrame
        A model's predictions.
    genres : list of str
        Label order.

    Returns
    -------
    DataFrame
        One row a genre.
    """
    from sklearn.metrics import classification_report

    test = predictions[predictions["part"] == "test"]
    report = classification_report(
        test["genre"].to_numpy(dtype=object),
        test["predicted"].to_numpy(dtype=object),
        labels=genres,
        output_dict=True,
        zero_division=0,
    )
    return pd.DataFrame([{"genre": genre, **report[genre]} for genre in genres])


def file_hash(*paths: Path) -> str:
    """Hash files' contents together.

    Parameters
    ----------
    *paths : Path
        The files.

    Returns
    -------
    str
        SHA-256, 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
