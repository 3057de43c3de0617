"""What is imported before stages are forked."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from flows.pipeline import preloading
from flows.process.forks import POSSIBLE


def test_what_is_imported_depends_on_the_stages_that_are_due() -> None:
    assert "great_expectations" in preloading.modules(["corpus@audio", "validate@mfcc_summary"])
    assert "tensorflow" not in preloading.modules(["corpus@audio", "validate@mfcc_summary"])
    assert {"keras_tuner", "mlflow"} <= set(preloading.modules(["tune@mlp"]))
    assert preloading.modules(["split"]) == preloading.COMMON


def test_each_module_is_imported_once() -> None:
    names = preloading.modules(["features@a", "tune@b", "train@b", "compare"])
    assert len(names) == len(set(names))


def test_every_module_is_there() -> None:
    names = {*preloading.DVC, *preloading.modules(f"{kind}@a" for kind in preloading.KINDS)}
    assert [name for name in names if importlib.util.find_spec(name) is None] == []


def test_none_of_the_projects_own_modules_is_imported_before() -> None:
    names = {*preloading.DVC, *preloading.modules(f"{kind}@a" for kind in preloading.KINDS)}
    assert not [name for name in names if name.partition(".")[0] in ("components", "flows")]


@pytest.mark.skipif(not POSSIBLE, reason="processes are not forked on this system")
def test_nothing_is_started_where_nothing_is_due(tmp_path: Path) -> None:
    with preloading.preloading([], root=tmp_path) as made:
        assert made is None
