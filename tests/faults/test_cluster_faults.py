"""A cluster whose processes die, come late, differ or lack something: the same bits as here, or one line that says why.

Schedulers and workers are processes of their own on loopback, in folders of their own.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

import components
from components.config.params import Params
from components.core.errors import ClusterError, MissingWeightsError, PretrainedError
from components.features.encoders import yamnet
from components.features.encoders.base import UNTRAINED
from components.features.pipeline import chunks
from components.features.pipeline import store as feature_store
from components.parallel import cluster, fingerprint
from components.stages import features as extraction
from components.stages import tune
from components.training import search
from tests.support.dask_cluster import DaskCluster, dask_cluster, killed
from tests.support.small_collection import make_params, params, project  # noqa: F401
from tests.support.small_project import build_small_project
from tests.unit.conftest import Genre, genre  # noqa: F401

#: A feature of signal processing, and one that an encoder makes.
FEATURES = ("mfcc_sequence", "yamnet_embedding")


@pytest.fixture(autouse=True)
def one_track_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "MAX_TRACKS", 1)
    monkeypatch.delenv(cluster.VARIABLE, raising=False)


@pytest.fixture
def dask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DaskCluster:
    with dask_cluster(tmp_path / "dask") as found:
        monkeypatch.setenv(cluster.VARIABLE, found.address)
        yield found


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Keys of the chunks that were cached, in order; ``then`` maps how many there are to what happens then."""
    noted: dict[str, Any] = {"keys": [], "then": {}}
    save = chunks.save

    def noting(chunk: chunks.Chunk, **more: Any) -> None:
        save(chunk, **more)
        noted["keys"].append(chunk.key)
        noted["then"].pop(len(noted["keys"]), lambda: None)()

    monkeypatch.setattr(chunks, "save", noting)
    return noted


