"""Tuning: the published set first, resumable after each execution, and a search without a score is a failure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from components.config.params import Params
from components.core.errors import LeakError, TrainingError, TuningError
from components.stages import tune
from components.training import dataset, stored_rows
from components.training import fit as fitting
from components.training.oracle import most_trials


def with_tuning(params: Params, **values: Any) -> Params:
    document = params.model_dump(mode="json")
    document["tuning"] |= values
    return Params.model_validate(document)


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Instant executions: more units score better. Each call is noted."""
    calls: list[dict[str, Any]] = []

    def build(name: str, *, hp: dict[str, Any], **_: Any) -> dict[str, Any]:
        calls.append(dict(hp))
        return dict(hp)

    def fit(model: dict[str, Any], **_: Any) -> pd.DataFrame:
        score = model["units_1"] / 1000
        row = {"epoch": 1, "loss": 1.0, "accuracy": score, "val_loss": 1.0, "val_accuracy": score}
        return pd.DataFrame([row | {"learning_rate": model["learning_rate"]}])

    monkeypatch.setattr(fitting, "build", build)
    monkeypatch.setattr(fitting, "fit", fit)
    return calls


@pytest.mark.parametrize(
    "tuner",
    ["random", *(pytest.param(name, marks=pytest.mark.slow) for name in ("bayesian", "hyperband", "grid"))],
)
def test_the_first_trial_is_the_published_best_set(
    small_project: Path, small_params: Params, fits: list[dict[str, Any]], tuner: str
) -> None:
    params = with_tuning(small_params, tuner=tuner, max_trials=2, epochs=3)
    tune.run("mlp", params=params, root=small_project)
    study = params.model("mlp").start
    assert {key: fits[0][key] for key in study} == study


def test_the_best_is_never_worse_than_the_published_set(
    small_project: Path, small_params: Params, fits: list[dict[str, Any]]
) -> None:
    best = tune.run("mlp", params=with_tuning(small_params, max_trials=4), root=small_project)
    assert best.score >= small_params.model("mlp").start["units_1"] / 1000
    assert best.hyperparameters["units_1"] == max(call["units_1"] for call in fits)


def test_the_objective_may_count_genres_alike(small_project: Path, small_params: Params) -> None:
    params = with_tuning(small_params, objective="val_balanced_accuracy", max_trials=0, epochs=2)
    best = tune.run("mlp", params=params, root=small_project)
    assert best.objective == "val_balanced_accuracy" and 0.0 <= best.score <= 1.0
    outcome = json.loads(next((small_project / "tuning/mlp/executions").glob("*.json")).read_text())
    assert outcome["val_balanced_accuracy"] in outcome["history"]["val_balanced_accuracy"]


def test_a_fixed_list_reaches_the_fit_and_the_best_set_as_a_list(
    small_project: Path, small_params: Params, fits: list[dict[str, Any]]
) -> None:
    document = small_params.model_dump(mode="json")
    document["models"]["mlp"]["variants"]["study"]["fixed"]["statistics"] = ["mean", "std"]
    best = tune.run("mlp", params=Params.model_validate(document), root=small_project)
    assert best.hyperparameters["statistics"] == ["mean", "std"]
    assert [call["statistics"] for call in fits] == [["mean", "std"]] * len(fits)


def test_each_trial_has_its_executions(
    small_project: Path, small_params: Params, fits: list[dict[str, Any]]
) -> None:
    tune.run("mlp", params=small_params, root=small_project)
    files = sorted(path.name for path in (small_project / "tuning/mlp/executions").glob("*.json"))
    assert files == ["0-0.json", "0-1.json", "1-0.json", "1-1.json"]
    seeds = {
        json.loads(path.read_text())["seed"] for path in (small_project / "tuning/mlp/executions").glob("*")
    }
    assert len(seeds) == 4


def test_progress_of_hyperband_ends_where_its_brackets_do(
    small_project: Path, small_params: Params, fits: list[dict[str, Any]]
) -> None:
    params = with_tuning(small_params, tuner="hyperband", epochs=4)
    model = params.model("mlp")
    tune.run("mlp", params=params, root=small_project)
    assert len(fits) == most_trials(model) * model.tuning.executions_per_trial
    assert most_trials(model) != model.tuning.max_trials


