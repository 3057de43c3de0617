"""The supervisor of a stage process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.process import supervisor


def test_it_needs_the_standard_library_only() -> None:
    command = [sys.executable, "-I", "-S", str(supervisor.__file__), "true"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.wait() == 0


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here: the process group is used")
def test_descendants_are_found_below_children() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert process.pid in supervisor.descendants(os.getpid())
        assert len(supervisor.descendants(process.pid)) == 1
        process.communicate(b"\n")
