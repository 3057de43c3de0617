"""The gate's questions to a challenger, each with its answer and why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from components.config.params import Params
from components.evaluation import metrics as evaluation
from components.training import leakage
from components.training.record import TrainingRecord

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

#: A model's first answer in a fresh process includes TensorFlow's import and tracing.
LOAD_TEST_SECONDS = 300


@dataclass(frozen=True)
class Check:
    """One question of the gate, and its answer."""

    question: str
    passed: bool
    because: str


def above_chance(metrics: dict[str, float], *, genres: list[str]) -> Check:
    """Ask whether the validation interval lies above guessing.

    Parameters
    ----------
    metrics : dict of str to float
        What ``metrics.json`` holds.
    genres : list of str
        Label order.

    Returns
    -------
    Check
        The answer.
    """
    low, chance = metrics["validation.song_accuracy_low"], 1 / len(genres)
    accuracy = metrics["validation.song_accuracy"]
    return Check(
        "better than guessing?",
        low > chance,
        f"validation songs {accuracy:.1%}, 95 % interval from {low:.1%}; guessing gives {chance:.1%}",
    )


def validated(record: TrainingRecord, *, root: Path) -> Check:
    """Ask whether the model's feature passed its suite.

    Parameters
    ----------
    record : TrainingRecord
        The trained model's.
    root : Path
        The data folder.

    Returns
    -------
    Check
        The answer.
    """
    feature = record.feature.feature
    path = root / "validation" / feature / "result.json"
    if not path.is_file():
        return Check("feature validated?", False, f"{path} is missing: {feature} was never validated")
    passed = bool(json.loads(path.read_text(encoding="utf-8"))["success"])
    return Check("feature validated?", passed, f"{feature} {'passed' if passed else 'failed'} its suite")


def pretrained(record: TrainingRecord, *, allow: bool) -> Check:
    """Ask whether the encoder is the real one.

    Parameters
    ----------
    record : TrainingRecord
        The trained model's.
    allow : bool
        Let an untrained stand-in pass.

    Returns
    -------
    Check
        The answer.
    """
    question, encoder = "pretrained weights where wanted?", record.feature.pretrained
    if encoder is None:
        return Check(question, True, "the model wants none")
    if encoder.trained:
        return Check(question, True, f"{encoder.encoder} from {encoder.origin}")
    because = f"{encoder.encoder} is an untrained stand-in"
    return Check(question, allow, f"{because}, which promotion.allow_untrained accepts" if allow else because)


def beats(
    client: MlflowClient,
    current: ModelVersion,
    name: str,
    *,
    record: TrainingRecord,
    params: Params,
    root: Path,
) -> Check:
    """Compare on the validation songs that neither was fitted on.

    Parameters
    ----------
    client : MlflowClient
        From :func:`components.tracking.connect`.
    current : ModelVersion
        The champion.
    name : str
        The challenger.
    record : TrainingRecord
        The challenger's.
    params : Params
        The checked params.
    root : Path
        The data folder.

    Returns
    -------
    Check
        The answer, with both accuracies.

    Raises
    ------
    LeakError
        If the champion would be asked about a song that it was fitted on.
    """
    question = f"better than champion version {current.version}?"
    own = pd.read_parquet(root / "models" / name / "predictions.parquet")
    own = own[own["part"] == "validation"]
    if current.tags.get("split_fingerprint") == record.fingerprint:
        path = client.download_artifacts(str(current.run_id), "training/predictions.parquet")
        theirs = pd.read_parquet(path)
        theirs = theirs[theirs["part"] == "validation"]
    else:
        from components.registry import rescore

        theirs = rescore.validation_predictions(
            client, current, unit=record.feature.unit, params=params, root=root
        )
        if not theirs.empty:
            leakage.guard_champion(
                theirs["track"],
                fitted=rescore.record_of(client, current).train_tracks,
                name=f"champion {current.version}",
            )
    if theirs.empty:
        return Check(question, False, "the champion was fitted on every validation song; no fair comparison")
    own, theirs = evaluation.songs(own), evaluation.songs(theirs)
    shared = sorted(set(own["track"]) & set(theirs["track"]))
    if not shared:
        return Check(question, False, "the two share no validation song that neither was fitted on")
    own, theirs = (songs[songs["track"].isin(shared)] for songs in (own, theirs))
    gain = own["correct"].mean() - theirs["correct"].mean()
    verdict = evaluation.paired(own, theirs, seed=params.seed, names=(name, f"champion {current.version}"))
    return Check(
        question,
        bool(gain > params.promotion.margin),
        f"{own['correct'].mean():.1%} against {theirs['correct'].mean():.1%} of {len(shared)} validation songs, "
        f"wanted a gain above {params.promotion.margin:.1%}; {verdict.sentence.removesuffix('.')}",
    )


def load_test(uri: str, *, genres: list[str]) -> Check:
    """Load a registered version in a fresh process and let it answer.

    Parameters
    ----------
    uri : str
        ``models:/NAME/VERSION``.
    genres : list of str
        What it must answer with.

    Returns
    -------
    Check
        Whether it answered with one probability a genre.
    """
    import mlflow

    question = "loads from the registry and answers?"
    command = [
        sys.executable,
        "-m",
        "components.registry.smoke_test",
        uri,
        mlflow.get_tracking_uri(),
        json.dumps(genres),
    ]
    # Its input ends with this process, whatever ends it: a load test never outlives who asked for it.
    end, hold = os.pipe()
    try:
        done = subprocess.run(
            command, stdin=end, capture_output=True, text=True, timeout=LOAD_TEST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return Check(question, False, f"no answer within {LOAD_TEST_SECONDS} s")
    finally:
        os.close(end)
        os.close(hold)
    lines = [
        line for line in (done.stdout if done.returncode == 0 else done.stderr).splitlines() if line.strip()
    ]
    return Check(question, done.returncode == 0, lines[-1] if lines else f"exit status {done.returncode}")
