"""``mlflow models serve``: good bodies are answered, bad ones refused with their reason, and the server stays."""

from __future__ import annotations

import base64
import itertools
import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from components import tracking
from components.registry import promote
from components.results.record import TrainingRecord
from components.serving import packaging
from components.serving.packaging import example_song
from components.serving.pyfunc_model import LARGEST_REQUEST
from components.stages import train, tune
from tests.conftest import small
from tests.support.constant_model import RATE, song
from tests.support.requests import as_request
from tests.support.small_project import GENRES, build_small_project

pytestmark = pytest.mark.slow

#: Seconds for the server to import TensorFlow and load the model.
START = 240


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, psutil.Process]]:
    """The served champion, with its address, and its process."""
    import mlflow

    root, before = tmp_path_factory.mktemp("served"), Path.cwd()
    os.chdir(root)
    build_small_project(root / "data", seed=0)
    params = small()
    tune.run("mlp", params=params)
    train.run("mlp", params=params)
    run_id = packaging.ensure_logged("mlp")
    record = TrainingRecord.read(root / "data/models/mlp")
    client = tracking.connect()
    version = promote.register(client, run_id, registered_model="genre", record=record)
    client.set_registered_model_alias("genre", promote.CHAMPION, version)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    away = root / "elsewhere"
    away.mkdir()
    environment = {
        **{key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        "MLFLOW_TRACKING_URI": f"sqlite:///{root / tracking.STORE / 'mlflow.db'}",
        # On a busy machine 200 MB take longer than the minute that MLflow gives a request.
        "MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT": "600",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        # uvicorn is looked for on PATH.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", "models:/genre@champion"]
    command += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with (root / "server.log").open("wb") as log:
        process = psutil.Popen(command, cwd=away, env=environment, stdout=log, stderr=log)
        address = f"http://127.0.0.1:{port}"
        try:
            deadline = time.monotonic() + START
            while not _answers(address):
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail((root / "server.log").read_text()[-3000:])
                time.sleep(0.5)
            yield f"{address}/invocations", process
        finally:
            for child in [*process.children(recursive=True), process]:
                child.terminate()
            process.wait(30)
            os.chdir(before)
            mlflow.set_tracking_uri(None)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/ping", timeout=5) as response:
            return response.status == 200
    except OSError:
        return False


def post(address: str, body: bytes) -> tuple[int, str]:
    request = urllib.request.Request(address, data=body, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=600) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def body(*songs: bytes) -> bytes:
    records = [record for song in songs for record in as_request(song)["dataframe_records"]]
    return json.dumps({"dataframe_records": records}).encode()


def records(*songs: object) -> bytes:
    return json.dumps({"dataframe_records": [{"audio": song} for song in songs]}).encode()


def ten_hours(folder: Path) -> bytes:
    """A FLAC file whose header claims ten hours: the last 36 bits of its first facts count samples."""
    sound = bytearray(song(folder / "long.flac").read_bytes())
    facts = int.from_bytes(sound[18:26], "big") >> 36 << 36
    sound[18:26] = (facts | 10 * 3600 * RATE).to_bytes(8, "big")
    return bytes(sound)


def truncated(folder: Path) -> bytes:
    whole = song(folder / "whole.flac").read_bytes()
    return whole[: len(whole) // 3]


def test_songs_are_answered_in_order(server):
    status, response = post(server[0], body(example_song(seconds=7.0), example_song(seconds=3.2)))
    rows = json.loads(response)["predictions"]
    assert status == 200
    assert [len(row["timeline"]) for row in rows] == [2, 1]
    for row in rows:
        shares = {key: value for key, value in row.items() if key.startswith("probability.")}
        assert list(shares) == [f"probability.{genre}" for genre in GENRES]
        assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
        assert row["genre"] == max(shares, key=shares.get).removeprefix("probability.")


def test_of_a_song_that_was_cut_off_the_rest_is_predicted_and_what_is_lost_stated(server, tmp_path):
    status, response = post(server[0], body(example_song(), truncated(tmp_path)))
    assert status == 200
    whole, cut = json.loads(response)["predictions"]
    assert (whole["lost"], whole["damage"]) == (0, "")
    assert cut["lost"] > 0
    assert cut["damage"]


#: What cannot be answered: the body, made in a folder of its own, and a word of the reason.
BAD: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "no-body": (lambda _: b"", ""),
    "half-json": (lambda _: b"{", "JSON"),
    "other-json": (lambda _: b'{"song": 1}', ""),
    "other-column": (lambda _: b'{"dataframe_records": [{"sound": "x"}]}', "audio"),
    "no-rows": (lambda _: b'{"dataframe_records": []}', ""),
    "null": (lambda _: records(None), ""),
    "number": (lambda _: records(5), ""),
    "path": (lambda _: records("/etc/hostname"), ""),
    "empty-song": (lambda _: body(b""), "song 0: empty"),
    "text": (lambda _: body(b"only text"), "song 0: not audio"),
    "ten-hours": (lambda folder: body(ten_hours(folder)), "36000.00 s by its header, the limit"),
    "half-a-second": (lambda _: body(example_song(seconds=0.5)), "1 s or more"),
    "too-large": (lambda _: body(bytes(2 * LARGEST_REQUEST)), "more than a request may hold"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_body_is_refused_with_its_reason(server, tmp_path, kind):
    make, reason = BAD[kind]
    status, response = post(server[0], make(tmp_path))
    assert 400 <= status < 500, (status, response[-600:])
    assert reason in response
    assert "Traceback" not in response


def test_two_hundred_good_and_bad_mixed_leave_it_up_and_its_memory_flat(server, tmp_path):
    address, process = server
    good, expected = body(example_song()), post(address, body(example_song()))[1]
    refused = {kind: make(tmp_path) for kind, (make, _) in BAD.items()}
    # Every other one is good; the bad kinds take turns.
    mixed = [one for kind in itertools.islice(itertools.cycle(refused), 100) for one in ("good", kind)]
    sent = refused | {"good": good}

    def memory() -> int:
        return sum(each.memory_info().rss for each in [process, *process.children(recursive=True)])

    with ThreadPoolExecutor(8) as pool:
        # Each kind more than once and every thread at work: what a server takes for good.
        list(pool.map(lambda kind: post(address, sent[kind]), mixed[:100]))
        before = memory()
        found = list(pool.map(lambda kind: post(address, sent[kind]), mixed))
    for kind, (status, response) in zip(mixed, found, strict=True):
        if kind == "good":
            assert (status, response) == (200, expected)
        else:
            assert 400 <= status < 500, (kind, status, response[-600:])
            assert BAD[kind][1] in response
    # Seven of them held 200 MB: what is kept is not one of each.
    assert memory() - before < 300 * 2**20
    assert post(address, good) == (200, expected)


def test_the_body_is_base64_of_the_files_bytes():
    sound = example_song(seconds=1.0)
    (record,) = as_request(sound)["dataframe_records"]
    assert base64.b64decode(record["audio"]) == sound
