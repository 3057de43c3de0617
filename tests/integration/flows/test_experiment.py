"""The flow on the toy project: real DVC and a real Prefect server; MLflow and the registry are stood in for."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from components.config import params
from components.core.errors import ParamsError, RegistryError
from components.registry import promote as registry
from components.registry.promote import Decision
from components.reporting import comparison
from components.serving import packaging
from components.stages import compare
from components.tracking import store
from flows.pipeline import graph
from flows.pipeline.graph import Graph
from flows.pipeline.stage import Result, StageError, StageProcesses

#: Seconds the server may take to record an event; reached only where it never does.
LIMIT = 60
DECISION = Decision(promoted=True, model="a", version="1", reason="a wins")


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Stand in for what lies outside the flow; records its calls."""
    calls: dict[str, list[str]] = {"logged": [], "promoted": []}

    def promote(**_given: Any) -> Decision:
        calls["promoted"].append("best")
        return DECISION

    def ensure_logged(model: str, **_given: Any) -> str:
        calls["logged"].append(model)
        return f"run of {model}"

    monkeypatch.setattr(params, "load", lambda: SimpleNamespace(compared=["a", "b"], features=["f"]))
    monkeypatch.setattr(packaging, "ensure_logged", ensure_logged)
    monkeypatch.setattr(store, "connect", lambda: None)
    monkeypatch.setattr(store, "experiment", lambda *_: "1")
    monkeypatch.setattr(registry, "promote", promote)
    monkeypatch.setattr(
        compare,
        "run",
        lambda *, left_out, **_: calls.update({"left out": [f"{m}: {why}" for m, why in left_out.items()]}),
    )
    table = pd.DataFrame({"model": ["b", "a"], "test_songs": [0.25, np.nan], "test.macro_f1": [0.5, 0.5]})
    report = SimpleNamespace(table=lambda: table)
    monkeypatch.setattr(comparison, "read", lambda **_given: report)
    return calls


