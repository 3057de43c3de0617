"""Lineage: DVC's hashes by path, and the commit, where there are any."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from components.core import lineage

LOCK = """
schema: '2.0'
stages:
  corpus@audio:
    cmd: genre stage corpus audio
    deps: [{path: data/raw/music, md5: aa.dir}, {path: /elsewhere/no-hash}]
    outs: [{path: data/corpus/audio.parquet, md5: bb}]
  split:
    cmd: genre stage split
    outs: [{path: data/splits, md5: cc.dir}]
"""


def test_what_stages_read_and_wrote(tmp_path: Path):
    (tmp_path / "dvc.lock").write_text(LOCK)
    assert lineage.hashes(tmp_path) == {
        "data/raw/music": "aa.dir",
        "data/corpus/audio.parquet": "bb",
        "data/splits": "cc.dir",
    }


def test_without_dvc_and_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert lineage.hashes(tmp_path) == {}
    assert lineage.commit(tmp_path) == ("", False)


def test_the_commit_and_whether_code_differs_from_it(tmp_path: Path):
    def git(*words: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        return subprocess.run(
            ["git", "-C", str(tmp_path), *who, *words], capture_output=True, text=True, check=True
        ).stdout.strip()

    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "a.py").write_text("1")
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    (tmp_path / "notes.txt").write_text("no code")
    assert lineage.commit(tmp_path) == (git("rev-parse", "HEAD"), False)
    (tmp_path / "components" / "a.py").write_text("2")
    assert lineage.commit(tmp_path)[1]


@pytest.mark.parametrize(
    ("noted", "found"), [("ab12\n", ("ab12", False)), ("ab12-dirty\n", ("ab12", True)), ("\n", ("", False))]
)
def test_in_an_image_the_commit_is_the_noted_one(tmp_path: Path, noted: str, found: tuple[str, bool]):
    (tmp_path / lineage.REVISION).write_text(noted)
    assert lineage.commit(tmp_path) == found


def test_without_the_program_git_the_commit_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert lineage.commit(tmp_path) == ("", False)
