"""Lines and surroundings of a stage process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.pipeline import stage as stages


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("WARNING: All log messages before absl::InitializeLog() is called are written to STDERR", False),
        ("I0000 00:00:1795374369.055115    1880 port.cc:153] oneDNN custom operations are on.", False),
        ("E0000 00:00:1795374505.064073    2778 cuda_platform.cc:52] failed call to cuInit: INTERNAL", False),
        ("> genre stage tune mlp", False),
        ("mlp: trial 1 of 2", True),
        ("E0000 00:00:1795374369.055115    1880 cuda.cc:1] no device", True),
        ("It took 3 s", True),
    ],
)
def test_noise_around_a_stage_is_left_out(text: str, shown: bool) -> None:
    assert (stages.CHATTER.match(text) is None) is shown


def test_a_redrawn_line_is_shown_in_its_last_state_without_colours(tmp_path: Path) -> None:
    code = r"print('1 %\r50 %\r\x1b[32m100 %\x1b[0m'); print('caf\udce9')"
    with subprocess.Popen(
        [sys.executable, "-X", "utf8", "-c", code.replace(r"\udce9", "e")], stdout=-1
    ) as process:
        assert list(stages.lines(process)) == ["100 %", "cafe"]


def test_the_programs_of_this_python_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/elsewhere")
    assert stages.environment()["PATH"].split(os.pathsep) == [str(Path(sys.executable).parent), "/elsewhere"]
