"""Graphics processors: which this machine has, which TensorFlow sees, and how two processes share one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from components.core import console, processes

#: TensorFlow's variable that has a process take memory as it needs it; else its first operation takes all there is
#: (79.4 of 81.5 GB, measured on an H100), and a second process gets what is left.
GROWTH = "TF_FORCE_GPU_ALLOW_GROWTH"
#: CUDA's variable that names the processors which programs may use.
VISIBLE = "CUDA_VISIBLE_DEVICES"
#: MiB that a stage may take of a processor's memory: two of the study's LSTM held 5.5 GB together (H100).
STAGE_MIB = 4_000
#: Seconds for the driver's program to answer.
LIMIT = 20.0


@dataclass(frozen=True)
class Gpu:
    """A graphics processor: its name, and its memory in MiB (0 where that is not known)."""

    name: str
    memory_mib: int


def share_memory() -> None:
    """Have TensorFlow take a GPU's memory as it needs it, where nothing else was set; before its first operation."""
    os.environ.setdefault(GROWTH, "true")


@cache
def gpus() -> tuple[Gpu, ...]:
    """List the NVIDIA processors of this machine by the driver's word, without TensorFlow.

    Returns
    -------
    tuple of Gpu
        Empty where there is none, or ``CUDA_VISIBLE_DEVICES`` hides them all.
    """
    if os.environ.get(VISIBLE, "all").strip() in ("", "-1", "NoDevFiles"):
        return ()
    program = shutil.which("nvidia-smi")
    if program is not None:
        words = [program, "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
        try:
            listed = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT, check=True).stdout
        except (OSError, subprocess.SubprocessError):
            # It is installed on machines without a driver too.
            listed = ""
        rows = [line.rpartition(",") for line in listed.splitlines() if "," in line]
        if rows:
            return tuple(Gpu(name.strip(), _number(memory)) for name, _, memory in rows)
    return tuple(Gpu(str(path), 0) for path in sorted(Path("/dev").glob("nvidia[0-9]*")))


def _number(text: str) -> int:
    # "[N/A]" where memory is the machine's own.
    return int(text) if text.strip().isdigit() else 0


def stages_at_once(*, most: int) -> int:
    """Return how many stages run side by side where nothing else is chosen.

    Parameters
    ----------
    most : int
        Where there is no GPU, or its memory is not known: no more, and no more than cores.

    Returns
    -------
    int
        1 or more; where there is a GPU no more than its memory holds. TensorFlow uses the first of several.
    """
    found = min(most, os.cpu_count() or 1)
    memory = next((gpu.memory_mib for gpu in gpus()), 0)
    return max(1, min(found, memory // STAGE_MIB)) if memory else found


def seen() -> list[str]:
    """List the names of the GPUs that TensorFlow sees; it is imported if it was not, and runs no operation."""
    import tensorflow as tf

    details = [
        tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")
    ]
    return [str(one.get("device_name", "unknown")) for one in details]


@cache
def find() -> None:
    """Have TensorFlow look for GPUs, once a process: where there is none, it writes that it failed to reach CUDA."""
    with console.quiet():
        seen()


def used() -> str:
    """Name the device that TensorFlow computes on in this process; it is imported if it was not.

    Returns
    -------
    str
        ``GPU: <name>``, the names of several separated by commas, or ``CPU: <n> cores``.
    """
    names = seen()
    return f"GPU: {', '.join(names)}" if names else f"CPU: {processes.cores()} cores"


def unseen() -> str:
    """Return one line for a person where a GPU is here and TensorFlow does not see it; '' otherwise."""
    here = gpus()
    if not here or used().startswith("GPU"):
        return ""
    names = ", ".join(gpu.name for gpu in here)
    return (
        f"a GPU is here ({names}) and TensorFlow does not see it, so the CPU computes; valid: install "
        f"requirements-gpu.lock (docs/gpu.md), or {VISIBLE}=-1 for the CPU on purpose"
    )


@cache
def warn() -> None:
    """Print :func:`unseen` on standard error, once a process."""
    if line := unseen():
        print(f"warning: {line}", file=sys.stderr, flush=True)
