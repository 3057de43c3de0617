"""``genre run``: nothing to do is quick and starts no server; a stop is clean, says so, and can be gone on from."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components.config import params
from components.core.errors import ParamsError
from components.registry import promote as registry
from components.serving import packaging
from flows import runner
from flows.orchestration import server
from flows.pipeline import graph
from flows.pipeline.graph import Graph

#: Seconds in which a stop is promised to have ended everything.
PROMISED = 10


@pytest.fixture
def nothing_stale(tmp_path: Path, two_models: Graph, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A workspace that is up to date, where starting a server is an error; records what was asked."""
    asked: dict[str, list[str]] = {"logged": [], "promoted": []}
    fresh = Graph(order=two_models.order, upstream=two_models.upstream, changed={})

    def refused(_root: Path) -> None:
        raise AssertionError("a server was started")

    def promote(**_given: Any) -> SimpleNamespace:
        asked["promoted"].append("best")
        return SimpleNamespace(promoted=False, reason="mlp is champion already")

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr(graph, "read", lambda _root: fresh)
    monkeypatch.setattr(server, "start", refused)
    monkeypatch.setattr(params, "load", lambda: None)
    monkeypatch.setattr(packaging, "ensure_logged", lambda model, **_given: asked["logged"].append(model))
    monkeypatch.setattr(registry, "promote", promote)
    return asked


def test_with_nothing_stale_runs_are_made_sure_of_and_the_gate_is_asked(
    nothing_stale: dict[str, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert runner.run() == 0
    assert nothing_stale == {"logged": ["a", "b"], "promoted": ["best"]}
    said = capsys.readouterr().out
    assert "All 10 stages are up to date" in said
    assert "Not promoted: mlp is champion already" in said


def test_only_stale_does_nothing_at_all_with_nothing_stale(nothing_stale: dict[str, list[str]]) -> None:
    assert runner.run(only_stale=True) == 0
    assert nothing_stale == {"logged": [], "promoted": []}


@pytest.mark.parametrize("only_stale", [True, False])
def test_what_a_killed_flow_left_running_is_closed_though_nothing_is_stale(
    nothing_stale: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, only_stale: bool
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / runner.workspace_lock.LOCK).write_text('{"pid": 1, "flow_run": "starting"}')
    monkeypatch.setattr(runner, "_flow", lambda *_, **__: 77)
    assert runner.run(only_stale=only_stale) == 77


def test_an_unknown_model_is_refused_before_anything_starts(nothing_stale: dict[str, list[str]]) -> None:
    with pytest.raises(ParamsError, match="valid: a, b"):
        runner.run(models=["vgg99"])


def test_the_working_directory_is_as_before(nothing_stale: dict[str, list[str]], tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    before = Path.cwd()
    runner.run(root=tmp_path / "elsewhere", only_stale=True)
    assert Path.cwd() == before


def test_a_named_server_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:4200/api")
    assert not server.wanted()
    monkeypatch.delenv("PREFECT_API_URL")
    assert server.wanted()
    (tmp_path / "profiles.toml").write_text("")
    assert not server.wanted()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/api", "nonsense", "http://[/api"])
def test_a_named_server_that_is_not_there_is_named_before_any_stage(url: str) -> None:
    with pytest.raises(server.ServerError, match="PREFECT_API_URL is"):
        server.reach(url)


def test_each_problem_of_a_flow_is_a_line_of_its_own(
    two_models: Graph, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from flows import context, experiment

    def fails(**_: object) -> None:
        raise context.ExperimentError(["promote: no audio; valid: some", "log@a: the store is gone"])

    monkeypatch.setattr(
        runner,
        "_run",
        lambda root, board, **_: runner._flow(
            two_models, None, root=root, board=board, force=False, models=None, promote=True
        ),
    )
    monkeypatch.setattr(runner, "served", lambda *_, **__: nullcontext())
    monkeypatch.setattr(experiment, "experiment", fails)
    assert runner.run() == 1
    said = capsys.readouterr().out.splitlines()
    assert "failed: promote: no audio; valid: some" in said
    assert "failed: log@a: the store is gone" in said
