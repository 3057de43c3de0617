"""TensorFlow Hub's cache."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from components.core.errors import MissingWeightsError
from components.features.encoders import hub

HANDLE = "https://tfhub.dev/google/nothing/1"


def test_a_handle_lies_in_the_cache_by_its_hash_and_a_folder_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    assert hub.locate(HANDLE) == tmp_path / "cache" / hashlib.sha1(HANDLE.encode()).hexdigest()
    assert hub.locate(str(tmp_path)) == tmp_path


def test_the_cache_outlives_the_temporary_files_of_a_flow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TFHUB_CACHE_DIR", raising=False)
    before = hub.locate(HANDLE)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert hub.locate(HANDLE) == before
    assert tmp_path not in before.parents


def test_what_is_not_there_is_missing_and_the_cache_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    with pytest.raises(
        MissingWeightsError, match=rf"saved_model\.pb.*{tmp_path}|{tmp_path}.*saved_model\.pb"
    ):
        hub.load(str(tmp_path / "nothing"))
