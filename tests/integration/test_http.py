"""``genre serve`` as a process: the command line's own predictions, through a death, another champion, and a stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import yaml

from components import tracking
from components.config import presets
from components.registry import promote
from components.results.record import TrainingRecord
from components.serving import packaging
from tests.support.constant_model import song
from tests.support.http_server import GenreServe
from tests.support.servers import LIMIT, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def server(trained: Path) -> Iterator[GenreServe]:
    """The served champion of a workspace, in two processes."""
    document = yaml.safe_load(presets.compose("demo"))
    document["models"] = {"mlp": document["models"]["mlp"]}
    workspace = trained.parent
    (workspace / "params.yaml").write_text(yaml.safe_dump(document))
    champion(workspace)
    served = GenreServe(workspace)
    served.start(variables={"GENRE_SERVE_WORKERS": "2", "GENRE_SERVE_REFRESH": "0.2"})
    yield served
    served.stop()


def champion(workspace: Path) -> str:
    """Log the trained model, make it champion, and return its address."""
    run_id = packaging.ensure_logged("mlp")
    client = tracking.connect()
    record = TrainingRecord.read(workspace / "data/models/mlp")
    version = promote.register(client, run_id, registered_model="genre", record=record)
    client.set_registered_model_alias("genre", promote.CHAMPION, version)
    return f"models:/genre/{version}"


def until(server: GenreServe, condition: Callable[[], bool]) -> None:
    assert server.process is not None
    wait_until(condition, process=server.process, output=server.output)


def test_a_served_model_s_life(server: GenreServe, tmp_path: Path) -> None:
    songs = [song(tmp_path / f"{pitch}.flac", pitch=pitch) for pitch in (220.0, 440.0, 880.0)]
    (tmp_path / "notes.mp3").write_text("no sound")

    # It says what the command line says, to the last digit.
    answer = server.predict(*songs, tmp_path / "notes.mp3")
    assert answer.status_code == 200
    printed = subprocess.run(
        [sys.executable, "-m", "flows", "predict", "--json", "--timeline", *map(str, songs)],
        cwd=server.folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    expected = json.loads(printed.stdout)
    assert answer.json()["model"] == expected["model"]
    for found, wanted in zip(answer.json()["songs"], expected["songs"], strict=False):
        assert found == wanted | {"file": Path(wanted["file"]).name}
    assert answer.json()["songs"][3]["status"] == 415

    # A process that is killed in the middle costs no request.
    with ThreadPoolExecutor(4) as clients:
        waiting = [clients.submit(server.predict, *songs) for _ in range(8)]
        server.workers[0].kill()
        answers = [one.result() for one in waiting]
    assert [one.status_code for one in answers] == [200] * 8
    assert all(one.json()["songs"] == answer.json()["songs"][:3] for one in answers)
    until(server, lambda: server.metric("genre_workers") == 2)
    assert server.metric("genre_worker_restarts_total") >= 1

    # Another champion serves without a request lost.
    client = tracking.connect()
    first = client.get_model_version_by_alias("genre", promote.CHAMPION)
    version = client.create_model_version("genre", first.source, first.run_id, tags=first.tags).version
    lost: list[int] = []
    ended = threading.Event()

    def go_on() -> None:
        while not ended.is_set():
            lost.append(server.predict(songs[0]).status_code)

    thread = threading.Thread(target=go_on)
    thread.start()
    client.set_registered_model_alias("genre", promote.CHAMPION, version)
    until(server, lambda: server.predict(songs[0]).json()["model"]["uri"] == f"models:/genre/{version}")
    ended.set()
    thread.join()
    assert set(lost) == {200}

    # Asked to stop, it answers what it has, and its processes end with it.
    processes = server.workers
    with ThreadPoolExecutor(1) as clients:
        last = clients.submit(server.predict, *songs * 4)
        until(server, lambda: server.metric("genre_requests_in_progress") == 1)
        assert server.terminate() == 0
        assert len(last.result().json()["songs"]) == 12
    assert not psutil.wait_procs(processes, timeout=LIMIT)[1]


def test_processes_end_with_a_server_that_is_killed(server: GenreServe) -> None:
    assert server.process is not None
    processes = server.workers
    assert len(processes) == 2
    os.kill(server.process.pid, signal.SIGKILL)
    assert not psutil.wait_procs(processes, timeout=LIMIT)[1]


def started(workspace: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flows", "serve", "--port", "0", *words]
    return subprocess.run(
        command, cwd=workspace, env=os.environ | variables, capture_output=True, text=True, check=False
    )


def test_whatever_keeps_it_from_starting_is_one_line_and_a_status(trained: Path) -> None:
    workspace = trained.parent
    document = yaml.safe_load(presets.compose("demo"))
    document["models"] = {"mlp": document["models"]["mlp"]}
    (workspace / "params.yaml").write_text(yaml.safe_dump(document))

    def refused(status: int, about: str, *words: str, **variables: str) -> None:
        done = started(workspace, *words, **variables)
        assert (done.returncode, done.stderr.count("\n")) == (status, 1), done.stderr
        assert about in done.stderr
        assert done.stderr.startswith("genre: ") and not done.stdout

    refused(1, "nothing was trained")
    run_id = packaging.ensure_logged("mlp")
    refused(1, "no model was promoted yet")
    refused(2, "models:/genre/7 does not exist", "--model", "models:/genre/7")
    refused(2, "'cnn' does not exist", "--model", "cnn")
    uri = champion(workspace)
    with socket.create_server(("127.0.0.1", 0)) as other:
        refused(1, "Address already in use", "--port", str(other.getsockname()[1]))
    refused(2, "65535", "--port", "65536")
    refused(
        1, "an address of this machine", "--host", "192.0.2.7", GENRE_SERVE_API_KEY="planted-7f3a91-secret"
    )
    refused(2, "GENRE_SERVE_API_KEY is not set", "--host", "0.0.0.0")
    refused(2, "16 or more", GENRE_SERVE_API_KEY="planted")
    refused(2, "GENRE_SERVE_WORKERS is 'two'", GENRE_SERVE_WORKERS="two")
    refused(1, "where no server answers (Connection refused)", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    refused(1, f"{workspace}/gone.db does not exist", MLFLOW_TRACKING_URI=f"sqlite:///{workspace}/gone.db")

    # Found by the processes that load it: files of the model that were altered, and that are gone.
    (network,) = (workspace / "mlruns/artifacts").rglob("*.tflite")
    network.write_bytes(network.read_bytes()[:-1] + b"x")
    refused(1, f"{uri}: its files", GENRE_SERVE_WORKERS="2")
    network.unlink()
    refused(1, uri)
    if os.geteuid() != 0:
        (workspace / "mlruns/mlflow.db").chmod(0)
        refused(1, "mlflow.db")
    assert run_id