def content(name: str, root: Path) -> dict[str, str]:
    folder = feature_store.folder(name, root=root)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def extracted_here(name: str, given: Params, root: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What extraction on this machine writes; nothing of it is left."""
    with monkeypatch.context() as here:
        here.delenv(cluster.VARIABLE, raising=False)
        extraction.run(name, params=given, root=root, processes=1)
    found = content(name, root)
    shutil.rmtree(root / "features")
    return found


@pytest.mark.parametrize("name", FEATURES)
def test_a_worker_is_killed_in_the_middle(
    name: str,
    project: Path,  # noqa: F811
    params: Params,  # noqa: F811
    dask: DaskCluster,
    saved: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = extracted_here(name, params, project, monkeypatch)
    saved["keys"].clear()
    first, _ = dask.worker(), dask.worker()
    saved["then"] = {3: lambda: killed(first)}
    extraction.run(name, params=params, root=project)
    assert first.poll() is not None
    assert content(name, project) == here
    assert len(saved["keys"]) == 12


def test_a_worker_that_joins_late_does_the_rest(
    project: Path,  # noqa: F811
    params: Params,  # noqa: F811
    dask: DaskCluster,
    saved: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = extracted_here("mfcc_sequence", params, project, monkeypatch)
    saved["keys"].clear()
    first = dask.worker()
    saved["then"] = {2: lambda: (dask.worker(), killed(first))}
    extraction.run("mfcc_sequence", params=params, root=project)
    assert content("mfcc_sequence", project) == here


def test_the_scheduler_is_killed_and_the_same_command_goes_on(
    project: Path,  # noqa: F811
    params: Params,  # noqa: F811
    dask: DaskCluster,
    saved: dict[str, Any],
    genre: Genre,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    here = extracted_here("mfcc_sequence", params, project, monkeypatch)
    saved["keys"].clear()
    (project.parent / "params.yaml").write_text(yaml.safe_dump(params.model_dump(mode="json")))
    dask.worker()
    saved["then"] = {3: lambda: killed(dask.scheduler)}
    done = genre("stage", "features", "mfcc_sequence", folder=project.parent)
    assert done.returncode == 1
    *_, line = done.stderr.strip().splitlines()
    assert line.startswith("genre: the scheduler ") and dask.address in line
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
    kept = list(saved["keys"])
    assert 3 <= len(kept) < 12
    with dask_cluster(tmp_path / "again", workers=1) as again:
        monkeypatch.setenv(cluster.VARIABLE, again.address)
        assert genre("stage", "features", "mfcc_sequence", folder=project.parent).returncode == 0
    assert len(saved["keys"]) == len(set(saved["keys"])) == 12
    assert content("mfcc_sequence", project) == here


@pytest.fixture
def other_version(tmp_path: Path) -> dict[str, str]:
    """An environment whose code differs in one file."""
    copy = tmp_path / "other" / "components"
    shutil.copytree(Path(components.__path__[0]), copy)
    changed = copy / "features" / "mfcc_sequence.py"
    changed.write_text(changed.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    return {"PYTHONPATH": str(copy.parent)}


def test_a_worker_with_other_code_is_named_before_work_begins(
    project: Path,  # noqa: F811
    params: Params,  # noqa: F811
    dask: DaskCluster,
    saved: dict[str, Any],
    other_version: dict[str, str],
) -> None:
    dask.worker()
    dask.worker(environment=other_version)
    with pytest.raises(
        ClusterError, match=rf"^worker tcp://\S+ differs: {fingerprint.CODE} \w+ \(\w+ here\)[^\n]*$"
    ):
        extraction.run("mfcc_sequence", params=params, root=project)
    assert saved["keys"] == []


def test_a_worker_with_other_code_that_joins_late_is_named_too(
    project: Path,  # noqa: F811
    params: Params,  # noqa: F811
    dask: DaskCluster,
    saved: dict[str, Any],
    other_version: dict[str, str],
) -> None:
    first = dask.worker()
    saved["then"] = {2: lambda: (dask.worker(environment=other_version), killed(first))}
    with pytest.raises(ClusterError, match=rf"^worker tcp://\S+ differs: {fingerprint.CODE}"):
        extraction.run("mfcc_sequence", params=params, root=project)
    assert 2 <= len(saved["keys"]) < 12


def test_a_worker_without_memory_is_one_line(
    project: Path,  # noqa: F811
    params: Params,  # noqa: F811
    dask: DaskCluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cluster, "WORKERLESS", 10.0)
    dask.worker(
        "--memory-limit",
        "170MB",
        nanny=True,
        environment={"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"},
    )
    with pytest.raises(ClusterError, match=r"^[^\n]*memory[^\n]*$"):
        extraction.run("mfcc_sequence", params=params, root=project)
    dask.worker()
    extraction.run("mfcc_sequence", params=params, root=project)


@pytest.mark.parametrize(("allowed", "error"), [(False, MissingWeightsError), (True, PretrainedError)])
def test_a_worker_without_an_encoders_weights_is_named(
    allowed: bool,
    error: type[Exception],
    project: Path,  # noqa: F811
    make_params: Callable[..., Params],  # noqa: F811
    dask: DaskCluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Untrained weights on a worker, where this machine has others, would be other values."""
    weights = tmp_path / "yamnet.tflite"
    yamnet.export(UNTRAINED, options=[], to=weights)
    given = make_params(pretrained={"yamnet": str(weights)}, allow_untrained_encoders=allowed)
    extracted_here("yamnet_embedding", given, project, monkeypatch)
    # This process has read it; a worker finds nothing.
    weights.unlink()
    dask.worker()
    with pytest.raises(error, match=r"^worker tcp://\S+: pretrained\.yamnet is [^\n]*$"):
        extraction.run("yamnet_embedding", params=given, root=project)


def executions(root: Path) -> dict[str, Any]:
    folder = root / "tuning" / "mlp" / "executions"
    found = {path.name: json.loads(path.read_text()) for path in folder.iterdir()}
    return {
        name: {key: value for key, value in one.items() if key != "seconds"} for name, one in found.items()
    }


def fits_killed(worker: subprocess.Popen[bytes]) -> None:
    """Kill the processes in which a worker fits."""
    for process in psutil.Process(worker.pid).children():
        process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("kill", [killed, fits_killed])
def test_a_worker_or_its_fits_are_killed_in_the_middle_of_a_search(
    kill: Callable[[subprocess.Popen[bytes]], None],
    tmp_path: Path,
    make_params: Callable[..., Params],  # noqa: F811
    dask: DaskCluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = make_params(tuning={"max_trials": 2, "executions_per_trial": 2, "epochs": 2})
    roots = [tmp_path / "here", tmp_path / "there"]
    for root in roots:
        build_small_project(root, seed=5)
    with monkeypatch.context() as here:
        here.delenv(cluster.VARIABLE)
        best = tune.run("mlp", params=given, root=roots[0])
    first, _ = dask.worker(), dask.worker()
    ran: list[str] = []
    write = search.atomic.write_json

    def writing(target: Path, value: Any) -> None:
        write(target, value)
        if target.parent.name == "executions":
            ran.append(target.name)
            if len(ran) == 1:
                kill(first)

    monkeypatch.setattr(search.atomic, "write_json", writing)
    assert tune.run("mlp", params=given, root=roots[1]) == best
    assert (first.poll() is not None) == (kill is killed)
    assert sorted(ran) == sorted(set(ran))
    assert executions(roots[1]) == executions(roots[0])
    for name in ("best.json", "trials.csv"):
        assert (roots[1] / "tuning/mlp" / name).read_bytes() == (roots[0] / "tuning/mlp" / name).read_bytes()
