"""The whole workflow on a tiny synthetic corpus: run, run again, change something, lose the store, clone it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from components.config import presets
from components.config.params import parse
from tests.conftest import PROJECT
from tests.integration.test_docs_commands import COMMANDS

MODELS = ("mlp", "lstm")
BIN = Path(sys.executable).parent


def tiny() -> str:
    """The demo, cut to three genres of unequal size and two models."""
    document = yaml.safe_load(presets.compose("demo"))
    document["synthetic"] = {
        "synthetic": {"tracks_per_genre": {"classical": 14, "hiphop": 9, "metal": 11}, "seconds": 6.0}
    }
    document["segments"]["per_track"] = 2
    document["models"] = {name: document["models"][name] for name in MODELS}
    for name in MODELS:
        variant = document["models"][name]["variants"]["study"]
        variant |= {"tuning": None, "training": None}
        variant["start"] |= {"units_1": 64, "units_2": 32}
    document["features"] = {name: document["features"][name] for name in ("mfcc_summary", "mfcc_sequence")}
    document["features"]["mfcc_sequence"]["options"]["hop_length"] = 2048
    document["tuning"] |= {"max_trials": 0, "executions_per_trial": 2, "epochs": 2}
    document["training"] |= {"epochs": 10, "patience": 5}
    text = yaml.safe_dump(document, sort_keys=False)
    parse(text)
    return text


def workspace(folder: Path) -> Path:
    """A clone of the project with tiny params, under git, as DVC wants it."""
    folder.mkdir()
    for name in ("components", "flows"):
        (folder / name).symlink_to(PROJECT / name)
    for name in ("dvc.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(PROJECT / name, folder / name)
    (folder / ".dvc").mkdir()
    shutil.copy(PROJECT / ".dvc" / "config", folder / ".dvc" / "config")
    shutil.copytree(PROJECT / ".dvc" / "plots", folder / ".dvc" / "plots")
    (folder / "params.yaml").write_text(tiny(), encoding="utf-8")
    # Of data, a clone has what git keeps.
    (folder / "data" / "raw").mkdir(parents=True)
    shutil.copy(PROJECT / "data" / "raw" / ".gitkeep", folder / "data" / "raw")
    run("git", "init", "--quiet", folder=folder)
    return folder


def run(*words: str, folder: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    environment |= {"PATH": f"{BIN}{os.pathsep}{environment['PATH']}"}
    done = subprocess.run(
        words,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A workspace after ``genre run``, and what that printed."""
    folder = workspace(tmp_path_factory.mktemp("flow") / "workspace")
    return folder, run("genre", "run", folder=folder)


def metrics(folder: Path) -> dict[str, object]:
    return {name: json.loads((folder / "data/models" / name / "metrics.json").read_text()) for name in MODELS}


def test_one_command_ends_with_the_table_and_the_champion(finished: tuple[Path, str]) -> None:
    folder, printed = finished
    for name in MODELS:
        assert name in printed
    assert "Champion:" in printed
    assert (folder / "data/report/index.html").stat().st_size > 10_000
    assert (folder / "mlruns/mlflow.db").is_file()


def test_mlflow_remembers_each_model_once(finished: tuple[Path, str]) -> None:
    import mlflow

    folder, _ = finished
    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlruns/mlflow.db'}")
    runs = client.search_runs([client.get_experiment_by_name("genre").experiment_id])
    assert sorted(run.data.tags["model"] for run in runs) == sorted(MODELS)
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert all(run.inputs.dataset_inputs for run in runs)
    keys = [set(run.data.metrics) for run in runs]
    assert keys[0] == keys[1], "runs are compared on the same keys"


