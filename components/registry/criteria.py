"""Promotion criteria: what a challenger must meet to become the champion version."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from humanize import natural_list

from components.config.params import Params
from components.core.errors import EvaluationError
from components.core.formatting import plural
from components.evaluation.metrics import genre_by_genre, headline_key
from components.results import record as records
from components.results.record import ModelRecord
from components.validation.result import ValidationResult

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

#: A model's first prediction in a fresh process includes TensorFlow's import and tracing.
SMOKE_TEST_SECONDS = 300


@dataclass(frozen=True)
class Criterion:
    """One promotion criterion, whether it is met, and the measured reason."""

    name: str
    met: bool
    reason: str


def above_chance(record: ModelRecord, metrics: dict[str, float]) -> Criterion:
    """Check that 95 % intervals on validation songs, those of headlines, lie above guessing.

    Accuracy must lie above the share of the largest genre, which is what always naming that one gives; with each genre
    counting alike, balanced accuracy above one divided by the number of genres, and macro F1 above that of the same
    constant prediction. A model whose genres were made to weigh alike in its fits gives some of the largest genre's
    songs up for those of the others, as was chosen: its accuracy is stated, and the other two decide.
    """
    start = "validation."
    own = {key.removeprefix(start): value for key, value in metrics.items() if key.startswith(start)}
    key, alike = headline_key(own), genre_by_genre(own)
    accuracy, low, guessing = own[key], own[f"{key}_low"], alike["guessing"]
    balanced, equal = alike["balanced_accuracy"], 1 / alike["genres"]
    weighed = all(one.record.training.class_weight == "balanced" for one in record.networks)
    met = (
        (weighed or low > guessing)
        and alike["balanced_accuracy_low"] > equal
        and alike["macro_f1"] > alike["guessing_macro_f1"]
    )
    reason = (
        f"validation songs {accuracy:.1%}, 95 % interval from {low:.1%}; always naming the largest genre gives "
        f"{guessing:.1%}{' (its genres weigh alike: not required)' if weighed else ''}; balanced accuracy "
        f"{balanced:.1%} from {alike['balanced_accuracy_low']:.1%}, guessing gives {equal:.1%}; macro F1 "
        f"{alike['macro_f1']:.2f}, guessing gives {alike['guessing_macro_f1']:.2f}"
    )
    return Criterion("better than guessing", met, reason)


def names_each_genre(record: ModelRecord, *, root: Path, allow_unnamed: bool) -> Criterion:
    """Check that some validation song or segment is predicted as each genre that has validation songs."""
    import pandas as pd

    from components.evaluation import balance

    path = records.folder(record.model, root=root) / "predictions.parquet"
    own = pd.read_parquet(path).query("part == 'validation'")
    missing = balance.unnamed(own, genres=record.genres)
    name = "names every genre"
    if not missing:
        return Criterion(
            name, True, f"{natural_list(sorted(set(own['genre'])))}: each is named in validation"
        )
    songs = own.groupby("genre")["track"].nunique()
    of = ", ".join(f"{genre} ({plural(int(songs[genre]), 'validation song')})" for genre in missing)
    reason = f"it never names {of}, neither of a song nor of a segment"
    return Criterion(name, allow_unnamed, reason + ", which promotion.allow_unnamed accepts" * allow_unnamed)


def feature_validated(record: ModelRecord, *, root: Path) -> Criterion:
    """Check that each feature of the model passed its suite."""
    name = "feature validated"
    for feature in record.features:
        path = ValidationResult.path(feature.feature, root=root)
        if not path.is_file():
            stage = f"validate@{feature.feature}"
            reason = f"{path} is missing: {feature.feature} was never validated; run `dvc repro {stage}`"
            return Criterion(name, False, reason)
        if not ValidationResult.read(feature.feature, root=root).success:
            return Criterion(name, False, f"{feature.feature} failed its suite")
    each = "its suite" if len(record.features) == 1 else "their suites"
    return Criterion(name, True, f"{record.feature_names} passed {each}")


def encoder_trained(record: ModelRecord, *, allow_untrained: bool) -> Criterion:
    """Check that the model's encoders, if it has any, have their pretrained weights."""
    name, encoders = "encoder pretrained", record.encoders
    if not encoders:
        return Criterion(name, True, "the model needs none")
    untrained = [encoder.encoder for encoder in encoders if not encoder.trained]
    if not untrained:
        return Criterion(
            name, True, ", ".join(f"{encoder.encoder} from {encoder.origin}" for encoder in encoders)
        )
    reason = f"untrained stand-in: {', '.join(untrained)}"
    reason += ", which promotion.allow_untrained accepts" if allow_untrained else ""
    return Criterion(name, allow_untrained, reason)


