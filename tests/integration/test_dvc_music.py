"""Music of one's own that DVC keeps: experiments in copies of the project, push, pull, import, every kind of link."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from tests.integration.test_docs_commands import COMMANDS
from tests.integration.test_workflow import run, tiny, workspace

pytestmark = pytest.mark.slow
#: Times that the queue is looked at; one look takes a second.
LOOKS = 600


def commit(folder: Path, message: str) -> None:
    run("git", "add", "--all", ".", folder=folder)
    run("git", "commit", "--quiet", "-m", message, folder=folder)


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with music in data/raw/mine that DVC keeps, and a trained MLP."""
    folder = workspace(tmp_path_factory.mktemp("music") / "workspace")
    # DVC commits experiments as whoever git knows.
    for name, value in (("user.name", "a"), ("user.email", "a@b.c")):
        run("git", "config", name, value, folder=folder)
    (folder / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n", encoding="utf-8")
    run("genre", "stage", "synthesise", "synthetic", folder=folder)
    (folder / "data/raw/synthetic").rename(folder / "data/raw/mine")
    document = yaml.safe_load(tiny())
    document["synthetic"] = {}
    document["corpus"]["sources"] = {"audio": {"path": "data/raw/mine"}}
    for block in ("models", "features"):
        document[block] = dict(list(document[block].items())[:1])
    (folder / "params.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    run("dvc", "add", "data/raw/mine", folder=folder)
    commit(folder, "music")
    run("dvc", "repro", folder=folder)
    commit(folder, "trained")
    return folder


def tagged(folder: Path) -> dict[str | None, str]:
    """The experiments that runs of the project's store are of, and where their files lie."""
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlruns/mlflow.db'}")
    runs = client.search_runs([client.get_experiment_by_name("genre").experiment_id])
    return {one.data.tags.get("dvc.experiment"): one.info.artifact_uri for one in runs}


def patience(folder: Path) -> int:
    return int(yaml.safe_load((folder / "params.yaml").read_text())["training"]["patience"])


def test_experiments_in_copies_log_to_the_project_and_can_be_applied(music: Path) -> None:
    before = patience(music)
    run("dvc", "exp", "run", "--temp", "-n", "patient", "-S", "seed=31", folder=music)
    run(
        "dvc",
        "exp",
        "run",
        "--queue",
        "-n",
        "queued",
        "-S",
        "seed=32",
        "-S",
        "training.patience=4",
        folder=music,
    )
    run("dvc", "queue", "start", folder=music)
    for _ in range(LOOKS):
        if "Success" in (status := run("dvc", "queue", "status", folder=music)) or "Failed" in status:
            break
    assert "Success" in status, run("dvc", "queue", "logs", "queued", folder=music)[-3000:]
    assert patience(music) == before
    shown = json.loads(run("dvc", "exp", "show", "--json", folder=music))
    assert {one["name"] for found in shown for one in found["experiments"] or []} == {"patient", "queued"}
    known = tagged(music)
    assert set(known) == {None, "patient", "queued"}
    assert [uri for uri in known.values() if ".dvc" in uri] == []

    run("dvc", "exp", "apply", "queued", folder=music)
    assert patience(music) == 4
    assert json.loads(run("dvc", "status", "--json", folder=music)) == {}
    changed = json.loads(run("dvc", "params", "diff", "--json", folder=music))
    assert set(changed["params.yaml"]) == {"seed", "training.patience"}
    run("git", "checkout", "--quiet", ".", folder=music)
    run("dvc", "checkout", "--force", folder=music)


def contents(folder: Path) -> dict[str, str]:
    """The bits of all data, but of pages and of hidden folders, which DVC does not keep."""
    data = folder / "data"
    files = [path.relative_to(data) for path in sorted(data.rglob("*")) if path.is_file()]
    kept = [
        path for path in files if path.parts[0] != "docs" and not any(one[0] == "." for one in path.parts)
    ]
    return {str(path): hashlib.sha256((data / path).read_bytes()).hexdigest() for path in kept}


@pytest.mark.parametrize("kind", ["hardlink", "symlink", "copy", "reflink,copy"])
def test_every_kind_of_link_gives_the_same_bits_and_an_output_is_made_anew(music: Path, kind: str) -> None:
    before, lock = contents(music), (music / "dvc.lock").read_text()
    run("dvc", "config", "--local", "cache.type", kind, folder=music)
    run("dvc", "checkout", "--relink", folder=music)
    assert contents(music) == before
    # As links, these files are read-only, and of one inode with DVC's cache.
    for stage in ("corpus@audio", "features@mfcc_summary", "split"):
        run("dvc", "repro", "--force", "--single-item", stage, folder=music)
    assert contents(music) == before
    assert (music / "dvc.lock").read_text() == lock
    assert json.loads(run("dvc", "status", "--json", folder=music)) == {}


def test_music_is_pushed_pulled_and_imported(music: Path, tmp_path: Path) -> None:
    run("dvc", "remote", "add", "--force", "-d", "store", str(tmp_path / "store"), folder=music)
    run("dvc", "push", folder=music)
    commit(music, "remote")
    run("git", "clone", "--quiet", str(music), str(tmp_path / "second"), folder=tmp_path)
    run("dvc", "pull", folder=tmp_path / "second")
    assert contents(tmp_path / "second") == contents(music)
    assert "didn't change, skipping" in run("dvc", "repro", folder=tmp_path / "second")
    run("dvc", "import", str(music), "data/raw/mine", "-o", "data/raw/theirs", folder=tmp_path / "second")
    listed = run("git", "status", "--porcelain", "--untracked-files=all", folder=tmp_path / "second")
    assert "data/raw/theirs.dvc" in listed
    assert ".wav" not in listed and ".flac" not in listed


def test_the_page_s_import_works_in_a_fresh_clone_and_brings_later_states(tmp_path: Path) -> None:
    theirs = tmp_path / "music"
    song = theirs / "by-genre" / "jazz" / "one.wav"
    song.parent.mkdir(parents=True)
    for name in ("init", "config user.name a", "config user.email a@b.c"):
        run("git", *name.split(), folder=theirs)
    run("dvc", "init", "--quiet", folder=theirs)

    def add(content: str) -> None:
        song.unlink(missing_ok=True)
        song.write_text(content, encoding="utf-8")
        run("dvc", "add", "by-genre", folder=theirs)
        commit(theirs, content)

    add("first")
    mine = workspace(tmp_path / "mine")
    for name, value in (("user.name", "a"), ("user.email", "a@b.c")):
        run("git", "config", name, value, folder=mine)
    (mine / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n", encoding="utf-8")
    commit(mine, "project")
    run("git", "clone", "--quiet", str(mine), str(tmp_path / "fresh"), folder=tmp_path)
    imported, updated = (
        [word.replace("https://git.example.org/music.git", str(theirs)) for word in line.split()]
        for page, line in COMMANDS
        if page == "dvc.md" and line.startswith(("dvc import http", "dvc update"))
    )
    run(*imported, folder=tmp_path / "fresh")
    assert (tmp_path / "fresh" / "data/raw/theirs/jazz/one.wav").read_text(encoding="utf-8") == "first"
    add("later")
    run(*updated, folder=tmp_path / "fresh")
    assert (tmp_path / "fresh" / "data/raw/theirs/jazz/one.wav").read_text(encoding="utf-8") == "later"
