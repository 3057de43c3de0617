"""A component's folder, and the locks it merges. Its run needs DVC: tests/integration/flows/test_kubeflow.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from flows.export import component
from flows.export.kubeflow import ExportError


def lock(path: Path, **stages: str) -> Path:
    """Write a ``dvc.lock`` of stages, each with its command and a number that YAML 1.1 reads as text."""
    text = "schema: '2.0'\nstages:\n"
    for stage, command in stages.items():
        text += f"  {stage}:\n    cmd: {command}\n    params:\n      params.yaml:\n        rate: 1e-4\n"
    path.write_text(text)
    return path


def test_merged_locks_have_each_stage_once_with_values_as_they_were(tmp_path: Path) -> None:
    one = lock(tmp_path / "one", corpus="a", split="b")
    two = lock(tmp_path / "two", corpus="a", features="c")
    component.merge([one, two], into=tmp_path / "dvc.lock")
    merged = (tmp_path / "dvc.lock").read_text()
    assert list(yaml.safe_load(merged)["stages"]) == ["corpus", "split", "features"]
    assert merged.count("rate: 1e-4") == 3
    assert yaml.safe_load(merged)["schema"] == "2.0"


def test_locks_of_different_runs_are_not_merged(tmp_path: Path) -> None:
    locks = [lock(tmp_path / "one", corpus="a"), lock(tmp_path / "two", corpus="b")]
    with pytest.raises(ExportError, match="corpus"):
        component.merge(locks, into=tmp_path / "dvc.lock")


def test_a_first_stage_has_no_lock(tmp_path: Path) -> None:
    component.merge([], into=tmp_path / "dvc.lock")
    assert not (tmp_path / "dvc.lock").exists()


def test_a_workspace_is_a_project_of_dvc_with_the_given_params_and_remote(tmp_path: Path) -> None:
    component.workspace(
        tmp_path,
        params=json.dumps("seed: 3\n"),
        remote="s3://music/dvc",
        tracked={"data/raw/songs.dvc": "outs: []"},
    )
    assert (tmp_path / "params.yaml").read_text() == "seed: 3\n"
    assert (tmp_path / "data/raw/songs.dvc").read_text() == "outs: []"
    assert (tmp_path / "components" / "cli.py").is_file()
    settings = (tmp_path / ".dvc" / "config.local").read_text()
    assert "url = s3://music/dvc" in settings and "no_scm = true" in settings


def test_params_that_are_no_json_are_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="--params"):
        component.workspace(tmp_path, params="seed: 3", remote="r", tracked={})
