"""Nothing from outside runs, nothing listens beyond this machine, nothing tells anybody, and no secret is written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from components.core.errors import RegistryError
from components.serving import safe_keras
from tests.conftest import PROJECT

# --- model files


def model(folder: Path, *layers: Any) -> Path:
    import keras

    made = keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(2)])
    made.save(folder / "model.keras")
    return folder / "model.keras"


def rewritten(path: Path, **files: bytes) -> Path:
    """The same archive with files of it replaced, or added."""
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (kept | files).items():
            archive.writestr(name, content)
    return path


def with_layer(path: Path, **layer: Any) -> Path:
    """The same model, its configuration naming one more layer."""
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
    config["config"]["layers"].append(layer)
    return rewritten(path, **{"config.json": json.dumps(config).encode()})


def test_a_plain_model_is_loaded_and_answers_as_before(tmp_path: Path) -> None:
    import keras
    import numpy as np

    path = model(tmp_path, keras.layers.Dense(3, activation="relu"))
    x = np.ones((2, 4), dtype=np.float32)
    np.testing.assert_array_equal(
        safe_keras.load(path).predict(x, verbose=0), keras.saving.load_model(path).predict(x, verbose=0)
    )


REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a Lambda layer": (
        lambda folder: model(folder, __import__("keras").layers.Lambda(lambda x: x + 1)),
        "`Lambda` layer",
    ),
    "a saved model within": (
        lambda folder: with_layer(model(folder), module="keras.layers", class_name="TFSMLayer", config={}),
        "`TFSMLayer`",
    ),
    "a class from elsewhere": (
        lambda folder: with_layer(model(folder), module="os", class_name="system", config={}),
        "class 'system'",
    ),
    "a class from a module that only looks like Keras": (
        lambda folder: with_layer(model(folder), module="keras_evil.layers", class_name="Dense", config={}),
        "class 'Dense'",
    ),
    "a path out of it": (
        lambda folder: rewritten(model(folder), **{"../../.bashrc": b"echo"}),
        "holds a path out of itself",
    ),
    "an absolute path": (
        lambda folder: rewritten(model(folder), **{"/etc/cron.d/x": b"echo"}),
        "holds a path out of itself",
    ),
    "an .h5 file": (lambda folder: model(folder).rename(folder / "model.h5"), r"\.h5 files are not loaded"),
    "a pickle": (lambda folder: _written(folder / "model.pkl", b"\x80\x04."), r"\.pkl files are not loaded"),
    "a pickle named .keras": (lambda folder: _written(folder / "m.keras", b"\x80\x04."), "not a zip file"),
    "an h5 file named .keras": (
        lambda folder: _written(folder / "m.keras", b"\x89HDF\r\n"),
        "not a zip file",
    ),
    "half a file": (
        lambda folder: _written(folder / "m.keras", model(folder).read_bytes()[:900]),
        "not a zip file",
    ),
    "no configuration": (lambda folder: _zip(folder / "m.keras", x=b""), "config.json"),
    "a configuration that is no JSON": (
        lambda folder: rewritten(model(folder), **{"config.json": b"{"}),
        "safe mode: Expecting",
    ),
    "no file": (lambda folder: folder / "gone.keras", "does not exist"),
}


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _zip(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("case", REFUSED)
def test_a_model_file_that_could_run_code_is_refused_with_its_reason(tmp_path: Path, case: str) -> None:
    make, reason = REFUSED[case]
    with pytest.raises(RegistryError, match=reason):
        safe_keras.load(make(tmp_path))


def test_everywhere_a_model_is_loaded_its_file_is_looked_into() -> None:
    loading = {
        str(path.relative_to(PROJECT)): path.read_text(encoding="utf-8")
        for folder in ("components", "flows")
        for path in (PROJECT / folder).rglob("*.py")
        if re.search(r"load_model\(|GenreModel\.load\(", path.read_text(encoding="utf-8"))
    }
    del loading["components/serving/safe_keras.py"]
    del loading["components/serving/pyfunc_model.py"]  # MLflow calls it, on files that its caller has checked
    assert len(loading) >= 2
    assert [path for path, text in loading.items() if "integrity.checked(" not in text] == []


def test_nothing_is_unpickled_but_what_a_cluster_s_own_processes_send() -> None:
    for folder in ("components", "flows"):
        for path in (PROJECT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            # SECURITY.md: whoever reaches a cluster can run anything on it, by Dask's own pickles too.
            assert path.parent.name == "parallel" or "import pickle" not in text, path
            assert "joblib" not in text, path
            assert "allow_pickle=True" not in text, path
            assert not re.search(
                r"unsafe_load|full_load|UnsafeLoader|yaml\.Loader|YAML\(typ=.unsafe", text
            ), path
            assert not re.search(r"(?<![\w.])(eval|exec)\(", text), path


# --- what listens, and what tells


def test_servers_are_started_on_loopback_with_their_checks_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from components import tracking
    from components.tracking import ui
    from flows.orchestration import server

    started: list[list[str]] = []
    real = subprocess.Popen

    def note(command: list[str], **_: Any) -> subprocess.Popen[bytes]:
        started.append(command)
        return real([sys.executable, "-c", ""])

    monkeypatch.setattr(ui.subprocess, "Popen", note)
    empty = SimpleNamespace(get_experiment_by_name=lambda _name: None)
    monkeypatch.setattr(tracking, "connect", lambda: empty)
    monkeypatch.setattr(ui.mlflow, "get_tracking_uri", lambda: "sqlite:///mlruns/mlflow.db")
    ui.serve(port=0)
    (command,) = started
    assert command[command.index("--host") + 1] == "127.0.0.1"
    # Either of these, or a list of hosts that are let in, would switch MLflow's check of the Host header off.
    assert not {
        "--gunicorn-opts",
        "--waitress-opts",
        "--allowed-hosts",
        "--disable-security-middleware",
    } & set(command)
    assert server.HOST == "127.0.0.1"


def test_no_file_of_ours_listens_to_the_network() -> None:
    for pattern in (
        "components/**/*.py",
        "flows/**/*.py",
        "docs/*.md",
        "README.md",
        "Makefile",
        "prefect.yaml",
    ):
        for path in PROJECT.glob(pattern):
            text = path.read_text(encoding="utf-8")
            assert "0.0.0.0" not in text, path
            assert "share=True" not in text, path


#: What each dependency reads, and what switches its telemetry off.
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DVC_NO_ANALYTICS": "true",
    "GX_ANALYTICS_ENABLED": "false",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
}


def test_telemetry_is_off_and_pickles_are_refused_in_every_process_we_start() -> None:
    code = "import os, json, flows.cli; print(json.dumps(dict(os.environ)))"
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT)}
    asked = subprocess.run([sys.executable, "-c", code], env=bare, capture_output=True, text=True, check=True)
    told = json.loads(asked.stdout)
    assert {name: told.get(name) for name in QUIET} == QUIET


def test_the_dependencies_understand_what_they_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    from dvc.analytics import is_enabled
    from gradio.analytics import analytics_enabled
    from huggingface_hub import constants
    from mlflow.environment_variables import MLFLOW_ALLOW_PICKLE_DESERIALIZATION
    from mlflow.telemetry.utils import is_telemetry_disabled

    assert not is_enabled()
    assert not analytics_enabled()
    assert constants._is_true(os.environ["HF_HUB_DISABLE_TELEMETRY"])
    assert is_telemetry_disabled()
    assert MLFLOW_ALLOW_PICKLE_DESERIALIZATION.get() is False


def test_dvcs_analytics_are_off_in_the_project_itself() -> None:
    assert "analytics = false" in (PROJECT / ".dvc/config").read_text()


def test_a_prefect_server_of_ours_listens_on_loopback_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.orchestration import server

    started: list[list[str]] = []

    def note(command: list[str], **_: Any) -> SimpleNamespace:
        started.append(command)
        return SimpleNamespace(output=[])

    monkeypatch.setattr(server, "Supervised", note)
    server.TemporaryServer(tmp_path)
    (command,) = started
    assert command[command.index("--host") + 1] == "127.0.0.1"


# --- secrets

SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "planted-aws-7f3a91",
    "MLFLOW_TRACKING_PASSWORD": "planted-mlflow-7f3a91",
    "PREFECT_API_KEY": "planted-prefect-7f3a91",
    "HF_TOKEN": "planted-hub-7f3a91",
    "GENRE_TOKEN": "planted-own-7f3a91",
    "DATABASE_URL": "postgresql://me:planted-url-7f3a91@db/x",
}
MARK = b"7f3a91"


def holding(folder: Path) -> list[str]:
    """Files that hold any of the secrets."""
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and MARK in path.read_bytes()
    ]


@pytest.mark.slow
def test_secrets_of_the_environment_are_in_nothing_that_is_written(tmp_path: Path) -> None:
    from tests.integration.test_workflow import BIN, workspace

    folder = workspace(tmp_path / "workspace")
    told = {
        key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "MLFLOW_"))
    } | SECRETS
    # Nobody is asked with these: no server is named.
    told |= {"PATH": f"{BIN}{os.pathsep}{told['PATH']}"}
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    address = "https://me:planted-git-7f3a91@example.org/x.git"
    subprocess.run(["git", "remote", "add", "origin", address], cwd=folder, check=True)
    done = subprocess.run(["genre", "run"], cwd=folder, env=told, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert MARK not in done.stdout + done.stderr
    assert [name for name in holding(folder) if name != ".git/config"] == []


def test_no_key_of_params_asks_for_a_secret() -> None:
    text = yaml.safe_load((PROJECT / "params.yaml").read_text())
    names = json.dumps(text).lower()
    assert not any(word in names for word in ("password", "secret", "token", "api_key"))


# --- dependencies


def test_the_lock_holds_a_hash_of_every_package_and_no_address() -> None:
    text = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    packages = [entry for entry in re.split(r"\n(?=\S)", text.strip()) if not entry.startswith("#")]
    assert len(packages) > 100
    for entry in packages:
        assert re.match(r"[\w.\[\]-]+==[\w.]+", entry), entry[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry[:80]
    assert "://" not in text
    assert "--index-url" not in text


#: The first release of each without the fault (deserialisation in a shared temporary folder; TFSMLayer in safe mode).
SAFE_SINCE = {"mlflow": (3, 11), "keras": (3, 13, 2)}


@pytest.mark.parametrize("name", SAFE_SINCE)
def test_releases_with_known_holes_are_not_locked(name: str) -> None:
    text = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    (version,) = re.findall(rf"^{name}==([\d.]+)", text, re.MULTILINE)
    assert tuple(int(part) for part in version.split(".")) >= SAFE_SINCE[name]
