"""What DVC's configuration says: where the cache lies, and which remote is the default."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.pipeline import dvc_config
from flows.pipeline.dvc_config import Remote


def project(folder: Path, config: str, *, local: str = "") -> Path:
    (folder / ".dvc").mkdir()
    (folder / ".dvc" / "config").write_text(f"[core]\n    no_scm = true\n{config}", encoding="utf-8")
    (folder / ".dvc" / "config.local").write_text(local, encoding="utf-8")
    return folder


def test_the_cache_lies_in_the_project_or_where_it_was_put(tmp_path: Path) -> None:
    root = project(tmp_path, "")
    assert dvc_config.cache_folder(root) == root / ".dvc" / "cache"
    (root / ".dvc" / "config.local").write_text("[cache]\n    dir = /disk/cache\n", encoding="utf-8")
    assert dvc_config.cache_folder(root) == Path("/disk/cache")


@pytest.mark.parametrize(
    ("url", "expected"),
    [("s3://music/dvc", "s3://music/dvc"), ("/disk/dvc", "/disk/dvc"), ("../kept", "kept")],
)
def test_a_remote_s_relative_folder_is_below_the_file_that_names_it(
    tmp_path: Path, url: str, expected: str
) -> None:
    remote = f"['remote \"away\"']\n    url = {url}\n"
    root = project(tmp_path, f"    remote = away\n{remote}")
    assert dvc_config.default_remote(root) == Remote("away", expected.replace("kept", str(root / "kept")))


def test_a_project_may_have_no_remote(tmp_path: Path) -> None:
    assert dvc_config.default_remote(project(tmp_path, "")) is None
