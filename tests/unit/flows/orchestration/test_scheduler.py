"""Order, side by side, and what a failure leaves out: without any process."""

from collections.abc import Collection
from queue import SimpleQueue

import pytest

from flows.orchestration import scheduler
from flows.pipeline.graph import Graph
from flows.pipeline.stage import Result, StageError


class Stages:
    """Pretends to run stages: each ends at once."""

    def __init__(self, failing: Collection[str] = ()) -> None:
        self.started: list[str] = []
        self.failing = failing

    def start(self, stage: str, ended: SimpleQueue[tuple[str, Result | Exception]]) -> None:
        self.started.append(stage)
        failed = StageError(f"{stage}: no such luck (exit status 1)")
        ended.put((stage, failed if stage in self.failing else Result(stage=stage, how="ran", seconds=0.0)))


def run(
    plan: Graph, stages: Stages, *, due: Collection[str] | None = None, width: int = 2
) -> scheduler.Outcome:
    stale = plan.stale()
    return scheduler.run(
        plan, due=stale if due is None else due, stale=stale, concurrency=width, start=stages.start
    )


def test_every_due_stage_runs_after_all_it_reads(two_models: Graph) -> None:
    stages = Stages()
    outcome = run(two_models, stages)
    assert set(outcome.done) == set(two_models.order)
    for stage in two_models.order:
        for above in two_models.upstream[stage]:
            assert stages.started.index(above) < stages.started.index(stage)


def test_fresh_stages_are_reported_and_not_started(two_models: Graph) -> None:
    plan = Graph(order=two_models.order, upstream=two_models.upstream, changed={"tune@b": "changed command"})
    stages = Stages()
    outcome = run(plan, stages)
    assert stages.started == ["tune@b", "train@b", "compare"]
    assert outcome.fresh == [stage for stage in plan.order if stage not in stages.started]


@pytest.mark.parametrize("width", [1, 2, 5])
def test_no_more_than_the_limit_run_at_once(two_models: Graph, width: int) -> None:
    most = 0
    running: set[str] = set()

    def start(stage: str, ended: SimpleQueue[tuple[str, Result | Exception]]) -> None:
        nonlocal most
        running.add(stage)
        most = max(most, len(running))
        begun.append((stage, ended))
        if len(running) == min(width, ready()):
            finish()

    begun: list[tuple[str, SimpleQueue[tuple[str, Result | Exception]]]] = []
    finished: set[str] = set()

    def ready() -> int:
        return sum(
            stage not in finished and all(above in finished for above in two_models.upstream[stage])
            for stage in two_models.order
        )

    def finish() -> None:
        for stage, ended in begun:
            running.discard(stage)
            finished.add(stage)
            ended.put((stage, Result(stage=stage, how="ran", seconds=0.0)))
        begun.clear()

    scheduler.run(two_models, due=two_models.order, stale=two_models.stale(), concurrency=width, start=start)
    assert most == min(width, 2)
    assert finished == set(two_models.order)


def test_a_failed_model_does_not_stop_the_other(two_models: Graph) -> None:
    outcome = run(two_models, Stages(failing=["tune@a"]))
    assert outcome.failed == {"tune@a": "tune@a: no such luck (exit status 1)"}
    assert "train@b" in outcome.done
    assert outcome.skipped == {"train@a": "tune@a failed", "compare": "train@a was skipped"}


def test_a_failed_validation_stops_the_models_of_that_feature_only(two_models: Graph) -> None:
    stages = Stages(failing=["validate@g"])
    outcome = run(two_models, stages)
    assert "tune@b" not in stages.started
    assert "train@a" in outcome.done
    assert outcome.skipped["tune@b"] == "validate@g failed"


def test_the_comparison_is_left_out_where_a_model_outside_the_run_is_stale(two_models: Graph) -> None:
    outcome = run(two_models, Stages(), due=two_models.for_models(["a"]))
    assert outcome.skipped == {"compare": "train@b is not up to date and not part of this run"}


def test_rows_say_for_each_stage_how_it_ended(two_models: Graph) -> None:
    rows = run(two_models, Stages(failing=["train@b"])).rows()
    assert {row["stage"] for row in rows} == set(two_models.order)
    assert {row["stage"]: row["outcome"] for row in rows}["train@b"] == "failed"
    assert {row["stage"]: row["why"] for row in rows}["compare"] == "train@b failed"
