"""The sets of a search: the first given, then those of each tuner as it would visit them without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras_tuner
import pytest

from components.config.params import SelectedModel, TrainingParams, TuningParams
from components.core.errors import ParamsError
from components.training import oracle

TUNERS = ("random", "bayesian", "grid", "hyperband")
FIXED = {"learning_rate": 0.1, "batch_size": 32}
Trials = list[dict[str, Any]]


def model(tuner: str, *, first: tuple[int, int], max_trials: int = 9, high: int = 3) -> SelectedModel:
    """Return a model of a grid of ``high`` x 3 sets."""
    budget = {"tuner": tuner, "max_trials": max_trials, "executions_per_trial": 1, "epochs": 9, "patience": 9}
    return SelectedModel(
        name="grid",
        network="mlp",
        feature="any",
        variant="study",
        fixed=FIXED,
        search={
            "a": {"type": "int", "low": 1, "high": high},
            "b": {"type": "choice", "values": [10, 20, 30]},
        },
        start={"a": first[0], "b": first[1]},
        tuning=TuningParams(**budget),
        training=TrainingParams(epochs=1, patience=1, monitor="val_loss"),
    )


def score(values: dict[str, Any]) -> float:
    return float(values["a"] * 31 + values["b"] * 7 % 13)


def run(
    made: keras_tuner.Oracle, folder: Path, *, score: Callable[[dict[str, Any]], float] = score
) -> Trials:
    class Tuner(keras_tuner.Tuner):
        def run_trial(self, trial: Any, *_: Any, **__: Any) -> float:
            return {made.objective.name: score(trial.hyperparameters.values)}

    tuner = Tuner(hypermodel=lambda hp: None, oracle=made, directory=str(folder), project_name="search")
    tuner.search(verbose=0)
    return [tuner.oracle.trials[name].hyperparameters.values for name in tuner.oracle.start_order]


def sets(trials: Trials) -> set[tuple[Any, ...]]:
    """Return what is tried: the set, and under Hyperband its epochs."""
    return {(one["a"], one["b"], one.get("tuner/epochs")) for one in trials}


@pytest.mark.parametrize("first", [(3, 30), (2, 20), (1, 10)])
@pytest.mark.parametrize("tuner", TUNERS)
def test_each_tuner_visits_what_it_visits_without_a_first_set_and_that_one(
    tmp_path: Path, tuner: str, first: tuple[int, int]
) -> None:
    chosen = model(tuner, first=first, max_trials=9)
    without = run(oracle.plain(chosen, seed=20), tmp_path / "without")
    found = run(oracle.oracle(chosen, seed=20), tmp_path / "with")
    assert (found[0]["a"], found[0]["b"]) == first
    assert sets(found) == sets(without) | sets(found[:1])


@pytest.mark.parametrize("first", [(3, 30), (2, 20)])
def test_a_whole_grid_is_tried_whatever_its_first_set(tmp_path: Path, first: tuple[int, int]) -> None:
    found = run(oracle.oracle(model("grid", first=first), seed=20), tmp_path)
    assert len(found) == len(sets(found)) == 9


@pytest.mark.parametrize(("first", "count"), [((2, 20), 9), ((2, 25), 10)])
def test_a_whole_grid_is_tried_and_a_first_set_off_it(
    tmp_path: Path, first: tuple[int, int], count: int
) -> None:
    chosen = model("grid", first=first, max_trials=50)
    assert oracle.most_trials(chosen) == len(run(oracle.oracle(chosen, seed=20), tmp_path)) == count


@pytest.mark.parametrize("tuner", ["random", "bayesian", "grid"])
def test_the_tuner_s_own_sets_come_after_the_first_in_its_own_order(tmp_path: Path, tuner: str) -> None:
    chosen = model(tuner, first=(2, 25), max_trials=9, high=20)
    without = run(oracle.plain(chosen, seed=20), tmp_path / "without")
    found = run(oracle.oracle(chosen, seed=20), tmp_path / "with")
    assert found == [FIXED | {"a": 2, "b": 25}, *without]


@pytest.mark.parametrize("tuner", TUNERS)
def test_without_trials_of_the_tuner_the_first_set_is_the_only_one(tmp_path: Path, tuner: str) -> None:
    chosen = model(tuner, first=(2, 25), max_trials=0)
    made = oracle.oracle(chosen, seed=20)
    assert len(run(made, tmp_path)) == oracle.most_trials(chosen) == 1
    assert oracle.ending(made, model=chosen) == "1 of 10 sets tried: max_trials is 0, beside the first"


def test_a_set_that_is_proposed_again_counts_and_is_not_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposed = iter([(1, 10), (2, 20), (1, 10), (1, 10), (3, 30), (1, 20), (1, 30)])

    def propose(_: keras_tuner.Oracle, trial_id: str) -> dict[str, Any]:
        a, b = next(proposed)
        return {"status": "RUNNING", "values": FIXED | {"a": a, "b": b}}

    monkeypatch.setattr(keras_tuner.oracles.BayesianOptimizationOracle, "populate_space", propose)
    made = oracle.oracle(chosen := model("bayesian", first=(2, 20), max_trials=7), seed=20)
    assert [(one["a"], one["b"]) for one in run(made, tmp_path)] == [
        (2, 20),
        (1, 10),
        (3, 30),
        (1, 20),
        (1, 30),
    ]
    assert oracle.ending(made, model=chosen) == "5 of 9 sets tried: max_trials is 7"


@pytest.mark.parametrize(
    ("tuner", "max_trials", "line"),
    [
        ("grid", 50, "10 of 10 sets tried: all that there are"),
        ("grid", 4, "5 of 10 sets tried: max_trials is 4, beside the first"),
        ("random", 4, "5 of 10 sets tried: max_trials is 4, beside the first"),
    ],
)
def test_a_search_says_how_many_sets_it_tried_and_why_no_more(
    tmp_path: Path, tuner: str, max_trials: int, line: str
) -> None:
    chosen = model(tuner, first=(2, 25), max_trials=max_trials)
    run(made := oracle.oracle(chosen, seed=20), tmp_path)
    assert oracle.ending(made, model=chosen) == line


def test_a_search_by_hyperband_ends_with_its_brackets(tmp_path: Path) -> None:
    chosen = model("hyperband", first=(2, 25), max_trials=4, high=20)
    found = run(made := oracle.oracle(chosen, seed=20), tmp_path)
    tried = len({(one["a"], one["b"]) for one in found})
    assert len(found) == oracle.most_trials(chosen) > tried
    line = f"{tried} of 61 sets tried: its brackets are run, {len(found)} trials"
    assert oracle.ending(made, model=chosen) == line


def test_many_sets_are_counted_in_groups_of_digits(tmp_path: Path) -> None:
    chosen = model("random", first=(2, 25), max_trials=0, high=100_000)
    made = oracle.oracle(chosen, seed=20)
    run(made, tmp_path)
    assert f"1 of {oracle.sets(chosen):,} sets tried" in oracle.ending(made, model=chosen)


def test_sets_of_a_real_range_without_steps_are_not_counted_but_in_a_grid() -> None:
    def counted(tuner: str, **range: Any) -> int | None:
        chosen = model(tuner, first=(2, 20))
        document = chosen.model_dump(mode="json")
        document["search"]["a"] = {"low": 1, "high": 4, **range}
        return oracle.sets(SelectedModel.model_validate(document))

    assert counted("random") == counted("random", sampling="log") == 12
    assert counted("random", type="float") is None
    assert counted("random", type="float", step=1.0) == 12
    assert counted("grid", type="float") == 31


@pytest.mark.parametrize(
    ("tuner", "max_trials", "trials", "valid"),
    [
        ("grid", 9, 50, "9 sets, all of them in its trials; valid: more values"),
        ("random", 9, 50, "9 sets, all of them in its trials; valid: more values"),
        ("grid", 2, 50, "9 sets; valid: 3 to 9"),
        ("random", 4, 50, "9 sets; valid: 5 to 9"),
        ("bayesian", 4, 4, "4; valid: more"),
        ("hyperband", 2, 3, "[0-9]+; valid: more"),
    ],
)
def test_a_budget_that_adds_no_trials_or_more_than_there_are_sets_is_refused(
    tuner: str, max_trials: int, trials: int, valid: str
) -> None:
    chosen = model(tuner, first=(2, 20), max_trials=max_trials)
    with pytest.raises(ParamsError, match=f"--trials is {trials}, and .*{valid}"):
        oracle.check_more(chosen, trials=trials)


@pytest.mark.parametrize(
    ("tuner", "trials"), [("grid", 9), ("random", 5), ("bayesian", 50), ("hyperband", 50)]
)
def test_a_budget_that_adds_trials_is_taken(tuner: str, trials: int) -> None:
    oracle.check_more(model(tuner, first=(2, 20), max_trials=4), trials=trials)


@pytest.mark.parametrize("tuner", TUNERS)
def test_no_set_is_run_twice_and_none_beyond_the_budget(tmp_path: Path, tuner: str) -> None:
    chosen = model(tuner, first=(2, 20), max_trials=6)
    found = run(oracle.oracle(chosen, seed=20), tmp_path)
    assert len(found) <= oracle.most_trials(chosen)
    rounds = [(one["a"], one["b"], one.get("tuner/bracket"), one.get("tuner/round")) for one in found]
    assert len(rounds) == len(set(rounds))


@pytest.mark.parametrize("seed", [0, 20])
@pytest.mark.parametrize("tuner", TUNERS)
def test_the_same_search_twice_makes_the_same_trials(tmp_path: Path, tuner: str, seed: int) -> None:
    chosen = model(tuner, first=(2, 20))
    first, second = (run(oracle.oracle(chosen, seed=seed), tmp_path / name) for name in ("first", "second"))
    assert first == second


@pytest.mark.parametrize("tuner", TUNERS)
def test_a_search_with_more_trials_begins_with_those_of_one_with_fewer(tmp_path: Path, tuner: str) -> None:
    fewer, more = (
        run(
            oracle.oracle(model(tuner, first=(2, 20), max_trials=count, high=20), seed=20),
            tmp_path / str(count),
        )
        for count in (4, 30)
    )
    assert more[: len(fewer)] == fewer
    assert len(more) > len(fewer)


def test_a_promoted_set_of_hyperband_names_the_trial_it_comes_from(tmp_path: Path) -> None:
    found = run(oracle.oracle(model("hyperband", first=(2, 20), high=20), seed=20), tmp_path)
    promoted = [one for one in found if "tuner/trial_id" in one]
    assert promoted
    for one in promoted:
        before = found[int(one["tuner/trial_id"])]
        assert (before["a"], before["b"], before["tuner/round"]) == (
            one["a"],
            one["b"],
            one["tuner/round"] - 1,
        )


def test_a_first_set_that_fails_does_not_end_the_search(tmp_path: Path) -> None:
    def failing(values: dict[str, Any]) -> float:
        return float("nan") if (values["a"], values["b"]) == (1, 10) else score(values)

    made = oracle.oracle(model("grid", first=(1, 10)), seed=20)
    assert len(run(made, tmp_path, score=failing)) == 9
    assert [trial.status for trial in made.trials.values()].count("COMPLETED") == 8
