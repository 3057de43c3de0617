"""Each stage names the code that its result depends on, so that DVC sees every change in it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import grimp
import pytest
import yaml

from tests.conftest import PROJECT

#: What no value depends on: errors, writing, processes and where they run; the form of params, whose values are params;
#: and readers of what an earlier stage wrote, which is a dependency itself.
PLUMBING = {
    "core",
    "parallel",
    "config.augmentation",
    "config.params",
    "config.search_space",
    "config.sources",
    "config.strict",
    "corpus.store",
    "splits.store",
    "features.pipeline.record",
    "features.pipeline.store",
    "validation.result",
}
#: Code below a stage that its result does not depend on: what it imports for other functions than those it calls.
STAGES: dict[str, tuple[str, set[str]]] = {
    "synthesise": ("stages.synthesise", set()),
    "corpus": ("stages.corpus", set()),
    "published": ("stages.published", set()),
    "split": ("stages.split", {"corpus", "stages.published"}),
    "features": ("stages.features", {"corpus.discovery", "corpus.feature_table"}),
    # What a suite takes of an encoder, the feature's form, and of a split, its parts, is in the files that it checks,
    # too; the index of all results is no output.
    "validate": ("stages.validate", {"features", "splits", "reporting.validation"}),
    "tune": ("stages.tune", {"corpus", "splits.folds", "results.record"}),
    "train": (
        "stages.train",
        {"corpus", "splits.folds", "features.encoders.base"},
    ),
    "ensemble": (
        "stages.ensemble",
        {"corpus", "splits.folds", "features.encoders.base"},
    ),
    "compare": ("stages.compare", {"corpus", "features", "splits"}),
    "fit": (
        "study.fits",
        {"features", "stages.corpus", "stages.features", "stages.synthesise"}
        | {
            "corpus",
            "config.presets",
            "study.declarations",
            "study.discovery",
            "study.plan",
        },
    ),
}


@cache
def imports() -> grimp.ImportGraph:
    """Every import among the components, at a module's head or within a function."""
    return grimp.build_graph("components", exclude_type_checking_imports=True, cache_dir=None)


def reached(module: str, *, without: set[str]) -> set[str]:
    """Return all that a module imports, directly or not, itself included; packages' own files are left out."""
    outside = {f"components.{name}" for name in PLUMBING | without}
    seen: set[str] = set()
    ahead = [f"components.{module}"]
    while ahead:
        one = ahead.pop()
        if one not in seen and not any(one == name or one.startswith(f"{name}.") for name in outside):
            seen.add(one)
            ahead += imports().find_modules_directly_imported_by(one)
    return seen


def file_of(module: str) -> Path:
    """Return a module's file."""
    stem = PROJECT.joinpath(*module.split("."))
    return stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")


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
    code = map(file_of, reached(entry, without=without))
    missing = [path for path in code if not ({path, *path.parents} & dependencies[stage])]
    assert sorted(str(path.relative_to(PROJECT)) for path in missing) == []


@pytest.mark.parametrize("stage", STAGES)
def test_every_file_that_a_stage_depends_on_exists(stage: str, dependencies: dict[str, set[Path]]) -> None:
    named = [path for path in dependencies[stage] if "components" in path.parts and "$" not in str(path)]
    assert [path for path in named if not path.exists()] == []
