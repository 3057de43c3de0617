"""``genre reproduce`` with no music at all: it composes its own, runs to the end, and again does nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT

BIN = Path(sys.executable).parent
ONLY = [word for name in ("mlp", "mlp_unscaled", "yamnet_best", "vgg16_raw") for word in ("--only", name)]


def genre(*words: str, folder: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    environment |= {"PATH": f"{BIN}{os.pathsep}{environment['PATH']}", "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        ["genre", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{words}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.mark.slow
def test_a_clone_with_nothing_to_download_runs_to_the_end_and_is_marked(tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    (folder / "study").mkdir(parents=True)
    for name in ("components", "flows"):
        (folder / name).symlink_to(PROJECT / name)
    for name in (
        "dvc.yaml",
        "params.yaml",
        ".dvcignore",
        ".gitignore",
        "study/dvc.yaml",
        "study/params.yaml",
    ):
        shutil.copy(PROJECT / name, folder / name)
    (folder / ".dvc").mkdir()
    shutil.copy(PROJECT / ".dvc" / "config", folder / ".dvc" / "config")
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)

    printed = genre("reproduce", "--budget", "quick", *ONLY, folder=folder)
    assert "pictures: not found" in printed
    results = folder / "data" / "study" / "results.json"
    first = json.loads(results.read_text(encoding="utf-8"))
    rows = first["experiments"]
    assert {name for name, row in rows.items() if row["figures"]} == {"mlp", "mlp_unscaled", "yamnet_best"}
    assert rows["vgg16_raw"]["reason"] == "needs the pictures"
    assert rows["yamnet_best"]["untrained"]
    assert rows["mlp"]["figures"]["kfold"]["fits"] == 2
    assert rows["mlp"]["figures"]["kfold"]["song_accuracy"] > 0.5  # ten genres that differ by rule
    page = (folder / "data" / "study" / "index.html").read_text(encoding="utf-8")
    assert "No music was found" in page
    assert "untrained encoder" in page

    again = genre("reproduce", "--budget", "quick", *ONLY, folder=folder)
    assert "3 experiments up to date" in again
    assert json.loads(results.read_text(encoding="utf-8")) == first
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlruns/mlflow.db'}")
    runs = client.search_runs([client.get_experiment_by_name("genre-study").experiment_id])
    assert sorted(run.info.run_name for run in runs) == ["mlp", "mlp_unscaled", "report", "yamnet_best"]
