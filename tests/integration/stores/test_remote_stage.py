"""A stage of another pool, on a toy project: refused by a clone with other code, cancelled with its flow, then run."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.integration.flows.conftest import TOY
from tests.support.servers import BIN, Prefect, Worker, prefect

pytestmark = pytest.mark.slow
#: Seconds for what a worker does on two busy cores.
LIMIT = 300
RUN = [sys.executable, "-c", "import sys; from flows import runner; sys.exit(runner.run(only_stale=True))"]
CONFIG = (
    "[core]\nno_scm = true\nanalytics = false\nremote = shared\n['remote \"shared\"']\nurl = ../../remote\n"
)


def clone(folder: Path) -> Path:
    """The toy project as far as its validation, whose program is part of its code."""
    (folder / "components").mkdir(parents=True)
    shutil.copy(TOY / "stage.sh", folder / "components")
    (folder / "flows").symlink_to(PROJECT / "flows")
    text = (TOY / "stages.yaml").read_text().replace("sh stage.sh", "sh components/stage.sh")
    (folder / "dvc.yaml").write_text(text[: text.index("  tune:")])
    shutil.copy(TOY / "names.yaml", folder / "params.yaml")
    shutil.copy(TOY / "raw.txt", folder)
    (folder / ".dvc").mkdir()
    (folder / ".dvc" / "config").write_text(CONFIG)
    return folder


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Prefect]:
    made = Prefect(tmp_path / "prefect")
    made.start()
    yield made
    made.stop()


def until(reached: Callable[[], bool]) -> None:
    limit = time.monotonic() + LIMIT
    while not reached():
        assert time.monotonic() < limit
        time.sleep(0.5)


def test_it_is_refused_cancelled_and_run(server: Prefect, tmp_path: Path) -> None:
    here, there = clone(tmp_path / "here"), clone(tmp_path / "there")
    own = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "PREFECT_"))}
    own |= {
        "PATH": f"{BIN}{os.pathsep}{own['PATH']}",
        "PYTHONPATH": str(PROJECT),
        "PREFECT_API_URL": server.api,
    }
    flow = {**own, "GENRE_DEPLOYMENTS": json.dumps({"validate@f": "stage/gpu"})}
    at = {**own, "PREFECT_HOME": str(there / ".prefect"), "PWD": str(there)}
    prefect("work-pool", "create", "genre-gpu", "--type", "process", **at)
    prefect("deploy", "--all", "--prefect-file", "flows/remote.yaml", folder=there, **at)
    worker = Worker(there, pool="genre-gpu", **at)
    worker.start()
    blocked = there / ".remote" / "blocks-validate@f"
    try:
        with (there / "components" / "stage.sh").open("a") as program:
            program.write("# other code\n")
        refused = subprocess.run(RUN, cwd=here, env=flow, capture_output=True, text=True, check=False)
        assert refused.returncode == 1
        assert "failed: validate@f: the code in" in refused.stderr + refused.stdout
        assert "the same commit in both clones" in refused.stderr + refused.stdout

        shutil.copy(TOY / "stage.sh", there / "components")
        blocked.parent.mkdir(exist_ok=True)
        os.mkfifo(blocked)
        stopped = subprocess.Popen(RUN, cwd=here, env=flow, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        until(lambda: (there / ".remote" / "started.log").exists())
        stopped.send_signal(signal.SIGTERM)
        printed, _ = stopped.communicate(timeout=LIMIT)
        assert stopped.returncode == 128 + signal.SIGTERM, printed.decode()[-3000:]
        newest = server.newest("stage")
        until(lambda: server.state(newest)["type"] in ("CANCELLED", "CRASHED", "COMPLETED", "FAILED"))
        assert server.state(newest)["type"] == "CANCELLED"

        blocked.unlink()
        done = subprocess.run(RUN, cwd=here, env=flow, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        assert (here / "validate_f.txt").read_text() == (here / "validate_g.txt").read_text()
        assert "validate@f" not in (here / "started.log").read_text()
        assert not (there / "validate_f.txt").exists()
    finally:
        worker.stop()
