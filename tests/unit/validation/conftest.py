"""A feature that no suite file knows, made of numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.config.params import Params
from components.validation import tables
from components.validation.tables import Inputs
from tests.support.small_project import build_small_project


def naming(params: Params, feature: str) -> Params:
    """Params whose only feature is extracted by a file of that name."""
    block = params.features["mfcc_summary"].model_copy(update={"options": {}, "extractor": feature})
    return params.model_copy(update={"features": {feature: block}})


@pytest.fixture(scope="session")
def loudness_params(demo_params: Params) -> Params:
    return naming(demo_params, "loudness")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder, to be read only."""
    root = tmp_path_factory.mktemp("loudness") / "data"
    build_small_project(root, seed=0, feature="loudness")
    return root


@pytest.fixture(scope="session")
def loudness(project: Path, loudness_params: Params) -> Inputs:
    """The feature, as it lies on disk."""
    return tables.read("loudness", params=loudness_params, root=project)
