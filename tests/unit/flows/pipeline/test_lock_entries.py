"""Entries of dvc.lock: read by stage, put in place of a project's own, values as they were."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from zc.lockfile import LockFile

from flows.pipeline import lock_entries


def lock(root: Path, **stages: str) -> Path:
    """Write a ``dvc.lock`` of stages, each with its command and a number that YAML 1.1 reads as text."""
    root.mkdir()
    text = "schema: '2.0'\nstages:\n"
    for stage, command in stages.items():
        text += f"  {stage}:\n    cmd: {command}\n    params:\n      params.yaml:\n        rate: 1e-4\n"
    (root / lock_entries.LOCK).write_text(text)
    return root


def commands(root: Path) -> dict[str, str]:
    document = yaml.safe_load((root / lock_entries.LOCK).read_text())
    assert document["schema"] == "2.0"
    return {stage: entry["cmd"] for stage, entry in document["stages"].items()}


def test_entries_of_some_stages_replace_those_of_another_clone(tmp_path: Path) -> None:
    here, there = (
        lock(tmp_path / "here", a="one", b="two", c="three"),
        lock(tmp_path / "there", b="old", d="four"),
    )
    lock_entries.put(lock_entries.read(here, stages=["a", "b", "unknown"]), root=there)
    assert commands(there) == {"b": "two", "d": "four", "a": "one"}
    assert (there / lock_entries.LOCK).read_text().count("rate: 1e-4") == 3


def test_a_project_without_a_lock_gets_one(tmp_path: Path) -> None:
    here = lock(tmp_path / "here", a="one")
    (tmp_path / "there").mkdir()
    assert "stages: {}" in lock_entries.read(tmp_path / "there", stages=["a"])
    lock_entries.put(lock_entries.read(here, stages=["a"]), root=tmp_path / "there")
    assert commands(tmp_path / "there") == {"a": "one"}


def test_a_command_of_dvc_that_writes_is_waited_for_and_then_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = lock(tmp_path / "here", a="one")
    monkeypatch.setattr(lock_entries, "LIMIT", 0.0)
    (here / lock_entries.DVC_LOCK).parent.mkdir(parents=True)
    taken = LockFile(str(here / lock_entries.DVC_LOCK))
    with pytest.raises(lock_entries.LockError, match=r"\.dvc/tmp/lock"):
        lock_entries.put(lock_entries.read(here, stages=["a"]), root=here)
    taken.close()
