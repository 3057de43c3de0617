"""A Dask cluster beside the pools of one machine, and what more of it costs.

    python -m benchmarks.cluster WORKSPACE [--only ROW …] [--repeats 3] [--feature mfcc_summary]

WORKSPACE has a corpus that is listed (`genre run` was there). Its scheduler and workers run on this machine, so what is
compared are two worker processes with a pool of two, not two machines.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.side_by_side import in_turn, times_as_much
from components.core.processes import cores

#: Tasks whose sending and fetching is timed.
SMALL = 2_000
#: Worker threads, tasks and seconds of each, of the large cluster that only sleeps.
THREADS, TASKS, SECONDS = 64, 10_000, 0.5
#: Tracks of the two listings, made by links to one file.
TRACKS = (10_000, 100_000)
LINKS = 10_000
BIN = Path(sys.executable).parent


@contextmanager
def cluster(*, workers: int, threads: int = 1) -> Iterator[str]:
    """Run a scheduler and worker processes on loopback; give the scheduler's address."""
    started: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory(prefix="genre-benchmark-") as place:
        folder = Path(place)

        def start(name: str, *words: str, until: str) -> str:
            with (folder / name).open("wb") as output:
                started.append(
                    subprocess.Popen([str(BIN / "dask"), *words], cwd=folder, stdout=output, stderr=output)
                )
            while not (found := re.search(until, (folder / name).read_text(errors="replace"))):
                if started[-1].poll() is not None:
                    raise SystemExit((folder / name).read_text(errors="replace"))
                time.sleep(0.1)
            return found[1]

        try:
            address = start(
                "scheduler", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                until=r"Scheduler at:\s+(tcp://\S+)",
            )  # fmt: skip
            for number in range(workers):
                start(
                    f"worker-{number}", "worker", address, "--nthreads", str(threads), "--no-nanny", "--no-dashboard",
                    "--memory-limit", "0", until=r"Registered to:\s+(\S+)",
                )  # fmt: skip
            yield address
        finally:
            for process in reversed(started):
                process.kill()
                process.wait()


def extraction(given: argparse.Namespace) -> str:
    """Whole commands, imports included, each with nothing cached."""
    with cluster(workers=2) as address:
        ways: dict[str, Callable[[], float]] = {
            "pool": partial(_extracted, given, environment={}),
            "cluster": partial(_extracted, given, environment={"GENRE_CLUSTER": address}),
        }
        for way in ways.values():
            way()
        taken = in_turn(ways, repeats=given.repeats)
    pool, spread = (statistics.median(seconds) for seconds in taken.values())
    ratio = times_as_much(taken["cluster"], taken["pool"])
    return f"{given.feature}: pool of two {pool:.1f} s, two workers {spread:.1f} s, {ratio:.2f} times as much"


def _extracted(given: argparse.Namespace, *, environment: dict[str, str]) -> float:
    with tempfile.TemporaryDirectory(prefix="genre-benchmark-") as place:
        root = Path(place)
        shutil.copy(given.workspace / "params.yaml", root)
        shutil.copytree(given.workspace / "data" / "corpus", root / "data" / "corpus")
        (root / "data" / "raw").symlink_to((given.workspace / "data" / "raw").resolve())
        began = time.perf_counter()
        subprocess.run(
            [str(BIN / "genre"), "stage", "features", given.feature],
            cwd=root,
            env={**os.environ, **environment},
            check=True,
            capture_output=True,
        )
        return time.perf_counter() - began


def overhead(_: argparse.Namespace) -> str:
    """Tasks that do nothing, on two workers."""
    with cluster(workers=2) as address:
        taken = _tasks(address, count=SMALL, seconds=0.0)
    return f"{SMALL:,} tasks that do nothing: {1000 * taken / SMALL:.2f} ms each"


def large(_: argparse.Namespace) -> str:
    """Tasks that sleep, on as many threads of one worker process as a large cluster has workers."""
    with cluster(workers=1, threads=THREADS) as address:
        taken = _tasks(address, count=TASKS, seconds=SECONDS)
    best = TASKS * SECONDS / THREADS
    return (
        f"{TASKS:,} tasks of {SECONDS:g} s on {THREADS} threads: {taken:.0f} s, of which {best:.0f} s are the "
        f"least possible: efficiency {best / taken:.0%}"
    )


def _tasks(address: str, *, count: int, seconds: float) -> float:
    from components.parallel import cluster as dask
    from components.parallel import executors

    pool = dask.connect(address)
    try:
        for _ in executors.completed(pool, time.sleep, [0.0] * 2 * THREADS):
            pass
        began = time.perf_counter()
        for _ in executors.completed(pool, time.sleep, [seconds] * count):
            pass
        return time.perf_counter() - began
    finally:
        pool.shutdown()


def listing(_: argparse.Namespace) -> str:
    """Memory of a process that lists links to one file."""
    peaks = []
    for tracks in TRACKS:
        done = subprocess.run(
            [sys.executable, "-m", __spec__.name, "--list", str(tracks)],
            # As `genre` sets it.
            env={**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"},
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        peaks.append([float(word) for word in done.stdout.split()])
    rows = [
        f"{count:,} tracks: {peak:.0f} MiB (the table {table:.0f}), {seconds:.0f} s"
        for count, (peak, table, seconds) in zip(TRACKS, peaks, strict=True)
    ]
    few, many = (peak - table for peak, table, _ in peaks)
    return f"{'; '.join(rows)}; beside the table {many / few - 1:+.0%}"


def _list(tracks: int) -> int:
    import numpy as np
    import soundfile

    from components.config import presets
    from components.config.params import parse
    from components.config.sources import SourceParams
    from components.stages import corpus

    params = parse(presets.compose("demo"))
    with tempfile.TemporaryDirectory(prefix="genre-benchmark-") as place:
        music = Path(place) / "music"
        for number in range(tracks):
            # A filesystem allows one file so many links (ext4: 65,000).
            one = Path(place) / f"{number // LINKS}.wav"
            if not one.exists():
                soundfile.write(one, 0.3 * np.sin(np.arange(24_000) / 5), 8_000)
            genre = music / f"genre{number % 10}"
            genre.mkdir(parents=True, exist_ok=True)
            os.link(one, genre / f"{number:06d}.wav")
        sources = {"audio": SourceParams(path=str(music), form="audio")}
        listed = params.model_copy(update={"corpus": params.corpus.model_copy(update={"sources": sources})})
        began = time.perf_counter()
        table = corpus.run("audio", params=listed, root=Path(place) / "data")
        taken = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(peak, table.memory_usage(deep=True).sum() / 2**20, taken)
    return 0


ROWS: dict[str, Callable[[argparse.Namespace], str]] = {
    "extraction": extraction,
    "overhead": overhead,
    "large": large,
    "listing": listing,
}


def main() -> int:
    """Measure, and print one line a row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path, nargs="?", default=Path())
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--feature", default="mfcc_summary")
    parser.add_argument("--list", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.list:
        return _list(given.list)
    print(f"{cores()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    for name in given.only:
        print(f"{name}: {ROWS[name](given)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
