"""``genre reproduce``: cheap experiments first, a failed one stops no other, the page is always written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.core.errors import ParamsError
from components.study import plan, runs
from components.study.plan import StudyOptions
from flows import reproduce, runner
from flows.pipeline import graph
from flows.pipeline.graph import Graph
from flows.pipeline.stage import Result, StageError, StageProcesses
from tests.conftest import PROJECT


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the study's pipeline, under DVC, and no data."""
    (tmp_path / "study").mkdir()
    shutil.copy(PROJECT / "study" / "dvc.yaml", tmp_path / "study")
    shutil.copy(PROJECT / "params.yaml", tmp_path)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("[core]\nno_scm = true\nanalytics = false\n")
    for name in ("components", "flows"):
        (tmp_path / name).symlink_to(PROJECT / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def four() -> Graph:
    """Four experiments on two features, all stale."""
    upstream = {
        "corpus@audio": (),
        "features@audio_mfcc_sequence": ("corpus@audio",),
        "fit@lstm": ("features@audio_mfcc_sequence",),
        "features@audio_mfcc_summary": ("corpus@audio",),
        "fit@mlp": ("features@audio_mfcc_summary",),
        "fit@mlp_best": ("features@audio_mfcc_summary",),
        "fit@mlp_best_no_log": ("features@audio_mfcc_summary",),
        # As in the pipeline: the report reads what the extraction cost, too.
        "report@study": (
            "features@audio_mfcc_sequence",
            "features@audio_mfcc_summary",
            "fit@lstm",
            "fit@mlp",
            "fit@mlp_best",
            "fit@mlp_best_no_log",
        ),
    }
    return Graph(order=tuple(upstream), upstream=upstream, changed=dict.fromkeys(upstream, "new"))


@pytest.fixture
def stages(project: Path, four: Graph, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stand in for DVC, the stage processes and MLflow; a test plants failures, and reads what was started."""
    planned: dict[str, Any] = {"started": [], "logged": 0}

    def play(_self: StageProcesses, stage: str, *, force: bool, line: Callable[[str], None]) -> Result:
        planned["started"].append(stage)
        if why := planned.get(stage):
            raise StageError(f"{stage}: {why} (exit status 2)", status=2)
        return Result(stage=stage, how="ran", seconds=0.0)

    def log(**_given: Any) -> list[str]:
        planned["logged"] += 1
        return []

    monkeypatch.setenv("GENRE_CONCURRENCY", "1")
    monkeypatch.setattr(graph, "read", lambda _root: four)
    monkeypatch.setattr(StageProcesses, "run", play)
    monkeypatch.setattr(runs, "ensure_study_logged", log)
    return planned


def run(**given: Any) -> Any:
    return reproduce.reproduce(budget="quick", **given, return_state=True)


def test_cheap_experiments_come_first_ablations_last_and_the_page_at_the_end(
    server: None, stages: dict[str, Any]
) -> None:
    state = run()
    assert state.is_completed()
    assert stages["started"] == [
        "corpus@audio",
        "features@audio_mfcc_summary",
        "fit@mlp",
        "fit@mlp_best",
        "features@audio_mfcc_sequence",
        "fit@lstm",
        "fit@mlp_best_no_log",
        "report@study",
    ]
    assert stages["logged"] == 1


def test_a_failed_experiment_stops_no_other_and_the_page_is_told(
    server: None, stages: dict[str, Any], project: Path
) -> None:
    old = project / "data" / "study" / "experiments" / "mlp_best"
    old.mkdir(parents=True)
    (old / "result.json").write_text("{}")
    stages["fit@mlp_best"] = "genre: features are not finite"
    state = run()
    assert state.is_failed()
    assert "fit@mlp_best: genre: features are not finite" in state.message
    assert {"fit@lstm", "fit@mlp", "fit@mlp_best_no_log", "report@study"} <= set(stages["started"])
    assert [path.name for path in old.iterdir()] == ["failure.json"]
    assert "features are not finite" in json.loads((old / "failure.json").read_text())["reason"]
    assert stages["logged"] == 1


def test_what_reads_from_a_failed_extraction_is_left_out_with_the_reason(
    server: None, stages: dict[str, Any], project: Path
) -> None:
    stages["features@audio_mfcc_summary"] = "genre: a file is gone"
    run()
    assert [stage for stage in stages["started"] if stage.startswith("fit@")] == ["fit@lstm"]
    for name in ("mlp", "mlp_best"):
        why = (project / "data" / "study" / "experiments" / name / "failure.json").read_text()
        assert "features@audio_mfcc_summary failed" in why


def test_only_the_selected_is_run(server: None, stages: dict[str, Any]) -> None:
    run(only=["lstm"])
    assert stages["started"] == ["corpus@audio", "features@audio_mfcc_sequence", "fit@lstm", "report@study"]


def test_an_unknown_name_is_refused_before_anything_is_run(stages: dict[str, Any]) -> None:
    with pytest.raises(ParamsError, match="'vgg99'"):
        runner.reproduce(StudyOptions(only=("vgg99",)))
    with pytest.raises(ParamsError, match="'endless'"):
        runner.reproduce(StudyOptions(budget="endless"))
    assert stages["started"] == []


def test_a_page_that_is_up_to_date_starts_nothing(
    stages: dict[str, Any], four: Graph, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(graph, "read", lambda _root: replace(four, changed={}))
    assert runner.reproduce(StudyOptions(budget="quick")) == 0
    printed = capsys.readouterr().out
    assert "up to date: data/study/index.html" in printed
    assert "pictures: not found" in printed
    assert stages["started"] == []


def test_dvc_reads_the_pipeline_and_ties_every_stage_to_what_it_reads(project: Path) -> None:
    plan.prepare(StudyOptions(budget="quick"), root=project)
    stages_of = graph.read(project / "study")
    assert stages_of.upstream["corpus@audio"] == ("synthesise@study",)
    assert set(stages_of.upstream["fit@mlp"]) == {"corpus@audio", "features@audio_mfcc_summary"}
    assert "fit@vgg16" not in stages_of.order
    assert set(stages_of.upstream["report@study"]) >= {"fit@mlp", "fit@lstm"}
    assert stages_of.stale().keys() == set(stages_of.order)


def test_before_the_first_plan_the_pipeline_is_empty_and_dvc_has_nothing_to_say(project: Path) -> None:
    shutil.copy(PROJECT / "study" / "params.yaml", project / "study")
    assert graph.read(project / "study").order == ()
