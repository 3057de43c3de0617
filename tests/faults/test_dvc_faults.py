"""A damaged cache, a merged lock, a remote that is not there, and the way there and back through a real S3 server."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.pipeline import cache_check, graph
from flows.pipeline.graph import GraphError
from flows.pipeline.stage import StageProcesses
from tests.conftest import PROJECT
from tests.faults import left_behind
from tests.integration.flows.conftest import TOY
from tests.integration.test_workflow import run, workspace
from tests.support import s3_server


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The toy project's first stage, done once."""
    for kept, name in {"stages.yaml": "dvc.yaml", "names.yaml": "params.yaml"}.items():
        shutil.copy(TOY / kept, tmp_path / name)
    for name in ("raw.txt", "stage.sh"):
        shutil.copy(TOY / name, tmp_path)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("[core]\nno_scm = true\nanalytics = false\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def stage(toy: Path, name: str = "corpus") -> tuple[str, list[str]]:
    lines: list[str] = []
    return StageProcesses(toy).run(name, force=False, line=lines.append).how, lines


def cached(root: Path, content: bytes) -> Path:
    name = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return root / ".dvc/cache/files/md5" / name[:2] / name[2:]


def damage(path: Path) -> None:
    """Change a cached object behind DVC's back; it stays write-protected, which DVC takes for unchanged."""
    path.chmod(0o644)
    path.write_bytes(b"X" + path.read_bytes()[1:])
    path.chmod(0o444)


def test_a_damaged_cached_file_is_made_anew_and_never_used(toy: Path) -> None:
    stage(toy)
    good = (toy / "corpus.txt").read_bytes()
    damage(cached(toy, good))
    (toy / "corpus.txt").unlink()
    how, lines = stage(toy)
    assert (toy / "corpus.txt").read_bytes() == good
    assert how == "ran"
    assert "damaged in DVC's cache, and made anew: 1 file" in lines
    assert cached(toy, good).read_bytes() == good, "what would be pushed is right again"


def test_an_output_that_is_a_link_to_the_cache_and_was_written_to_is_made_anew(toy: Path) -> None:
    shutil.copy(PROJECT / ".dvc" / "config", toy / ".dvc" / "config")
    subprocess.run([sys.executable, "-m", "dvc", "config", "core.no_scm", "true"], check=True)
    stage(toy)
    good, output = (toy / "corpus.txt").read_bytes(), toy / "corpus.txt"
    assert output.samefile(cached(toy, good))
    assert not output.stat().st_mode & 0o222
    damage(output)
    assert stage(toy)[0] == "ran"
    assert output.read_bytes() == cached(toy, good).read_bytes() == good


@pytest.mark.slow
def test_a_healthy_cached_file_is_restored_without_running(toy: Path) -> None:
    stage(toy)
    (toy / "corpus.txt").unlink()
    assert stage(toy)[0] == "restored"
    assert (toy / "started.log").read_text().split() == ["corpus"]


@pytest.fixture
def folder_stage(toy: Path) -> Path:
    """A stage whose output is a folder of two files."""
    (toy / "dvc.yaml").write_text(
        "stages:\n  corpus:\n    cmd: mkdir -p out && echo one > out/1 && echo two > out/2\n"
        "    deps: [raw.txt]\n    outs: [out]\n"
    )
    stage(toy)
    return toy


def test_one_damaged_file_of_a_cached_folder_is_found(folder_stage: Path) -> None:
    damage(cached(folder_stage, b"two\n"))
    shutil.rmtree(folder_stage / "out")
    assert stage(folder_stage)[0] == "ran"
    assert (folder_stage / "out/2").read_text() == "two\n"
    assert cached(folder_stage, b"two\n").read_bytes() == b"two\n"


@pytest.mark.slow
def test_a_damaged_list_of_a_folder_is_found(folder_stage: Path) -> None:
    listed = next((folder_stage / ".dvc/cache/files/md5").rglob("*.dir"))
    listed.chmod(0o644)
    entries = json.loads(listed.read_text())
    listed.write_text(json.dumps(entries[:1]))
    listed.chmod(0o444)
    assert [one.recorded[-4:] for one in cache_check.damaged("corpus", root=folder_stage)] == [".dir"]


@pytest.mark.parametrize("name", ["dvc.lock", "params.yaml", "dvc.yaml"])
def test_a_file_with_conflict_markers_is_named_with_what_to_do(toy: Path, name: str) -> None:
    (toy / name).write_text("schema: '2.0'\n<<<<<<< HEAD\nstages: {}\n=======\nstages: {}\n>>>>>>> theirs\n")
    with pytest.raises(GraphError, match=rf"{name} holds a merge conflict \(line 2\).*git checkout --ours"):
        graph.read(toy)


@pytest.mark.slow
def test_a_lock_resolved_to_either_side_runs_what_differs(toy: Path) -> None:
    stage(toy)
    ours = (toy / "dvc.lock").read_text()
    (toy / "raw.txt").write_text("other\n")
    stage(toy)
    (toy / "dvc.lock").write_text(ours)
    assert "corpus" in graph.read(toy).changed
    stage(toy)
    assert (toy / "corpus.txt").read_text().startswith("other")


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["", "nonsense", "schema: '2.0'\nstages: [", "schema: '2.0'\nstages:\n  corpus: 3\n"]
)
def test_a_lock_that_cannot_be_read_is_named_with_what_to_do(toy: Path, text: str) -> None:
    (toy / "dvc.lock").write_text(text)
    with pytest.raises(GraphError, match=r"dvc\.lock.*; valid: .*git checkout dvc\.lock") as caught:
        graph.read(toy)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_remote_that_is_not_there_is_named(toy: Path) -> None:
    stage(toy)
    for words in (["push"], ["pull"]):
        done = subprocess.run(
            [sys.executable, "-m", "dvc", *words], capture_output=True, text=True, check=False
        )
        assert done.returncode != 0
        assert "remote" in done.stderr