def test_the_best_on_validation_speaks(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    champion = json.loads((folder / "data/report/comparison.json").read_text())["best"]
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlruns/mlflow.db'}")
    versions = client.search_model_versions("name = 'genre'")
    assert [version.tags["model"] for version in versions] == [champion]
    assert client.get_model_version_by_alias("genre", "champion").tags["promotion"] == "passed"


def test_run_again_does_nothing(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    stamps = {path: path.stat().st_mtime_ns for path in (folder / "data").rglob("[!.]*") if path.is_file()}
    assert "up to date" in run("genre", "run", folder=folder)
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


def test_dvc_repro_has_nothing_left_to_do(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    assert json.loads(run("dvc", "status", "--json", folder=folder)) == {}
    printed = run("dvc", "repro", folder=folder)
    assert "Running stage" not in printed


def test_no_output_is_on_disk_twice(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    cached = {path.stat().st_ino for path in (folder / ".dvc/cache/files").rglob("*") if path.is_file()}
    for name in ("raw", "corpus", "features", "splits", "validation", "models", "report"):
        for path in (folder / "data" / name).rglob("*.*"):
            if path.is_file() and path.name not in ("index.json", ".gitkeep") and "docs" not in path.parts:
                assert path.stat().st_ino in cached, path


def test_a_changed_parameter_makes_stale_what_depends_on_it(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    path = folder / "params.yaml"
    before = path.read_text(encoding="utf-8")
    try:
        document = yaml.safe_load(before)
        document["models"]["mlp"]["variants"]["study"]["start"]["units_3"] = 48
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        stale = set(json.loads(run("dvc", "status", "--json", folder=folder)))
    finally:
        path.write_text(before, encoding="utf-8")
    assert {"tune@mlp", "train@mlp", "compare"} <= stale
    assert not {"features@mfcc_summary", "tune@lstm", "train@lstm", "split"} & stale


def test_dvc_commands_of_the_pages_run_to_their_end(finished: tuple[Path, str], tmp_path: Path) -> None:
    # In a copy: an experiment changes params.yaml and what was made from it.
    folder = tmp_path / "workspace"
    shutil.copytree(finished[0], folder, symlinks=True)
    # DVC commits experiments as whoever git knows.
    for name, value in (("user.name", "a"), ("user.email", "a@b.c")):
        run("git", "config", name, value, folder=folder)
    run("git", "add", "--all", folder=folder)
    run("git", "commit", "--quiet", "-m", "a", folder=folder)
    # A remote, a model of another preset, or music that DVC keeps (test_dvc_music.py), is not here.
    away = ("dvc add", "dvc pull", "dvc push", "dvc remote", "dvc unprotect")
    lines = {
        line
        for page, line in COMMANDS
        if line.startswith("dvc ") and not line.startswith(away) and page not in ("dvc.md", "tools.md")
    }
    lines = {line for line in lines if "models." not in line}
    assert "dvc exp run -S training.patience=4" in lines
    for line in sorted(lines):
        run(*line.split(), folder=folder)
    assert yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))["training"]["patience"] == 4
    assert "??" not in run("git", "status", "--porcelain", folder=folder)


def test_a_run_of_some_models_compares_those_that_are_up_to_date_and_dvc_knows(
    finished: tuple[Path, str], tmp_path: Path
) -> None:
    folder = tmp_path / "workspace"
    shutil.copytree(finished[0], folder, symlinks=True)
    params, report = folder / "params.yaml", folder / "data/report/comparison.json"
    before, whole = params.read_text(encoding="utf-8"), json.loads(report.read_text())
    document = yaml.safe_load(before)
    document["models"]["lstm"]["variants"]["study"]["start"]["units_1"] = 48
    params.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    printed = run("genre", "run", "--model", "mlp", folder=folder)
    assert "lstm is left out: it is not up to date from tune@lstm on" in " ".join(printed.split())
    assert list(json.loads(report.read_text())["models"]) == ["mlp"]
    assert "compare" in json.loads(run("dvc", "status", "--json", folder=folder))
    # With the old params everything is up to date again but the comparison, which DVC still has in its cache.
    params.write_text(before, encoding="utf-8")
    assert list(json.loads(run("dvc", "status", "--json", folder=folder))) == ["compare"]
    assert "compare: restored" in run("genre", "run", folder=folder)
    assert json.loads(report.read_text()) == whole


def test_two_clones_give_the_same_features_and_metrics(finished: tuple[Path, str], tmp_path: Path) -> None:
    """One by ``genre run``, whose stages are forked from a process with all imports; one by stages started anew."""
    first, _ = finished
    second = workspace(tmp_path / "clone")
    run("dvc", "repro", folder=second)
    for name in ("mfcc_summary", "mfcc_sequence"):
        one, two = (np.load(folder / "data/features" / name / "values.npy") for folder in (first, second))
        assert one.tobytes() == two.tobytes()
    assert metrics(first) == metrics(second)


def test_a_lost_store_is_rebuilt_without_training(finished: tuple[Path, str], tmp_path: Path) -> None:
    folder, _ = finished
    kept = folder / "mlruns"
    kept.rename(folder / "lost")
    try:
        assert "Champion:" in run("genre", "run", folder=folder)
        import mlflow

        client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlruns/mlflow.db'}")
        assert len(client.search_runs([client.get_experiment_by_name("genre").experiment_id])) == 2
    finally:
        shutil.rmtree(folder / "mlruns", ignore_errors=True)
        (folder / "lost").rename(kept)


def test_trials_are_added_to_a_finished_search(finished: tuple[Path, str], tmp_path: Path) -> None:
    folder = shutil.copytree(finished[0], tmp_path / "more", symlinks=True)
    executions = folder / "data/tuning/mlp/executions"
    before = {path.name: path.read_bytes() for path in executions.iterdir()}
    run("genre", "tune", "mlp", "--trials", "2", folder=folder)
    after = {path.name: path.read_bytes() for path in executions.iterdir()}
    assert len(after) == 6 and before.items() <= after.items()
    assert '"tune@lstm"' not in run("dvc", "status", "--json", folder=folder)
