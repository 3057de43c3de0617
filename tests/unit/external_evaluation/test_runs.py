"""The runs of an evaluation: one a model, linked to it, each once."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.config.params import Params
from components.external_evaluation import evaluate
from components.external_evaluation.record import Evaluation
from components.external_evaluation.runs import ensure_evaluation_logged, metrics_of
from components.tracking import store
from components.tracking.runs import Runs
from tests.support import evaluated_models


@pytest.fixture
def folder(folder_with_store: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of an evaluation, one of whose models is logged in the store."""
    with monkeypatch.context() as patch:
        result = evaluated_models.result(folder_with_store / "music", params=demo_params, monkeypatch=patch)
    runs = Runs(store.TRAINING)
    model = runs.client.create_logged_model(runs.experiment_id, name="model")
    about = {
        label: one.model_copy(update={"model_id": model.model_id if label == "mlp" else ""})
        for label, one in result.record.models.items()
    }
    changed = evaluate.Result(result.record.model_copy(update={"models": about}), result.songs)
    evaluate.write(changed, folder=folder_with_store / "out")
    return folder_with_store / "out"


def test_each_model_has_its_run_with_page_and_figures(folder: Path) -> None:
    logged = ensure_evaluation_logged(folder)
    assert ensure_evaluation_logged(folder) == logged and set(logged) == {"mlp", "lstm"}
    runs = Runs(store.EVALUATIONS)
    run = runs.client.get_run(logged["mlp"])
    assert run.info.status == "FINISHED"
    assert run.data.metrics["headline/accuracy"] == run.data.metrics["new_artists/accuracy"] == 0.25
    assert run.data.metrics["trained_songs/songs"] == 1 and run.data.metrics["gap/points"] == pytest.approx(
        65
    )
    assert (run.data.tags["training_run"], run.data.tags["headline"]) == ("run-mlp", "new_artists")
    assert {file.path for file in runs.client.list_artifacts(run.info.run_id)} == {
        "evaluation.json", "index.html", "songs.csv", "songs.parquet",
    }  # fmt: skip
    (dataset,) = run.inputs.dataset_inputs
    assert dataset.dataset.name == "music"


def test_the_figures_stand_with_the_model_too(folder: Path) -> None:
    run = Runs(store.EVALUATIONS).client.get_run(ensure_evaluation_logged(folder)["mlp"])
    (linked,) = run.inputs.model_inputs
    model = Runs(store.TRAINING).client.get_logged_model(linked.model_id)
    found = {metric.key: (metric.value, metric.dataset_name) for metric in model.metrics}
    assert found["headline/accuracy"] == (0.25, "music")


def test_an_interrupted_run_is_made_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(store.EVALUATIONS)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(runs.client), "log_artifact", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ensure_evaluation_logged(folder)
    logged = ensure_evaluation_logged(folder)
    found = runs.client.search_runs([runs.experiment_id])
    assert {(run.info.run_id, run.info.status) for run in found} == {
        (one, "FINISHED") for one in logged.values()
    }


def test_metrics_are_the_numbers_of_each_group_with_or_without_a_headline(folder: Path) -> None:
    model = Evaluation.read(folder).models["mlp"]
    without = metrics_of(model.model_copy(update={"headline": None, "gap": None}))
    assert {key.partition(".")[0] for key in without} == set(model.groups)
    assert without["trained_songs.songs"] == 1.0 and "trained_songs.drawn" not in without
    with_headline = {key.partition(".")[0] for key in metrics_of(model)}
    assert with_headline == {*model.groups, "headline", "gap"}
