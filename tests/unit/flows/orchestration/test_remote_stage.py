"""A stage of another clone: the same code or none, in a folder of its own; run in integration/stores/test_pools.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.orchestration import remote_stage
from flows.pipeline.stage import StageError


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "a.py").write_text("one = 1\n")
    (tmp_path / "flows").mkdir()
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text(
        "[core]\n    no_scm = true\n    remote = near\n['remote \"near\"']\n    url = ../store\n"
    )
    return tmp_path


def test_other_code_is_refused_and_what_python_makes_of_it_is_none(clone: Path) -> None:
    first = remote_stage.code(clone)
    (clone / "components" / "__pycache__").mkdir()
    (clone / "components" / "__pycache__" / "a.pyc").write_bytes(b"1")
    remote_stage.refuse_other_code(first, root=clone, stage="train@mlp")
    (clone / "components" / "a.py").write_text("one = 2\n")
    with pytest.raises(
        StageError, match=r"^train@mlp: the code in .*the same commit in both clones"
    ) as caught:
        remote_stage.refuse_other_code(first, root=clone, stage="train@mlp")
    assert caught.value.status == 2


def test_its_folder_has_the_params_of_the_flow_and_the_remote_of_the_clone(clone: Path) -> None:
    for seed in (1, 2):
        root = remote_stage.workspace(clone, params=f"seed: {seed}\n", stage="train@mlp")
    assert root == clone / ".remote"
    assert (root / "params.yaml").read_text() == "seed: 2\n"
    assert not (clone / "params.yaml").exists()
    assert (root / "components" / "a.py").read_text() == "one = 1\n"
    settings = (root / ".dvc" / "config.local").read_text()
    assert f"url = {clone / 'store'}" in settings
    assert f"dir = {clone / '.dvc' / 'cache'}" in settings