def artists_apart(record: ModelRecord, metrics: dict[str, float], *, allow_confounded: bool) -> Criterion:
    """Check that the model's validation figure is not that of its artists."""
    name, accepted = "artists apart", ", which promotion.allow_confounded accepts" * allow_confounded
    if record.leaky or record.artists == "on both sides":
        what = "segments of one song" if record.leaky else "songs of one artist"
        return Criterion(name, allow_confounded, f"{what} are on both sides of the split{accepted}")
    if record.artists == "unknown":
        return Criterion(name, True, "artists are unknown, and the figures are marked so")
    if not metrics["validation.headline_songs"]:
        reason = (
            f"no validation song counts for a headline: {', '.join(record.confounded)} have too few artists"
        )
        return Criterion(name, allow_confounded, reason + accepted)
    accuracy, low = (metrics[f"validation.headline_accuracy{end}"] for end in ("", "_low"))
    songs = f"{metrics['validation.headline_songs']:.0f} validation songs by artists in no other part"
    return Criterion(name, True, f"{accuracy:.1%} of {songs}, 95 % interval from {low:.1%}")


def beats_champion(
    client: MlflowClient, current: ModelVersion, *, record: ModelRecord, params: Params, root: Path
) -> Criterion:
    """Compare with the champion on the validation songs that neither was fitted on.

    Composed songs say nothing of music: a model of music takes the place of one of composed songs, and never the other
    way round. Models of other genres cannot be compared.

    Raises
    ------
    LeakError
        If the champion would be scored on a song that it was fitted on.
    """
    import pandas as pd

    from components.evaluation import aggregation, significance
    from components.registry import rescore

    name = f"better than champion version {current.version}"
    path = records.folder(record.model, root=root) / "predictions.parquet"
    own = pd.read_parquet(path).query("part == 'validation'")
    if current.tags.get("split_fingerprint") == record.fingerprint:
        theirs_path = client.download_artifacts(str(current.run_id), "training/predictions.parquet")
        theirs = pd.read_parquet(theirs_path).query("part == 'validation'")
    elif (decided := _without_songs(client, current, record=record, name=name)) is not None:
        return decided
    else:
        theirs = rescore.validation_predictions(client, current, unit=record.unit, params=params, root=root)
    if theirs.empty:
        return Criterion(name, False, "the champion was fitted on every validation song; no fair comparison")
    own, theirs = aggregation.songs(own), aggregation.songs(theirs)
    shared = sorted(set(own["track"]) & set(theirs["track"]))
    if not shared:
        return Criterion(name, False, "the two share no validation song that neither was fitted on")
    own, theirs = (songs[songs["track"].isin(shared)] for songs in (own, theirs))
    if own["headline"].any():
        # Of each, the songs whose artist neither was fitted on.
        counted = set(own.loc[own["headline"], "track"])
        own, theirs = (songs[songs["track"].isin(counted)] for songs in (own, theirs))
    gain = own["correct"].mean() - theirs["correct"].mean()
    verdict = significance.paired(
        own, theirs, seed=params.seed, names=(record.model, f"champion {current.version}")
    )
    return Criterion(
        name,
        bool(gain > params.promotion.margin),
        f"{own['correct'].mean():.1%} against {theirs['correct'].mean():.1%} of {len(own)} validation songs, "
        f"required a gain above {params.promotion.margin:.1%}; {verdict.sentence.removesuffix('.')}",
    )


