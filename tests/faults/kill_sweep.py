"""Kill the whole flow at random moments, start it again each time, and look at what became of it.

python -m tests.faults.kill_sweep --kills 40

A pass begins with an empty workspace. Its kills are spread over the length of an undisturbed run: each comes so
long after a stage began as its moment does there, however slow the machine is meanwhile. After the last one the
flow runs to its end, and everything it left is compared with the undisturbed run's.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.faults.left_behind import State, executions, left_over, state
from tests.integration.test_workflow import BIN, workspace

#: Seconds after which a process of a killed or stopped flow has outlived it, on a machine however busy.
LIMIT = 120.0
#: Kills in one pass; each further one costs a start of the flow and little else.
KILLS_A_PASS = 10


#: What is at work before the first stage, and after the last.
STARTING, LOGGING = "starting", "logging and promoting"
#: The stage that is always the last.
LAST = "compare"


@dataclass(frozen=True)
class Moment:
    """A moment of the flow: so many seconds after something began."""

    after: str
    seconds: float


@dataclass
class Pass:
    """What the kills of one pass met."""

    met: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def environment(folder: Path) -> dict[str, str]:
    """No server but the flow's own, and temporary files where they can be counted."""
    variables = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PREFECT_", "MLFLOW_", "GENRE_"))
    }
    (folder.parent / "tmp").mkdir(exist_ok=True)
    return variables | {
        "PATH": f"{BIN}{os.pathsep}{variables['PATH']}",
        "TMPDIR": str(folder.parent / "tmp"),
        # Tests may run on a machine that is busy with other things.
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "900",
    }


