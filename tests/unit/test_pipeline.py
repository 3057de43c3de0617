"""Each stage names the code that its result depends on, so that DVC sees every change in it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.conftest import PROJECT

#: What no value depends on: errors, writing, processes; the form of params, whose contents are params; and readers
#: of what an earlier stage wrote, which is a dependency itself.
PLUMBING = {"", "errors", "atomic", "processes", "params", "hyperparameters", "recipes", "features.store"}
#: Where each stage's work begins, and what it imports for functions that it does not call.
STAGES: dict[str, tuple[str, set[str]]] = {
    "corpus": ("corpus", set()),
    "published": ("published", set()),
    "split": ("splits", {"arrays", "corpus", "published", "layers", "models", "preparation"}),
    "features": ("features.extraction", {"corpus"}),
    "tune": ("tuning", {"corpus", "published", "splits", "dealing"}),
    "train": ("training", {"corpus", "published", "splits", "dealing", "pairing"}),
    "fit": ("study.fits", {"corpus", "pairing", "presets", "study.plan", "study.materials"}),
}


def file_of(module: str) -> Path | None:
    stem = PROJECT.joinpath("components", *module.split(".")) if module else PROJECT / "components"
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def imports(module: str) -> frozenset[str]:
    """Modules of this package that a module imports, at its head or within a function."""
    found = set()
    for node in ast.walk(ast.parse(file_of(module).read_text(encoding="utf-8"))):  # type: ignore[union-attr]
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "components":
            package = (node.module or "").removeprefix("components").removeprefix(".")
            for name in node.names:
                inner = f"{package}.{name.name}".removeprefix(".")
                found.add(inner if file_of(inner) else package)
    return frozenset(found)


def reached(module: str, *, without: set[str]) -> set[str]:
    """All that a module imports, directly or not."""
    seen, ahead = set(), [module]
    while ahead:
        one = ahead.pop()
        outside = one in PLUMBING or any(one == name or one.startswith(f"{name}.") for name in without)
        if one not in seen and not (outside and one != module):
            seen.add(one)
            ahead += imports(one)
    return seen


@pytest.fixture(scope="module")
def dependencies() -> dict[str, set[Path]]:
    """Paths that each kind of stage depends on, of both pipelines."""
    found = {}
    for pipeline in (PROJECT / "dvc.yaml", PROJECT / "study" / "dvc.yaml"):
        for name, stage in yaml.safe_load(pipeline.read_text(encoding="utf-8"))["stages"].items():
            declared = stage.get("do", stage).get("deps", [])
            found[name] = {(pipeline.parent / path).resolve() for path in declared}
    return found


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_code_of_its_result(stage: str, dependencies: dict[str, set[Path]]) -> None:
    entry, without = STAGES[stage]
    code = {file_of(module) for module in reached(entry, without=without)}
    missing = {
        str(path.relative_to(PROJECT))
        for path in code
        if path and not ({path, *path.parents} & dependencies[stage])
    }
    assert not missing
