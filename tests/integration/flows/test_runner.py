"""``genre run`` as a process: quick to import, and stopped without a trace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.conftest import PROJECT

#: Seconds after which a stopped run has not ended but hangs, on a machine however busy.
LIMIT = 120


def test_importing_the_command_does_not_import_prefect() -> None:
    code = "import sys; from flows import runner; sys.exit('prefect' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PROJECT)


@pytest.mark.slow
def test_a_stopped_run_leaves_no_process_and_goes_on_later(toy: Path) -> None:
    # Without the models: what follows them needs a real project.
    text = (toy / "dvc.yaml").read_text()
    (toy / "dvc.yaml").write_text(text[: text.index("  tune:")])
    os.mkfifo(toy / "blocks-validate@f")
    command = [sys.executable, "-c", "import sys; from flows import runner; sys.exit(runner.run())"]
    variables = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
    variables["PYTHONPATH"] = str(PROJECT)
    flow = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=variables)
    assert flow.stdout is not None
    for line in flow.stdout:
        if "blocked" in line:
            break
    below = psutil.Process(flow.pid).children(recursive=True)
    flow.terminate()
    flow.wait(timeout=LIMIT)
    rest = flow.stdout.read()
    flow.stdout.close()
    assert flow.returncode == 128 + signal.SIGTERM
    assert "the same command goes on from there" in rest
    assert psutil.wait_procs(below, timeout=LIMIT)[1] == []

    (toy / "blocks-validate@f").unlink()
    again = subprocess.run(command, capture_output=True, text=True, env=variables, check=True)
    assert "validate@f: ran" in again.stdout
    assert "] corpus" not in again.stdout
