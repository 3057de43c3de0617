"""``genre run``: nothing to do is quick and starts no server; a stop is clean and can be gone on from."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components.config import params
from components.core.errors import ParamsError, StoreError
from components.registry import promote as registry
from components.registry.promote import Decision
from components.serving import packaging
from components.stages import compare
from components.study.plan import StudyOptions
from flows import runner
from flows.orchestration import server
from flows.pipeline import graph
from flows.pipeline.graph import Graph
from flows.process import workspace_lock


@pytest.fixture
def nothing_stale(tmp_path: Path, two_models: Graph, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A workspace that is up to date, where starting a server is an error; records what was seen."""
    seen: dict[str, list[str]] = {"logged": [], "promoted": []}
    fresh = Graph(order=two_models.order, upstream=two_models.upstream, changed={})

    def refused(_root: Path) -> None:
        raise AssertionError("a server was started")

    def promote(**_given: Any) -> Decision:
        seen["promoted"].append("best")
        return Decision(promoted=False, model="mlp", version="1", reason="mlp is champion already")

    (tmp_path / "dvc.lock").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr(graph, "read", lambda _root: fresh)
    monkeypatch.setattr(server, "start", refused)
    monkeypatch.setattr(params, "load", lambda: SimpleNamespace(compared=["a", "b"], features=()))
    monkeypatch.setattr(packaging, "ensure_logged", lambda model, **_given: seen["logged"].append(model))
    monkeypatch.setattr(registry, "promote", promote)
    return seen