# --- through S3


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An empty bucket on moto's S3 server on loopback; what reaches it."""
    with s3_server.served(tmp_path / "moto.txt") as server:
        yield {**s3_server.KEYS, "url": server.url}


@pytest.mark.slow
def test_pushed_and_pulled_through_s3_nothing_runs_and_the_runs_are_rebuilt(
    tmp_path: Path, bucket: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, bucket[name])
    (tmp_path / "first").mkdir()
    first = workspace(tmp_path / "first" / "workspace")
    run("genre", "run", folder=first)
    whole = left_behind.state(first)
    run("dvc", "remote", "add", "-d", "store", "s3://genre/store", folder=first)
    run("dvc", "remote", "modify", "store", "endpointurl", bucket["url"], folder=first)
    run("dvc", "push", "--run-cache", folder=first)
    tracked = [
        "components",
        "flows",
        "params.yaml",
        "dvc.yaml",
        "dvc.lock",
        ".dvc/config",
        ".dvcignore",
        ".gitignore",
    ]
    run("git", "add", *tracked, folder=first)
    run("git", "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", "a", folder=first)

    (tmp_path / "second").mkdir()
    second = tmp_path / "second" / "workspace"
    run("git", "clone", "--quiet", str(first), str(second), folder=tmp_path)
    run("dvc", "pull", "--run-cache", folder=second)
    assert json.loads(run("dvc", "status", "--json", folder=second)) == {}
    assert "Running stage" not in run("dvc", "repro", folder=second)
    printed = run("genre", "run", folder=second)
    assert "up to date" in printed
    assert "ran in" not in printed
    assert "Champion:" in printed
    after = left_behind.state(second)
    assert after == whole


@pytest.mark.slow
def test_a_remote_that_went_away_is_named_and_loses_nothing(
    toy: Path, bucket: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, bucket[name])
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    stage(toy)
    before = (toy / "corpus.txt").read_bytes()
    dvc = [sys.executable, "-m", "dvc"]
    subprocess.run([*dvc, "remote", "add", "-d", "store", "s3://genre/store"], check=True)
    subprocess.run([*dvc, "remote", "modify", "store", "endpointurl", "http://127.0.0.1:9"], check=True)
    done = subprocess.run(
        [*dvc, "push"], capture_output=True, text=True, check=False, env={**os.environ}, timeout=300
    )
    assert done.returncode != 0
    assert "127.0.0.1:9" in done.stderr
    assert (toy / "corpus.txt").read_bytes() == before
    assert stage(toy)[0] == "unchanged"
