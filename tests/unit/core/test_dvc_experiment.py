"""The project that a copy of DVC's belongs to, and an experiment's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.core import dvc_experiment


@pytest.mark.parametrize(
    ("here", "project"),
    [
        ("/music", "/music"),
        ("/music/.dvc/tmp/exps/standalone/tmpa", "/music"),
        ("/music/.dvc/tmp/exps/tmpa/data", "/music"),
        ("/music/.dvc/tmp", "/music/.dvc/tmp"),
        # A clone that someone keeps in the copy of another one belongs to itself only as far as its own copies do.
        ("/a/.dvc/tmp/exps/b/.dvc/tmp/exps/c", "/a/.dvc/tmp/exps/b"),
        ("/", "/"),
    ],
)
def test_a_copy_belongs_to_the_project_that_it_lies_in(here: str, project: str) -> None:
    assert dvc_experiment.project(Path(here)) == Path(project)


def test_an_experiment_is_named_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (dvc_experiment.NAME, dvc_experiment.BASELINE):
        monkeypatch.delenv(name, raising=False)
    assert dvc_experiment.tags() == {}
    monkeypatch.setenv(dvc_experiment.NAME, "patient")
    monkeypatch.setenv(dvc_experiment.BASELINE, "abc")
    assert dvc_experiment.tags() == {"dvc.experiment": "patient", "dvc.baseline": "abc"}
