"""Tracking and registry: runs from files, once; and promotion, which alone moves the champion."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from components import tracking
from components.config.params import Params
from components.core import atomic
from components.core.errors import ParamsError
from components.registry import promote
from components.results.record import TrainingRecord
from components.serving import packaging
from components.tracking import keys

pytestmark = pytest.mark.usefixtures("light_models")


def test_a_model_has_its_run_with_all_that_was_measured(trained: Path, small_params: Params) -> None:
    run_id = packaging.ensure_logged("mlp", root=trained)
    client = tracking.connect()
    run = client.get_run(run_id)
    record = TrainingRecord.read(trained / "models/mlp")
    assert run.info.status == "FINISHED"
    assert run.data.params["units_1"] == str(record.hyperparameters["units_1"])
    metrics = json.loads((trained / "models/mlp/metrics.json").read_text())
    assert {key: run.data.metrics[keys.metric(key)] for key in metrics} == pytest.approx(metrics)
    curve = [point.value for point in client.get_metric_history(run_id, "epoch/val_accuracy")]
    assert curve == pytest.approx(pd.read_csv(trained / "models/mlp/history.csv")["val_accuracy"].tolist())
    assert {"time/seconds", "size/peak_memory_mib", "epoch/learning_rate"} <= run.data.metrics.keys()
    model = client.get_logged_model(run.outputs.model_outputs[-1].model_id)
    linked = {metric.key: (metric.value, metric.dataset_name) for metric in model.metrics}
    dataset = run.inputs.dataset_inputs[0].dataset.name
    assert linked["test/song_accuracy"] == (pytest.approx(metrics["test.song_accuracy"]), dataset)
    assert dataset == f"split {record.fingerprint[:8]}"
    tags = {tag.key: tag.value for tag in run.inputs.dataset_inputs[0].tags}
    assert tags["split_fingerprint"] == record.fingerprint
    names = {artifact.path for artifact in client.list_artifacts(run_id)}
    assert {"learning_curves.png", "confusion.png", "per_class.json", "training"} <= names


def test_a_search_has_parent_trials_and_executions(trained: Path, small_params: Params) -> None:
    parent = tracking.ensure_tuning_logged("mlp", root=trained)
    client = tracking.connect()
    experiment = client.get_experiment_by_name("genre-tuning").experiment_id
    below = lambda run_id: client.search_runs(  # noqa: E731
        [experiment], filter_string=f"tags.mlflow.parentRunId = '{run_id}'"
    )
    trials = below(parent)
    assert len(trials) == 2
    executions = [run for trial in trials for run in below(trial.info.run_id)]
    assert len(executions) == 4
    assert all(client.get_metric_history(run.info.run_id, "epoch/val_loss") for run in executions)
    assert {run.info.status for run in [*trials, *executions]} == {"FINISHED"}


def test_nothing_is_logged_twice(trained: Path, small_params: Params) -> None:
    first = packaging.ensure_logged("mlp", root=trained)
    assert packaging.ensure_logged("mlp", root=trained) == first
    client = tracking.connect()
    for name, expected in (("genre", 1), ("genre-tuning", 7)):
        assert len(client.search_runs([client.get_experiment_by_name(name).experiment_id])) == expected


def test_a_run_that_was_killed_half_way_is_logged_anew(
    trained: Path, small_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    working = packaging.log
    monkeypatch.setattr(packaging, "log", killed)
    with pytest.raises(KeyboardInterrupt):
        packaging.ensure_logged("mlp", root=trained)
    monkeypatch.setattr(packaging, "log", working)
    run_id = packaging.ensure_logged("mlp", root=trained)
    client = tracking.connect()
    runs = client.search_runs([client.get_experiment_by_name("genre").experiment_id])
    assert [(run.info.run_id, run.info.status) for run in runs] == [(run_id, "FINISHED")]


def test_a_lost_store_is_rebuilt_from_the_files(trained: Path, small_params: Params) -> None:
    before = tracking.connect().get_run(packaging.ensure_logged("mlp", root=trained))
    store = trained.parent / "mlruns"
    store.rename(trained.parent / "lost")
    after = tracking.connect().get_run(packaging.ensure_logged("mlp", root=trained))
    assert after.data.metrics == before.data.metrics
    assert after.data.params == before.data.params


def test_the_first_challenger_that_passes_is_champion(
    trained: Path, small_params: Params, passing_smoke_test: list[str]
) -> None:
    decision = promote.promote(params=small_params, root=trained)
    assert decision.promoted, decision.reason
    champion = promote.champion(tracking.connect(), "genre")
    assert champion is not None and str(champion.version) == decision.version == "1"
    assert passing_smoke_test == ["models:/genre/1"]


def test_an_unchanged_flow_registers_nothing(
    trained: Path, small_params: Params, passing_smoke_test: list[str]
) -> None:
    promote.promote(params=small_params, root=trained)
    again = promote.promote(params=small_params, root=trained)
    assert not again.promoted
    assert "already champion" in again.reason
    assert len(tracking.connect().search_model_versions("name = 'genre'")) == 1


def test_a_model_at_chance_is_refused(
    trained: Path, small_params: Params, passing_smoke_test: list[str]
) -> None:
    path = trained / "models/mlp/metrics.json"
    metrics = json.loads(path.read_text())
    atomic.write_json(path, metrics | {"validation.song_accuracy_low": 0.2})
    decision = promote.promote(params=small_params, root=trained)
    assert not decision.promoted
    assert "always naming the largest genre gives 33.3%" in decision.reason
    assert not passing_smoke_test


def test_a_feature_that_was_not_validated_is_refused(
    trained: Path, small_params: Params, passing_smoke_test: list[str]
) -> None:
    (trained / "validation/mfcc_summary/result.json").unlink()
    assert "never validated" in promote.promote(params=small_params, root=trained).reason


@pytest.mark.parametrize("allow", [True, False])
def test_an_untrained_encoder_is_refused_but_in_the_demo(
    trained: Path, small_params: Params, passing_smoke_test: list[str], allow: bool
) -> None:
    path = trained / "models/mlp/training.json"
    facts = json.loads(path.read_text())
    claim = {"encoder": "yamnet", "origin": "seed 0", "trained": False, "sha256": "x"}
    facts["feature"]["pretrained"] = [claim]
    atomic.write_json(path, facts)
    promotion = small_params.promotion.model_copy(update={"allow_untrained": allow})
    decision = promote.promote(params=small_params.model_copy(update={"promotion": promotion}), root=trained)
    assert decision.promoted is allow, decision.reason


def test_a_model_that_does_not_load_never_serves(
    trained: Path, small_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        promote, "smoke_test", lambda uri, *, genres: promote.Criterion("loads?", False, "it fell over")
    )
    decision = promote.promote(params=small_params, root=trained)
    assert not decision.promoted
    assert "it fell over" in decision.reason
    assert promote.champion(tracking.connect(), "genre") is None


def test_an_equal_challenger_does_not_replace_the_champion(
    trained: Path, small_params: Params, passing_smoke_test: list[str]
) -> None:
    promote.promote(params=small_params, root=trained)
    retrained(trained, weights_sha256="other")
    decision = promote.promote(params=small_params, root=trained)
    assert not decision.promoted
    assert re.search(r"cannot be told apart on \d+ songs; version 1 stays champion\.$", decision.reason)


def test_a_better_challenger_replaces_the_champion_and_is_rolled_back(
    trained: Path, small_params: Params, passing_smoke_test: list[str]
) -> None:
    spoil(trained)
    promote.promote(params=small_params, root=trained)
    retrained(trained, weights_sha256="other", right=True)
    decision = promote.promote(params=small_params, root=trained)
    assert decision.promoted, decision.reason
    assert decision.version == "2"
    assert "version 2 -> version 1" in promote.rollback("1", params=small_params)
    champion = promote.champion(tracking.connect(), "genre")
    assert champion is not None and str(champion.version) == "1"


def test_rolling_back_to_a_version_there_is_not_names_those_there_are(
    trained: Path, small_params: Params, passing_smoke_test: list[str]
) -> None:
    promote.promote(params=small_params, root=trained)
    with pytest.raises(ParamsError, match=r"'7'.*valid: 1"):
        promote.rollback("7", params=small_params)


def spoil(root: Path) -> None:
    """Let the trained model be wrong about one genre of the validation songs, but for a segment."""
    path = root / "models/mlp/predictions.parquet"
    predictions = pd.read_parquet(path)
    wrong = (predictions["genre"] == "rock") & predictions.duplicated(["part", "genre"])
    predictions.loc[wrong, ["probability.blues", "probability.jazz", "probability.rock"]] = [0.8, 0.1, 0.1]
    predictions.loc[wrong, "predicted"] = "blues"
    predictions.to_parquet(path, index=False)


def retrained(root: Path, *, weights_sha256: str, right: bool = False) -> None:
    """Pretend that the model was trained again, perhaps to be always right."""
    path = root / "models/mlp/training.json"
    atomic.write_json(path, json.loads(path.read_text()) | {"weights_sha256": weights_sha256})
    if right:
        path = root / "models/mlp/predictions.parquet"
        predictions = pd.read_parquet(path)
        for genre in ("blues", "jazz", "rock"):
            predictions[f"probability.{genre}"] = (predictions["genre"] == genre).astype(float)
        predictions["predicted"] = predictions["genre"]
        predictions.to_parquet(path, index=False)