def test_a_killed_search_repeats_one_execution_at_most(
    small_project: Path, small_params: Params, fits: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tune.run("mlp", params=small_params, root=small_project)
    executed, instant = len(fits), fitting.fit
    for path in sorted((small_project / "tuning").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    fits.clear()

    def killed(model: Any, **arguments: Any) -> pd.DataFrame:
        if len(fits) == 3:
            raise KeyboardInterrupt
        return instant(model, **arguments)

    monkeypatch.setattr(fitting, "fit", killed)
    with pytest.raises(KeyboardInterrupt):
        tune.run("mlp", params=small_params, root=small_project)
    monkeypatch.setattr(fitting, "fit", instant)
    resumed = tune.run("mlp", params=small_params, root=small_project)
    assert resumed == whole
    assert len(fits) == executed + 1


@pytest.mark.parametrize(
    "tuner",
    [
        "random",
        pytest.param("bayesian", marks=pytest.mark.slow),
        pytest.param("hyperband", marks=pytest.mark.slow),
    ],
)
def test_kerastuners_own_files_cut_short_by_a_kill_cost_nothing(
    small_project: Path, small_params: Params, fits: list[dict[str, Any]], tuner: str
) -> None:
    params = with_tuning(small_params, tuner=tuner, max_trials=3, epochs=3)
    whole = tune.run("mlp", params=params, root=small_project)
    executed, folder = len(fits), small_project / "tuning/mlp"
    for path in (folder / "search").rglob("*.json"):
        path.write_text(path.read_text()[: path.stat().st_size // 2])
    (folder / "best.json").unlink()
    max((folder / "executions").iterdir()).unlink()
    assert tune.run("mlp", params=params, root=small_project) == whole
    assert len(fits) == executed + 1


def test_more_trials_are_added_to_a_finished_search_and_none_is_run_again(
    small_project: Path, small_params: Params, fits: list[dict[str, Any]]
) -> None:
    tune.run("mlp", params=with_tuning(small_params, max_trials=2), root=small_project)
    first = pd.read_csv(small_project / "tuning/mlp/trials.csv")
    executed = len(fits)
    # Twelve have two digits: KerasTuner then numbers from 00.
    best = tune.run("mlp", params=with_tuning(small_params, max_trials=11), root=small_project)
    trials = pd.read_csv(small_project / "tuning/mlp/trials.csv")
    pd.testing.assert_frame_equal(trials.iloc[:3], first)
    assert len(fits) == executed + (12 - 3) * small_params.model("mlp").tuning.executions_per_trial
    assert best.score == trials["score"].max()


def test_other_params_begin_anew(
    small_project: Path, small_params: Params, fits: list[dict[str, Any]]
) -> None:
    tune.run("mlp", params=small_params, root=small_project)
    tune.run("mlp", params=small_params, root=small_project)
    assert len(fits) == 4
    tune.run("mlp", params=small_params.model_copy(update={"seed": 99}), root=small_project)
    assert len(fits) == 8


def test_a_search_without_a_score_fails_with_the_reason(
    small_project: Path, small_params: Params, fits: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(model: Any, **_: Any) -> pd.DataFrame:
        raise TrainingError("the loss became nan")

    monkeypatch.setattr(fitting, "fit", broken)
    with pytest.raises(TuningError, match="the loss became nan"):
        tune.run("mlp", params=small_params, root=small_project)
    assert not (small_project / "tuning/mlp/best.json").exists()


def test_one_failed_trial_does_not_end_the_search(
    small_project: Path, small_params: Params, fits: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    instant = fitting.fit

    def broken_once(model: Any, **arguments: Any) -> pd.DataFrame:
        if model["units_1"] == small_params.model("mlp").start["units_1"]:
            raise TrainingError("the loss became nan")
        return instant(model, **arguments)

    monkeypatch.setattr(fitting, "fit", broken_once)
    best = tune.run("mlp", params=with_tuning(small_params, max_trials=2), root=small_project)
    trials = pd.read_csv(small_project / "tuning/mlp/trials.csv")
    assert trials["score"].isna().sum() == 1
    assert best.score == trials["score"].max()


def test_the_test_part_is_out_of_reach(
    small_project: Path, small_params: Params, fits: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[dataset.Dataset] = []

    def load(*arguments: Any, **options: Any) -> dataset.Dataset:
        loaded.append(original(*arguments, **options))
        return loaded[-1]

    original = dataset.load
    monkeypatch.setattr(dataset, "load", load)
    tune.run("mlp", params=small_params, root=small_project)
    (only,) = loaded
    with pytest.raises(LeakError):
        only["test"]


def test_rows_that_stay_on_disk_are_the_same_search(
    small_project: Path, small_params: Params, fits: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(small_project / "features/mfcc_summary/augmented.npy", np.ones((2, 144, 57), np.float32))
    first = tune.run("mlp", params=small_params, root=small_project)
    executed = len(fits)
    monkeypatch.setattr(stored_rows, "IN_MEMORY", 0)
    assert tune.run("mlp", params=small_params, root=small_project) == first
    assert len(fits) == executed


def test_a_real_search_is_the_same_from_the_same_seed(small_project: Path, small_params: Params) -> None:
    """The second search of two runs only its second trial anew: that of the first is on file."""
    params = with_tuning(small_params, max_trials=1, executions_per_trial=1, epochs=1, max_rows=24)
    first = tune.run("mlp", params=params, root=small_project)
    executions = small_project / "tuning/mlp/executions"
    before = json.loads((executions / "1-0.json").read_text())
    (executions / "1-0.json").unlink()
    assert tune.run("mlp", params=params, root=small_project) == first
    again = json.loads((executions / "1-0.json").read_text())
    assert again | {"seconds": before["seconds"]} == before
