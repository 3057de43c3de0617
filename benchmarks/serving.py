"""Requests a second of ``genre serve`` beside ``mlflow models serve``, with the same model, songs and clients.

``python -m benchmarks.serving`` in a workspace where `genre run` has finished; ``--songs FOLDER`` takes real songs.
Eight clients send 500 songs of all formats, 50 of them bad, one a request; in the middle one process of ``genre serve``
is killed. Every answer must be the right one or name its error, and memory must stay. Then both servers, one at a time,
get the good WAV songs in turn.
"""

from __future__ import annotations

import argparse
import base64
import itertools
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import psutil
import requests
import soundfile

from benchmarks import side_by_side
from components.core import processes

#: Clients at once, songs, and bad ones among them.
CLIENTS, SONGS, BAD = 8, 500, 50
#: Seconds of a composed song.
SECONDS = 12.0
#: Seconds for a server to start, or to give an answer, on a busy machine.
LIMIT = 300.0
#: How libsndfile writes a song, by suffix.
WRITTEN = {"wav": "PCM_16", "flac": "PCM_16", "mp3": None, "ogg": None, "aiff": "PCM_16", "au": "PCM_16"}
#: What PyAV writes beside: container, by its encoder.
BY_FFMPEG = {"m4a": "aac", "wma": "wmav2", "opus": "libopus", "mka": "flac"}


def compose(folder: Path) -> list[Path]:
    """Write a song a style in each format."""
    from components.corpus.synthetic import composition
    from components.corpus.synthetic.instruments import SAMPLE_RATE
    from components.corpus.synthetic.styles import STYLES

    files = []
    for genre in STYLES:
        wave = composition.compose(genre, seconds=SECONDS, rng=np.random.default_rng(0)).astype(np.float32)
        for suffix, subtype in WRITTEN.items():
            files.append(folder / f"{genre}.{suffix}")
            soundfile.write(files[-1], wave, SAMPLE_RATE, subtype=subtype)
        for suffix, codec in BY_FFMPEG.items():
            files.append(folder / f"{genre}.{suffix}")
            encode(folder / f"{genre}.wav", files[-1], codec=codec)
    return files


def encode(source: Path, target: Path, *, codec: str) -> None:
    import av

    with av.open(str(source)) as read, av.open(str(target), "w") as write:
        stream = write.add_stream(codec, rate=48_000 if codec == "libopus" else 44_100, layout="mono")
        stream.bit_rate = 96_000
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=stream.rate)
        for frame in itertools.chain(read.decode(audio=0), [None]):
            for part in resampler.resample(frame):
                write.mux(stream.encode(part))
        write.mux(stream.encode(None))


def spoil(folder: Path, good: Sequence[Path]) -> dict[Path, set[int]]:
    """Write files that are not songs, each with the statuses that are right for it."""
    wav = good[0].read_bytes()
    contents = {
        "empty.wav": (b"", {415, 422}),
        "text.mp3": (b"no sound " * 1000, {415}),
        "noise.ogg": (np.random.default_rng(0).bytes(100_000), {415, 422}),
        "header.wav": (wav[:44], {415, 422}),
        "short.wav": (wav[:44] + wav[44:4044], {422}),
    }
    for name, (content, _) in contents.items():
        (folder / name).write_bytes(content)
    return {folder / name: statuses for name, (_, statuses) in contents.items()}