@pytest.fixture
def stages(tmp_path: Path, two_models: Graph, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stand in for DVC and the stage processes; a test plants failures, and reads what was started."""
    planned: dict[str, Any] = {"started": []}

    def play(_self: StageProcesses, stage: str, *, force: bool, line: Callable[[str], None]) -> Result:
        planned["started"].append(stage)
        line(f"working on {stage}")
        if failures := planned.get(stage):
            status, why = failures.pop(0)
            raise StageError(f"{stage}: {why} (exit status {status})", status=status)
        return Result(stage=stage, how="ran", seconds=0.0)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENRE_RETRY_DELAY", "0")
    monkeypatch.setattr(graph, "read", lambda _root: two_models)
    monkeypatch.setattr(StageProcesses, "run", play)
    return planned


def run(**given: Any) -> Any:
    """Run the flow; return its state."""
    from flows.experiment import experiment

    return experiment(**given, return_state=True)


def started(toy: Path) -> list[str]:
    log = toy / "started.log"
    return log.read_text().split() if log.exists() else []


def read(state: Any, *, tasks: Collection[str]) -> SimpleNamespace:
    """Read from Prefect's server what it holds of a flow run, once it has recorded how ``tasks`` ended.

    The server learns of task runs by events, some time after the flow has returned.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    chosen = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
    limit = time.monotonic() + LIMIT
    with get_client(sync_client=True) as client:
        while True:
            runs = client.read_task_runs(flow_run_filter=chosen)
            ended = {run.name for run in runs if run.state and run.state.is_final()}
            if ended >= set(tasks) or time.monotonic() > limit:
                break
        artifacts = client.read_artifacts(flow_run_filter=chosen)
    names = {run.id: run.name for run in runs}
    return SimpleNamespace(
        tasks={run.name: run.state.name for run in runs if run.state},
        runs={run.name: run.run_count for run in runs},
        arrows={
            run.name: sorted(names.get(one.id, "?") for one in run.task_inputs.get("wait_for", []))
            for run in runs
        },
        artifacts={artifact.key: artifact for artifact in artifacts},
    )


def test_a_whole_run_then_nothing_then_only_what_changed(
    server: None, toy: Path, outside: dict[str, list[str]]
) -> None:
    state = run()
    outcome = state.result()
    assert set(outcome.done) == set(started(toy))
    assert len(outcome.done) == 10
    drawn = read(state, tasks=[*outcome.done, "log@a", "log@b", "promote"]).arrows
    assert {stage: drawn[stage] for stage in outcome.done} == {
        stage: sorted(above) for stage, above in graph.read(toy).upstream.items()
    }
    assert (drawn["log@a"], drawn["promote"]) == (["train@a"], ["compare", "log@a", "log@b"])
    assert outside == {"logged": ["a", "b"], "promoted": ["best"]}

    (toy / "started.log").unlink()
    state = run()
    assert started(toy) == []
    assert len(state.result().fresh) == 10
    expected = {"log@a", "log@b", "promote"}
    seen = read(state, tasks=expected)
    assert set(seen.tasks) == expected
    assert seen.artifacts["comparison"].type == "table"
    rows = json.loads(seen.artifacts["comparison"].data)
    assert rows == [{"model": "b", "test_songs": 0.25}, {"model": "a", "test_songs": None}]
    assert seen.artifacts["promotion"].type == "markdown"
    assert "Promoted" in seen.artifacts["promotion"].data

    text = (toy / "params.yaml").read_text()
    (toy / "params.yaml").write_text(text.replace("units: 2", "units: 3"))
    state = run()
    assert started(toy) == ["tune@b", "train@b", "compare"]
    expected |= {"tune@b", "train@b", "compare"}
    assert set(read(state, tasks=expected).tasks) == expected


def test_a_failed_model_does_not_stop_the_other_and_the_flow_says_why(
    server: None, stages: dict[str, Any], outside: dict[str, list[str]]
) -> None:
    stages["tune@b"] = [(1, "ValueError: loss is nan")] * 5
    state = run()
    assert state.is_failed()
    assert "tune@b: ValueError: loss is nan (exit status 1)" in state.message
    assert "compare skipped: train@b was skipped" in state.message
    assert "train@a" in stages["started"]
    assert outside == {"logged": ["a"], "promoted": []}
    seen = read(state, tasks=["tune@b"])
    assert seen.tasks["tune@b"] == "Failed"
    assert seen.runs["tune@b"] == stages["started"].count("tune@b") == 2
    assert "tune@b: ValueError" in seen.artifacts["stages"].data


def test_a_model_that_fails_once_is_tried_again(
    server: None, stages: dict[str, Any], outside: dict[str, list[str]]
) -> None:
    stages["train@a"] = [(-9, "out of memory")]
    assert run().is_completed()
    assert stages["started"].count("train@a") == 2
    assert outside["promoted"] == ["best"]


def test_input_that_a_person_must_correct_is_not_tried_again(
    server: None, stages: dict[str, Any], outside: dict[str, list[str]]
) -> None:
    stages["tune@b"] = [(2, "genre: models.b has no units")] * 5
    assert run().is_failed()
    assert stages["started"].count("tune@b") == 1


def test_a_failed_validation_stops_its_models_and_shows_its_pages(
    server: None, stages: dict[str, Any], outside: dict[str, list[str]], tmp_path: Path
) -> None:
    stages["validate@f"] = [(1, "genre: centroid above Nyquist")]
    (tmp_path / "data" / "validation" / "f").mkdir(parents=True)
    failure = {
        "table": "rows",
        "column": "centroid",
        "observed": "1",
        "expected": "at most 11025",
        "reason": "half",
        "expectation": "expect_column_values_to_be_between",
    }
    result = {
        "feature": "f",
        "success": False,
        "expectations": 9,
        "tables": {},
        "summary": {},
        "failed": [failure],
    }
    (tmp_path / "data" / "validation" / "f" / "result.json").write_text(json.dumps(result))
    (tmp_path / "data" / "docs" / "f").mkdir(parents=True)
    (tmp_path / "data" / "docs" / "f" / "index.html").touch()
    state = run()
    assert "genre: centroid above Nyquist" in state.message
    assert "tune@a" not in stages["started"]
    assert "train@b" in stages["started"]
    seen = read(state, tasks=["validate@f"])
    assert seen.tasks["validate@f"] == "Failed"
    assert "1 of 9 expectations failed" in seen.artifacts["validation-f"].data
    assert "expected at most 11025" in seen.artifacts["validation-f"].data
    (page,) = re.findall(r"`(/.*?)`", seen.artifacts["validation-f"].data)
    assert Path(page).is_file()


def test_a_gate_that_cannot_decide_fails_the_flow(
    server: None, stages: dict[str, Any], outside: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def promote(**_given: Any) -> None:
        raise RegistryError("version 3 does not load")

    monkeypatch.setattr(registry, "promote", promote)
    state = run()
    assert state.is_failed()
    assert "version 3 does not load" in state.message


def test_a_run_of_one_model_touches_no_other(
    server: None, stages: dict[str, Any], outside: dict[str, list[str]]
) -> None:
    state = run(models=["a"])
    assert stages["started"] == ["corpus", "features@f", "validate@f", "tune@a", "train@a"]
    assert state.is_completed()
    assert outside == {
        "logged": ["a"],
        "left out": ["b: it is not up to date from features@g on"],
        "promoted": ["best"],
    }


def test_a_deployment_that_the_server_does_not_have_fails_before_any_stage(
    server: None, stages: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENRE_DEPLOYMENTS", '{"a": "stage/nope"}')
    state = run(models=["a"])
    assert "GENRE_DEPLOYMENTS names 'stage/nope'" in state.message
    assert stages["started"] == []


def test_wrong_names_fail_before_any_stage(server: None, stages: dict[str, Any]) -> None:
    with pytest.raises(ParamsError, match="'vgg99'"):
        run(models=["vgg99"]).result()
    assert stages["started"] == []


def test_the_run_of_a_killed_flow_is_closed_by_the_next(
    server: None, stages: dict[str, Any], outside: dict[str, list[str]], tmp_path: Path
) -> None:
    from prefect.client.orchestration import get_client
    from prefect.states import Running

    from flows.experiment import experiment

    with get_client(sync_client=True) as client:
        killed = client.create_flow_run(experiment, state=Running())
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / ".flow.lock").write_text(json.dumps({"pid": 1, "flow_run": str(killed.id)}))
        run(models=["a"])
        found = client.read_flow_run(killed.id)
    assert found.state is not None
    assert found.state.name == "Crashed"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"models": None, "force": False}, "all models"),
        ({"models": ["mlp", "lstm"], "force": False}, "mlp, lstm"),
        ({"force": True}, "all models, every stage"),
    ],
)
def test_a_run_is_named_by_what_it_is_to_do(
    given: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import experiment

    monkeypatch.setattr(experiment, "flow_run", SimpleNamespace(parameters=given))
    assert experiment.run_name() == name
