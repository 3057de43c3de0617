"""Integrity: the hash of a model's files, and addresses that lead nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from components import tracking
from components.core.errors import RegistryError
from components.tracking import integrity, store
from components.tracking.runs import Runs


def test_the_hash_is_of_names_and_contents_and_not_of_what_is_written_later(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    first = integrity.of_files(tmp_path)
    (tmp_path / "registered_model_meta").write_text("x")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("x")
    assert integrity.of_files(tmp_path) == first
    (tmp_path / "a").write_text("2")
    changed = integrity.of_files(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert len({first, changed, integrity.of_files(tmp_path)}) == 3


@pytest.mark.parametrize(
    "uri", ["models:/genre/7", "models:/genre@champion", "runs:/0123/model", "models:/genre"]
)
def test_an_address_that_leads_nowhere_is_named(workspace: Path, uri: str) -> None:
    with pytest.raises(RegistryError) as caught:
        integrity.checked(tracking.connect(), uri)
    line = str(caught.value)
    assert uri in line and "valid: models:/NAME/VERSION" in line and "\n" not in line


def test_a_run_without_a_model_is_named(workspace: Path) -> None:
    run = Runs(store.TRAINING).begin("empty", tags={})
    with pytest.raises(RegistryError, match=f"{run} has logged no model"):
        integrity.checked(tracking.connect(), f"runs:/{run}/model")