def start(folder: Path, *words: str, **more: str) -> subprocess.Popen[bytes]:
    """Start ``genre run`` in a process group of its own, its output in a file beside the workspace.

    ``more`` are further environment variables.
    """
    with (folder.parent / "output.txt").open("wb") as output:
        return subprocess.Popen(
            [str(BIN / "genre"), *(words or ("run",))],
            cwd=folder,
            env=environment(folder) | more,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def printed(folder: Path) -> str:
    return (folder.parent / "output.txt").read_text(encoding="utf-8", errors="replace")


def of_workspace(folder: Path) -> list[psutil.Process]:
    """The living processes that work in a workspace."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).is_relative_to(folder):
                found.append(process)
        except psutil.Error:
            continue  # ended meanwhile, or another person's
    return found


def commands(folder: Path) -> list[str]:
    """What the living processes of a workspace run."""
    found = []
    for process in of_workspace(folder):
        try:
            found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue  # ended meanwhile
    return found


def orphans(folder: Path, *, seconds: float = LIMIT) -> list[str]:
    """What still lives in a workspace although its flow was killed."""
    limit = time.monotonic() + seconds
    while (left := commands(folder)) and time.monotonic() < limit:
        time.sleep(0.1)
    return [command[:200] for command in left]


def begun(folder: Path) -> list[str]:
    """The stages that have begun, in order, by what the flow has printed so far."""
    return list(dict.fromkeys(re.findall(r"^\[\d+/\d+\] (\S+)$", printed(folder), re.MULTILINE)))


def ended(folder: Path) -> set[str]:
    """The stages that have ended, by what the flow has printed so far."""
    return set(re.findall(r"^\[\d+/\d+\] (\S+): ", printed(folder), re.MULTILINE))


def at_work(folder: Path) -> str:
    """The stages that had begun and not ended, by what the flow has printed so far."""
    past = ended(folder)
    stages = begun(folder)
    now = [stage for stage in stages if stage not in past]
    if not stages:
        return STARTING
    return ", ".join(now) if now else LOGGING


def finish(folder: Path, **more: str) -> tuple[dict[str, float], float]:
    """Run the flow to its end, with further environment variables.

    Returns
    -------
    tuple
        When each thing began, in seconds after the start: the start itself, the stages, and what follows the last
        one; and the seconds in all.
    """
    began = time.monotonic()
    process, seen = start(folder, **more), {STARTING: 0.0}
    while process.poll() is None:
        now = time.monotonic() - began
        for stage in begun(folder):
            seen.setdefault(stage, now)
        if LAST in ended(folder):
            seen.setdefault(LOGGING, now)
        time.sleep(0.1)
    if process.returncode != 0:
        raise AssertionError(f"the flow ended with {process.returncode}:\n{printed(folder)[-4000:]}")
    return seen, time.monotonic() - began


def moment_at(seconds: float, seen: dict[str, float]) -> Moment:
    """Express a time of the undisturbed run as a moment of any run."""
    after = max((name for name in seen if seen[name] <= seconds), key=seen.__getitem__)
    return Moment(after, seconds - seen[after])


def wait_for(moment: Moment, process: subprocess.Popen[bytes], folder: Path, *, past: set[str]) -> bool:
    """Wait until a moment has come, or what it follows has ended.

    Returns
    -------
    bool
        Whether it came: not, where the flow was at its end before.
    """
    # What ended before an earlier kill does not begin again: then the moment follows the first stage that does.
    first = moment.after in past
    since: float | None = time.monotonic() if moment.after == STARTING else None
    while process.poll() is None:
        stages, over = begun(folder), ended(folder)
        if since is None:
            last = LAST in over or "stages are up to date" in printed(folder)
            there = last or (bool(stages) if first else moment.after in stages)
            since = time.monotonic() if there else None
        elif time.monotonic() - since >= moment.seconds or moment.after in over:
            return True
        time.sleep(0.05)
    return False


def one_pass(folder: Path, *, moments: list[Moment], whole: State) -> Iterator[tuple[str, list[str]]]:
    """Kill the flow of a fresh workspace at each of ``moments``, then let it end.

    Yields
    ------
    tuple
        What was at work when it was killed, and the faults that were seen; at last "end" and those of the end.
    """
    workspace(folder)
    kept: dict[str, tuple[int, int]] = {}
    past: set[str] = set()
    for moment in moments:
        process = start(folder)
        if not wait_for(moment, process, folder, past=past):
            return_code = process.returncode
            faults = [] if return_code == 0 else [f"ended with {return_code}: {printed(folder)[-2000:]}"]
            if faults:
                yield "running", faults
            break
        stages = at_work(folder)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        past |= ended(folder)
        faults = [f"orphan: {line}" for line in orphans(folder)]
        now = executions(folder)
        faults += [f"execution {name} was run again" for name in kept if now.get(name) != kept[name]]
        kept |= now
        yield stages, faults
    finish(folder)
    faults = [f"orphan: {line}" for line in orphans(folder)]
    now = executions(folder)
    faults += [f"execution {name} was run again" for name in kept if now.get(name) != kept[name]]
    faults += left_over(folder)
    after = state(folder)
    for name in State.__dataclass_fields__:
        if getattr(after, name) != getattr(whole, name):
            faults.append(f"{name} differ: {getattr(after, name)} instead of {getattr(whole, name)}")
    yield "end", faults


def sweep(place: Path, *, kills: int, seed: int, report: bool = True) -> Pass:
    """Run passes until the flow was killed ``kills`` times.

    Parameters
    ----------
    place : Path
        An empty folder.
    kills : int
        How often.
    seed : int
        Of the moments.
    report : bool
        Print each kill.

    Returns
    -------
    Pass
        What was met, and every fault.
    """
    chosen = random.Random(seed)
    (place / "whole").mkdir()
    first = workspace(place / "whole" / "workspace")
    seen, seconds = finish(first)
    faults = left_over(first)
    whole = state(first)
    result = Pass(faults=[f"undisturbed: {fault}" for fault in faults])
    if report:
        clean = "; ".join(faults) or "nothing left over"
        print(
            f"undisturbed: {seconds:.0f} s, {whole.runs}, {clean}",
            flush=True,
        )
    number = 0
    while len(result.met) < kills:
        number += 1
        count = min(KILLS_A_PASS, kills - len(result.met))
        times = sorted(chosen.uniform(0.5, seconds) for _ in range(count))
        moments = [moment_at(time_, seen) for time_ in times]
        folder = place / f"pass{number}" / "workspace"
        folder.parent.mkdir()
        for stages, faults in one_pass(folder, moments=moments, whole=whole):
            if stages not in ("end", "running"):
                result.met.append(stages)
            result.faults += [f"pass {number}, {stages}: {fault}" for fault in faults]
            if report:
                print(f"pass {number}: {stages}: {'; '.join(faults) or 'no fault'}", flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="Keep the workspaces here")
    given = parser.parse_args()
    if given.keep:
        given.keep.mkdir(parents=True)
        result = sweep(given.keep, kills=given.kills, seed=given.seed)
    else:
        with tempfile.TemporaryDirectory() as name:
            result = sweep(Path(name), kills=given.kills, seed=given.seed)
    print(f"{len(result.met)} kills: {dict(Counter(result.met))}")
    print("\n".join(result.faults) or "no fault")
    sys.exit(bool(result.faults))


if __name__ == "__main__":
    main()
