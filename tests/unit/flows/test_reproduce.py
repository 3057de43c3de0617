"""The study's order, and what it notes of failures."""

from __future__ import annotations

import inspect
from pathlib import Path

import yaml

from flows import reproduce
from flows.orchestration.outcome import Outcome
from tests.conftest import PROJECT


def test_a_result_that_was_not_due_is_kept(tmp_path: Path) -> None:
    kept = tmp_path / "data" / "study" / "experiments" / "mlp" / "result.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    reproduce.note_failures(Outcome(fresh=["fit@mlp"], failed={"features@table_30": "gone"}), root=tmp_path)
    assert kept.is_file()


def test_its_deployment_gives_every_parameter() -> None:
    deployments = yaml.safe_load((PROJECT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    (mine,) = [one for one in deployments if one["name"] == "reproduce"]
    assert mine["entrypoint"] == "flows/reproduce.py:reproduce"
    assert mine["parameters"].keys() == inspect.signature(reproduce.reproduce.fn).parameters.keys()