def test_with_nothing_stale_runs_are_made_sure_of_and_promotion_is_decided(
    nothing_stale: dict[str, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert runner.run() == 0
    assert nothing_stale == {"logged": ["a", "b"], "promoted": ["best"]}
    printed = capsys.readouterr().out
    assert "All 10 stages are up to date" in printed
    assert "Not promoted: mlp is champion already" in printed


def test_a_store_that_is_away_is_named_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    for start in (runner.run, lambda: runner.reproduce(StudyOptions())):
        with pytest.raises(StoreError, match=r"http://127\.0\.0\.1:9, where no server answers"):
            start()
    assert not list(tmp_path.iterdir())


def test_a_graph_that_was_read_before_another_flow_ended_is_read_anew(
    nothing_stale: dict[str, list[str]], two_models: Graph, capsys: pytest.CaptureFixture[str]
) -> None:
    begun: Any = SimpleNamespace(result=lambda: two_models)  # all of it stale
    before = workspace_lock.stamp(Path.cwd())
    with workspace_lock.held(Path.cwd(), wait=0):
        during = workspace_lock.stamp(Path.cwd())
    for stamp in (before, during):
        assert runner.run(reading=begun, stamp=stamp) == 0
        assert "All 10 stages are up to date" in capsys.readouterr().out
    with pytest.raises(AssertionError, match="a server was started"):
        runner.run(reading=begun, stamp=workspace_lock.stamp(Path.cwd()))
    assert "10 of 10 stages to run: Prefect starts" in capsys.readouterr().out


def test_a_graph_that_was_read_beside_a_killed_dvc_commands_table_is_read_anew(
    nothing_stale: dict[str, list[str]], two_models: Graph, capsys: pytest.CaptureFixture[str]
) -> None:
    table = Path(".dvc/tmp/rwlock")
    table.parent.mkdir(parents=True)
    table.write_text('{"write": {"/data/x": {"pi')
    begun: Any = SimpleNamespace(result=lambda: two_models)  # all of it stale
    assert runner.run(reading=begun, stamp=workspace_lock.stamp(Path.cwd())) == 0
    assert "All 10 stages are up to date" in capsys.readouterr().out


@pytest.mark.parametrize("compared", [["a", "b"], ["a", "b", "ensemble"]])
def test_an_ensemble_is_logged_where_it_has_members(
    nothing_stale: dict[str, list[str]],
    two_models: Graph,
    monkeypatch: pytest.MonkeyPatch,
    compared: list[str],
) -> None:
    upstream = {**two_models.upstream, "ensemble": ("train@a", "train@b")}
    monkeypatch.setattr(graph, "read", lambda _root: Graph(tuple(upstream), upstream, {}))
    monkeypatch.setattr(params, "load", lambda: SimpleNamespace(compared=compared, features=()))
    assert runner.run() == 0
    assert nothing_stale["logged"] == compared


def test_only_stale_does_nothing_at_all_with_nothing_stale(nothing_stale: dict[str, list[str]]) -> None:
    assert runner.run(only_stale=True) == 0
    assert nothing_stale == {"logged": [], "promoted": []}


@pytest.mark.parametrize("only_stale", [True, False])
def test_what_a_killed_flow_left_running_is_closed_though_nothing_is_stale(
    nothing_stale: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, only_stale: bool
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / runner.workspace_lock.LOCK).write_text('{"pid": 1, "flow_run": "starting"}')
    monkeypatch.setattr(runner, "_flow", lambda *_, **__: None)
    assert runner.run(only_stale=only_stale) == 1


def test_a_run_of_one_model_compares_it_though_others_are_stale(
    nothing_stale: dict[str, list[str]], two_models: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[dict[str, str]] = []
    stale = Graph(two_models.order, two_models.upstream, {"tune@b": "changed command"})
    monkeypatch.setattr(graph, "read", lambda _root: stale)
    monkeypatch.setattr(compare, "run", lambda *, left_out, **_given: left.append(left_out))
    assert runner.run(models=["a"]) == 0
    assert left == [{"b": "it is not up to date from tune@b on"}]
    assert nothing_stale == {"logged": ["a"], "promoted": ["best"]}


def test_an_unknown_model_is_refused_before_anything_starts(nothing_stale: dict[str, list[str]]) -> None:
    with pytest.raises(ParamsError, match="'vgg99'"):
        runner.run(models=["vgg99"])


def test_where_nothing_ever_ran_the_server_starts_before_dvc_has_read_the_graph(
    nothing_stale: dict[str, list[str]], two_models: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dvc.lock").unlink()
    order: list[str] = []
    monkeypatch.setattr(server, "start", lambda _root: order.append("server"))
    stale = Graph(two_models.order, two_models.upstream, dict.fromkeys(two_models.order, "never ran"))
    monkeypatch.setattr(graph, "read", lambda _root: order.append("graph") or stale)
    monkeypatch.setattr(runner, "preloading", lambda *_, **__: nullcontext())
    monkeypatch.setattr(runner, "_flow", lambda *_, **__: None)
    assert runner.run() == 1
    assert order == ["server", "graph"]


def test_the_working_directory_is_as_before(nothing_stale: dict[str, list[str]], tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "dvc.lock").touch()
    before = Path.cwd()
    runner.run(root=tmp_path / "elsewhere", only_stale=True)
    assert Path.cwd() == before


def test_a_named_server_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:4200/api")
    assert server.is_named()
    monkeypatch.delenv("PREFECT_API_URL")
    assert not server.is_named()
    (tmp_path / "profiles.toml").write_text("")
    assert server.is_named()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/api", "nonsense", "http://[/api"])
def test_a_named_server_that_is_not_there_is_named_before_any_stage(url: str) -> None:
    with pytest.raises(server.ServerError, match="PREFECT_API_URL is"):
        server.check_reachable(url)


def test_each_problem_of_a_flow_is_a_line_of_its_own(
    tmp_path: Path, two_models: Graph, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from flows import experiment
    from flows.orchestration import session

    def fails(**_: object) -> None:
        raise session.FlowError(["promote: no audio; valid: some", "log@a: the store is gone"])

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(graph, "read", lambda _root: two_models)
    monkeypatch.setattr(runner, "served", lambda *_, **__: nullcontext())
    monkeypatch.setattr(experiment, "experiment", fails)
    assert runner.run() == 1
    printed = capsys.readouterr().out.splitlines()
    assert "failed: promote: no audio; valid: some" in printed
    assert "failed: log@a: the store is gone" in printed
