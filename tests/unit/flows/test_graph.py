"""Order, staleness and choice of stages come from DVC."""

from pathlib import Path

import pytest

from components.core.errors import ParamsError
from flows.pipeline import graph
from flows.pipeline.graph import Graph, GraphError


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


def test_whatever_reads_from_a_stale_stage_is_stale(two_models: Graph) -> None:
    plan = Graph(
        order=two_models.order, upstream=two_models.upstream, changed={"features@g": "changed command"}
    )
    assert plan.stale() == {
        "features@g": "changed command",
        "validate@g": "reads features@g",
        "tune@b": "reads validate@g",
        "train@b": "reads tune@b",
        "compare": "reads train@b",
    }


def test_a_run_of_one_model_leaves_out_what_only_the_other_reads(two_models: Graph) -> None:
    assert two_models.for_models(["a"]) == {
        "corpus",
        "features@f",
        "validate@f",
        "tune@a",
        "train@a",
        "compare",
    }


def test_an_unknown_model_is_named_with_the_valid_ones(two_models: Graph) -> None:
    with pytest.raises(ParamsError, match=r"'vgg99'.*valid: a, b"):
        two_models.for_models(["vgg99"])


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("dvc.yaml", "stages: [", "dvc.yaml"),
        ("dvc.lock", "<<<<<<< HEAD\nschema: '2.0'\n", "dvc.lock"),
        ("params.yaml", "features: {", "params.yaml"),
    ],
)
def test_a_broken_file_is_one_line_that_names_it(toy: Path, file: str, text: str, said: str) -> None:
    (toy / file).write_text(text)
    with pytest.raises(GraphError, match=said) as caught:
        graph.read(toy)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_status == 2


def test_reasons_of_dvc_become_one_line() -> None:
    entry = [
        {"changed deps": {"raw.txt": "modified", "params.yaml": {"seed": "modified"}}},
        {"changed outs": {"corpus.txt": "deleted"}},
        "changed command",
    ]
    assert (
        graph._reason(entry)
        == "changed deps: raw.txt (modified), seed (modified); changed outs: corpus.txt (deleted); changed command"
    )