@contextmanager
def served(command: list[str], *, ready: str, variables: dict[str, str] | None = None):  # type: ignore[no-untyped-def]
    """Run a server until the block ends."""
    environment = {
        **os.environ,
        **(variables or {}),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    with tempfile.TemporaryFile() as log:
        server = psutil.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            limit = time.monotonic() + LIMIT
            while not reached(ready):
                if server.poll() is not None or time.monotonic() > limit:
                    log.seek(0)
                    raise RuntimeError(log.read().decode()[-3000:])
                time.sleep(0.2)
            yield server
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(LIMIT)


class Connections:
    """A connection a client, which stays."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._of = threading.local()

    def post(self, path: str, body: bytes, *, content_type: str) -> None:
        if not hasattr(self._of, "own"):
            self._of.own = HTTPConnection("127.0.0.1", self._port, timeout=LIMIT)
        self._of.own.request("POST", path, body=body, headers={"Content-Type": content_type})
        response = self._of.own.getresponse()
        said = response.read()
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status} {said[:500]!r}")


def reached(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.RequestException:
        return False


def memory(server: psutil.Process) -> float:
    """MiB of a server and its processes, shared pages counted once."""
    held = 0.0
    for process in [server, *server.children(recursive=True)]:
        try:
            held += process.memory_full_info().pss / 2**20
        except psutil.NoSuchProcess:
            continue
    return held


def each(files: Sequence[Path], send: Callable[[Path], object]) -> float:
    """Send each file by the next free of the clients; return requests a second."""
    before = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(send, files))
    return len(files) / (time.perf_counter() - before)


def processor_seconds(server: psutil.Process) -> float:
    """Of a server and its processes, which other programs of the machine change less than the wall's."""
    times = [process.cpu_times() for process in [server, *server.children(recursive=True)]]
    return sum(one.user + one.system for one in times)


def port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def under_load(address: str, server: psutil.Process, *, good: list[Path], bad: dict[Path, set[int]]) -> None:
    """Send all songs, kill a process in the middle, and check every answer."""
    session = threading.local()

    def send(file: Path) -> requests.Response:
        if not hasattr(session, "own"):
            session.own = requests.Session()
        with file.open("rb") as content:
            return session.own.post(
                f"{address}/predict", files={"songs": (file.name, content)}, timeout=LIMIT
            )

    # What is right: each good song's first answer; formats that lose nothing agree among themselves.
    expected = {file: send(file).json()["songs"][0] for file in good}
    sent = [next(files) for files in itertools.repeat(itertools.cycle(good), SONGS - BAD)]
    sent += [next(files) for files in itertools.repeat(itertools.cycle(bad), BAD)]
    random.Random(0).shuffle(sent)
    statuses: Counter[int] = Counter()
    wrong: list[str] = []
    held: list[float] = []
    number = itertools.count(1)

    def checked(file: Path) -> None:
        at = next(number)
        if at == SONGS // 2:
            worker = next(one for one in server.children() if "spawn_main" in " ".join(one.cmdline()))
            worker.kill()
        if at % 50 == 0:
            held.append(memory(server))
        answer = send(file)
        statuses[answer.status_code] += 1
        right = (
            answer.status_code in bad[file] if file in bad else answer.json().get("songs") == [expected[file]]
        )
        if not right or (file in bad and not answer.json()["reason"]):
            wrong.append(f"{file.name}: {answer.status_code} {answer.text[:200]}")

    speed = each(sent, checked)
    metrics = requests.get(f"{address}/metrics", timeout=LIMIT).text
    restarts = next(line for line in metrics.splitlines() if line.startswith("genre_worker_restarts_total "))
    print(
        f"{SONGS} songs, {len(good)} good files of {len({file.suffix for file in good})} formats, {BAD} bad"
    )
    print(f"answers by status: {dict(sorted(statuses.items()))}; {restarts}; {speed:.1f} requests/s")
    print(f"memory of all processes, MiB, every 50 songs: {', '.join(f'{one:.0f}' for one in held)}")
    print(f"wrong answers: {len(wrong)}", *wrong[:10], sep="\n  ")


def large(address: str, server: psutil.Process, folder: Path) -> None:
    """Send 200 MB of song, and return how much more memory the server's own process takes for it."""
    song = folder / "large.wav"
    soundfile.write(song, np.zeros((50_000_000, 2), dtype=np.int16), 48_000, subtype="PCM_16")
    before = server.memory_info().rss
    with song.open("rb") as content:
        answer = requests.post(
            f"{address}/predict", data=content, headers={"Content-Type": "audio/wav"}, timeout=LIMIT
        )
    more = (server.memory_info().rss - before) / 2**20
    size = song.stat().st_size / 1e6
    print(
        f"{size:.0f} MB of song: status {answer.status_code}, {more:.0f} MiB more in the server's own process"
    )


def beside_mlflow(model: str, files: list[Path], *, repeats: int) -> None:
    """Both servers with the same model and songs, in turn, one at a time; the other one waits stopped."""
    ours, theirs = port(), port()
    store = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path.cwd() / 'mlruns' / 'mlflow.db'}"
    mlflow = [sys.executable, "-m", "mlflow", "models", "serve", "-m", model, "--env-manager", "local"]
    mlflow += ["--host", "127.0.0.1", "--port", str(theirs), "--workers", "1"]
    variables = {
        "MLFLOW_TRACKING_URI": store,
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT": "600",
    }
    genre = [sys.executable, "-m", "flows", "serve", "--port", str(ours), "--model", model]
    bodies = {
        file: json.dumps(
            {"dataframe_records": [{"audio": base64.b64encode(file.read_bytes()).decode()}]}
        ).encode()
        for file in files
    }
    contents = {file: file.read_bytes() for file in files}
    with (
        served(genre, ready=f"http://127.0.0.1:{ours}/ready") as first,
        served(mlflow, ready=f"http://127.0.0.1:{theirs}/ping", variables=variables) as second,
    ):
        # Connections that stay, and no more than needed is done for them: clients and servers share the processors.
        to_ours, to_theirs = (Connections(at) for at in (ours, theirs))

        def send_ours(file: Path) -> None:
            to_ours.post("/predict", contents[file], content_type="audio/wav")

        def send_theirs(file: Path) -> None:
            to_theirs.post("/invocations", bodies[file], content_type="application/json")

        for send in (send_ours, send_theirs):
            each(files[:CLIENTS], send)

        def way(send: Callable[[Path], object], server: psutil.Process) -> tuple[float, float]:
            before = processor_seconds(server)
            speed = each(files, send)
            return speed, 1e3 * (processor_seconds(server) - before) / len(files)

        ways = {
            "genre serve": lambda: way(send_ours, first),
            "mlflow models serve": lambda: way(send_theirs, second),
        }
        taken = side_by_side.in_turn(ways, repeats=repeats)
    for name, pairs in taken.items():
        print(
            f"{name:20} {', '.join(f'{speed:.1f} requests/s at {used:.0f} ms CPU' for speed, used in pairs)}"
        )
    speeds, costs = ([[pair[at] for pair in pairs] for pairs in taken.values()] for at in (0, 1))
    print(
        f"times as many requests a second: {side_by_side.times_as_much(*speeds):.2f}; processor time of one, times "
        f"MLflow's: {side_by_side.times_as_much(*costs):.2f} (medians of {repeats} in turn)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="an address such as models:/genre/1; the champion by default")
    parser.add_argument(
        "--songs", type=Path, help="a folder of songs; composed ones of every format by default"
    )
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    from components.config import params
    from components.serving import load, predict

    model = load.address(load.store(), chosen.model, params=params.load())
    folder = Path(tempfile.mkdtemp(prefix="genre-serving-"))
    try:
        good = predict.audio_files([chosen.songs])[:100] if chosen.songs else compose(folder)
        load_before = os.getloadavg()[0]
        print(f"{model}; {processes.cores()} cores, load average before: {load_before:.1f}")
        command = [sys.executable, "-m", "flows", "serve", "--model", model]
        address = f"http://127.0.0.1:{(at := port())}"
        with served([*command, "--port", str(at)], ready=f"{address}/ready") as server:
            under_load(address, server, good=good, bad=spoil(folder, good))
            large(address, server, folder)
        wav = [file for file in good if file.suffix == ".wav"]
        beside_mlflow(model, (wav * 10)[:80], repeats=chosen.repeats)
        print(f"load average after: {os.getloadavg()[0]:.1f}")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
