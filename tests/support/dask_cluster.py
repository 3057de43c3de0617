"""A Dask scheduler and workers as processes of their own, on free ports of loopback, which end with the test."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from tests.conftest import PROJECT

#: Seconds in which a process must come up on a busy machine.
LIMIT = 120
DASK = Path(sys.executable).with_name("dask")


class DaskCluster:
    """A scheduler, and as many workers as a test starts.

    Parameters
    ----------
    folder : Path
        For logs and what workers write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._logs = 0
        self._processes: list[subprocess.Popen[bytes]] = []
        self.scheduler, log = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"
        )
        self.address = self._wait(log, r"Scheduler at:\s+(tcp://\S+)", self.scheduler)

    def worker(
        self,
        *options: str,
        environment: Mapping[str, str] | None = None,
        nanny: bool = False,
        wait: bool = True,
    ) -> subprocess.Popen[bytes]:
        """Start a worker of one thread; without a nanny, killing it is the end of it."""
        process, log = self._start(
            "worker", self.address, "--nthreads", "1", "--no-dashboard", "--local-directory", str(self.folder),
            *(() if nanny else ("--no-nanny",)), *(options or ("--memory-limit", "0")), environment=environment,
        )  # fmt: skip
        if wait:
            self._wait(log, r"Registered to:\s+(\S+)", process)
        return process

    def log(self) -> str:
        """Everything that its processes have written."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("dask-*.log")))

    def close(self) -> None:
        """End every process, and what those have started."""
        for process in self._processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                below = psutil.Process(process.pid).children(recursive=True)
                process.kill()
                for child in below:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        child.kill()
            process.wait()

    def _start(
        self, *words: str, environment: Mapping[str, str] | None = None
    ) -> tuple[subprocess.Popen[bytes], Path]:
        self._logs += 1
        log = self.folder / f"dask-{self._logs:02d}-{words[0]}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(DASK), *words],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    "TF_CPP_MIN_LOG_LEVEL": "3",
                    "PYTHONPATH": str(PROJECT),
                    **(environment or {}),
                },
            )
        self._processes.append(process)
        return process, log

    @staticmethod
    def _wait(log: Path, pattern: str, process: subprocess.Popen[bytes]) -> str:
        ends = time.monotonic() + LIMIT
        while time.monotonic() < ends and process.poll() is None:
            if found := re.search(pattern, log.read_text(errors="replace")):
                return found[1]
            time.sleep(0.05)
        raise AssertionError(f"{log.name} ended or stood still: {log.read_text(errors='replace')[-2000:]}")


@contextlib.contextmanager
def dask_cluster(folder: Path, *, workers: int = 0) -> Iterator[DaskCluster]:
    """Have a cluster until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    cluster = DaskCluster(folder)
    try:
        for _ in range(workers):
            cluster.worker(wait=False)
        yield cluster
    finally:
        cluster.close()


def killed(process: subprocess.Popen[bytes]) -> None:
    """Kill a process as the system does."""
    process.send_signal(signal.SIGKILL)
    process.wait()
