"""Staleness and choice of stages on a given graph."""

import json
import os
import signal
from pathlib import Path

import pytest

from components.core.errors import ParamsError
from flows.pipeline import graph
from flows.pipeline.graph import Graph, Reading
from flows.process import workspace_lock


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
    assert two_models.for_models(["a"]) == {"corpus", "features@f", "validate@f", "tune@a", "train@a"}


def test_the_comparison_is_part_of_a_run_after_which_every_model_is_up_to_date(two_models: Graph) -> None:
    plan = Graph(two_models.order, two_models.upstream, {"tune@a": "changed command"})
    assert "compare" in plan.for_models(["a"])
    assert "compare" not in plan.for_models(["b"])
    assert plan.outdated(plan.for_models(["a"])) == {}
    assert plan.outdated(plan.for_models(["b"])) == {"a": "it is not up to date from tune@a on"}


def test_a_model_is_outdated_by_whatever_it_reads(two_models: Graph) -> None:
    plan = Graph(two_models.order, two_models.upstream, {"validate@g": "changed deps"})
    assert set(plan.outdated(plan.for_models(["a"]))) == {"b"}


@pytest.fixture
def with_ensemble(two_models: Graph) -> Graph:
    """The two models, and an ensemble that reads both; the comparison reads all three."""
    upstream = {name: reads for name, reads in two_models.upstream.items() if name != "compare"}
    upstream |= {"ensemble": ("train@a", "train@b"), "compare": ("train@a", "train@b", "ensemble")}
    return Graph(order=tuple(upstream), upstream=upstream, changed={"tune@a": "changed command"})


def test_the_ensemble_is_made_after_its_models_and_is_one_itself(with_ensemble: Graph) -> None:
    assert list(with_ensemble.made().items())[-1] == ("ensemble", "ensemble")
    assert with_ensemble.models() == ("a", "b")
    assert {"train@a", "train@b", "ensemble", "compare"} <= with_ensemble.for_models(["ensemble"])


def test_the_ensemble_and_the_comparison_run_where_all_they_read_is_up_to_date(with_ensemble: Graph) -> None:
    assert {"ensemble", "compare"} <= with_ensemble.for_models(["a"])
    selected = with_ensemble.for_models(["b"])
    assert not {"ensemble", "compare"} & selected
    assert set(with_ensemble.outdated(selected)) == {"a", "ensemble"}


def test_an_unknown_model_is_named_with_the_valid_ones(two_models: Graph) -> None:
    with pytest.raises(ParamsError, match=r"'vgg99'.*valid: a, b"):
        two_models.for_models(["vgg99"])


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


def test_the_entries_of_a_graph_that_is_read_stay_in_dvcs_table(tmp_path: Path) -> None:
    """DVC trips over an entry of its own that is gone: an AssertionError without a text."""
    table = tmp_path / ".dvc" / "tmp" / "rwlock"
    table.parent.mkdir(parents=True)
    with Reading(tmp_path) as reading:
        pid = reading._process.pid
        os.kill(pid, signal.SIGSTOP)
        text = json.dumps({"read": {"/data/x": [{"pid": pid, "cmd": "status"}]}, "write": {}})
        table.write_text(text)
        assert workspace_lock.clear_dvc_locks(tmp_path) == []
        assert table.read_text() == text


def test_an_error_of_dvc_without_a_text_says_what_to_do() -> None:
    found = graph._why("Traceback (most recent call last):\n  File ...\nAssertionError\n")
    assert found.startswith("AssertionError, without a text; ") and "the same command again" in found
    assert graph._why("ValueError: no number") == "ValueError: no number"
    assert graph._why("no such file") == "no such file"
