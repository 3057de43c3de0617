"""Order, staleness and choice of stages come from DVC."""

from pathlib import Path

import pytest

from flows.pipeline import graph
from flows.pipeline.graph import GraphError


def test_each_stage_comes_after_all_it_reads(toy: Path) -> None:
    plan = graph.read(toy)
    for stage in plan.order:
        assert all(plan.order.index(above) < plan.order.index(stage) for above in plan.upstream[stage])
    assert plan.upstream["compare"] == ("train@a", "train@b")
    assert plan.models() == ("a", "b")


def test_a_project_that_never_ran_is_stale_throughout(toy: Path) -> None:
    plan = graph.read(toy)
    assert list(plan.stale()) == list(plan.order)


def test_a_new_model_needs_no_change_of_the_flow(toy: Path) -> None:
    params = toy / "params.yaml"
    params.write_text(params.read_text() + "  c: {feature: g, units: 3}\n")
    assert graph.read(toy).models() == ("a", "b", "c")


def test_a_pipeline_in_a_folder_below_is_none_of_ours(toy: Path) -> None:
    (toy / "below").mkdir()
    (toy / "below" / "dvc.yaml").write_text("stages: {other: {cmd: echo other, outs: [other.txt]}}")
    assert not any("other" in stage for stage in graph.read(toy).order)


@pytest.mark.parametrize(
    ("file", "text", "named"),
    [
        ("dvc.yaml", "stages: [", "dvc.yaml"),
        ("dvc.lock", "<<<<<<< HEAD\nschema: '2.0'\n", "dvc.lock"),
        ("params.yaml", "features: {", "params.yaml"),
    ],
)
def test_a_broken_file_is_one_line_that_names_it(toy: Path, file: str, text: str, named: str) -> None:
    (toy / file).write_text(text)
    with pytest.raises(GraphError, match=named) as caught:
        graph.read(toy)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_status == 2