def _without_songs(
    client: MlflowClient, current: ModelVersion, *, record: ModelRecord, name: str
) -> Criterion | None:
    """Decide where no song could: composed songs against music, or other genres; None where songs are to decide."""
    path = client.download_artifacts(str(current.run_id), f"training/{records.TrainingRecord.FILE}")
    theirs = records.read_file(Path(path), remedy="`genre rollback` to a version that is whole")
    champion = f"champion version {current.version}"
    if theirs.composed_songs and not record.composed_songs:
        return Criterion(name, True, f"{champion} was trained on composed songs, which say nothing of music")
    if record.composed_songs and not theirs.composed_songs:
        return Criterion(
            name,
            False,
            f"it was trained on composed songs, which say nothing of music, and {champion} on music",
        )
    if theirs.genres != record.genres:
        reason = f"{champion} has genres {natural_list(theirs.genres)}, and it {natural_list(record.genres)}: no fair "
        reason += "comparison; promotion.registered_model names another champion for these"
        return Criterion(name, False, reason)
    return None


def external_accuracy(
    run_id: str, current: ModelVersion | None, *, registered_model: str, params: Params
) -> Criterion:
    """Check that the model is not worse than the champion on labelled music that neither was trained on.

    Without a champion the 95 % interval of its accuracy there must lie above that of always naming the largest genre.
    """
    from components.external_evaluation import evaluate, measure

    place = str(params.promotion.evaluate_on)
    name = f"accuracy on {Path(place).name}"
    models = [f"runs:/{run_id}"]
    models += [f"models:/{registered_model}/{current.version}"] if current else []
    try:
        result = evaluate.run(Path(place), params=params, models=models)
    except EvaluationError as error:
        return Criterion(name, False, str(error))
    songs = evaluate.outside_training(result.songs)
    shares = [float(songs.loc[songs["model"] == label, "correct"].mean()) for label in result.record.models]
    count = plural(int(songs["track"].nunique()), "song")
    if songs.empty:
        return Criterion(name, False, f"every song of {place} was part of a training; valid: other music")
    if current:
        reason = f"{shares[0]:.1%} against {shares[-1]:.1%} of champion version {current.version}, {count} of {place}"
        return Criterion(name, shares[0] >= shares[-1], f"{reason} that neither was trained on")
    low, _ = measure.interval(songs, seed=params.seed)
    chance = float(songs.drop_duplicates("track")["genre"].value_counts(normalize=True).max())
    return Criterion(
        name,
        low > chance,
        f"{shares[0]:.1%} of {count} of {place} that it was not trained on, 95 % interval from {low:.1%}; always "
        f"naming the largest genre gives {chance:.1%}",
    )


def smoke_test(uri: str, *, genres: list[str]) -> Criterion:
    """Check that a registered version, loaded in a fresh process, predicts one probability a genre."""
    import mlflow

    name = "loads and predicts"
    command = [sys.executable, "-m", "components.registry.smoke_test", uri, json.dumps(genres)]
    # Not as an argument: those of a process are there for every user of the machine to read, passwords too.
    environment = {**os.environ, "MLFLOW_TRACKING_URI": mlflow.get_tracking_uri()}
    # Its input ends with this process, whatever ends it: a smoke test never outlives its parent.
    end, hold = os.pipe()
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=end,
            capture_output=True,
            text=True,
            timeout=SMOKE_TEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Criterion(name, False, f"no prediction within {SMOKE_TEST_SECONDS} s")
    finally:
        os.close(end)
        os.close(hold)
    output = done.stdout if done.returncode == 0 else done.stderr
    lines = [line for line in output.splitlines() if line.strip()]
    return Criterion(name, done.returncode == 0, lines[-1] if lines else f"exit status {done.returncode}")
