"""``genre serve`` in a workspace, on a free port of loopback; it and its processes end with the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil
import requests

from tests.support.servers import LIMIT, Program, answers


class GenreServe(Program):
    """The server."""

    def __init__(self, workspace: Path) -> None:
        super().__init__(workspace)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *words: str, variables: Mapping[str, str] | None = None) -> None:
        # The last thing that is said of a process is where its output goes.
        command = [sys.executable, "-m", "flows", "serve", "--port", str(self.port), *words]
        self.run(command, up=lambda: answers(f"{self.address}/ready"), variables=variables)

    @property
    def workers(self) -> list[psutil.Process]:
        """Its processes that predict."""
        assert self.process is not None
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]

    def predict(self, *songs: Path, **options: object) -> requests.Response:
        files = [("songs", (song.name, song.read_bytes())) for song in songs]
        return requests.post(f"{self.address}/predict", files=files, timeout=LIMIT, **options)  # type: ignore[arg-type]

    def metric(self, name: str) -> float:
        lines = requests.get(f"{self.address}/metrics", timeout=LIMIT).text.splitlines()
        return float(next(line.split()[-1] for line in lines if line.startswith(f"{name} ")))

    def terminate(self) -> int:
        """Ask it to stop, and return its exit status."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGTERM)
        try:
            return self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            raise AssertionError(self.output.read_text()[-3000:]) from None
