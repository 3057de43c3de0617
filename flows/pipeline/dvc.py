"""DVC's own commands on data: pull, push and what else a stage's data needs, their lines shown as they come."""

from __future__ import annotations

import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from components.core.progress import MESSAGES
from flows.pipeline.stage import KEPT, failure
from flows.process import commands


def call(words: Sequence[str], *, stage: str, root: Path, line: Callable[[str], None]) -> None:
    """Run a command of DVC; another one that is just writing is waited for.

    Parameters
    ----------
    words : sequence of str
        The command and its arguments.
    stage : str
        What it is for, as the message of a failure begins.
    root : Path
        The project's root.
    line : callable
        Takes each line of its output.

    Raises
    ------
    StageError
        If it fails; the message is the reason in one line.
    """
    tail: deque[str] = deque(maxlen=KEPT)
    # Progress as lines: no flow reads it as messages here.
    environment = {key: value for key, value in commands.environment().items() if key != MESSAGES}
    with subprocess.Popen(
        ["dvc", "--wait-for-lock", *words],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        assert process.stdout is not None
        for text in commands.lines(process.stdout):
            tail.append(text)
            line(text)
    if process.returncode:
        raise failure(stage, list(tail), process.returncode)
