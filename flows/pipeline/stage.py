"""DVC stages as processes: one each, its output streamed, so many side by side, and nothing left behind."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from components.core.errors import GenreError
from components.core.formatting import plural
from components.core.progress import MARK
from flows.pipeline import cache_check
from flows.pipeline.graph import Graph
from flows.pipeline.preloading import PreloadedStages, preloading
from flows.pipeline.slots import Slots
from flows.process.commands import Running, Supervised, lines

#: How a stage ended well: it ran, DVC restored its outputs from the cache, or nothing had changed after all.
How = Literal["ran", "restored", "unchanged"]
#: Lines of output kept for the reason of a failure.
KEPT = 40
#: What DVC prints around every stage, and TensorFlow's libraries when they load (information and warnings of
#: their C++ logs, and two "errors" of every machine without a GPU), and libmpg123 of frames in MP3 files (how much of a
#: song is lost is in the listing); of no use beside the stage's own lines.
CHATTER = re.compile(
    r"^(Running stage '|> |Generating lock file|Updating lock file|To track the changes with git, run:|"
    r"\tgit add |To enable auto staging, run:|\tdvc config core\.autostage|Use `dvc push`|"
    r"[IW]\d{4} \d\d:\d\d:\d\d|WARNING: All log messages before absl::InitializeLog|"
    r"E\d{4} \d\d:\d\d:\d\d.*(?:failed call to cuInit|use_unbounded_threadpool)|"
    r"\[src/libmpg123/|Note: (?:Illegal Audio-MPEG-Header|Trying to resync|Hit end of|Skipped \d+ bytes in input)|"
    r"Verifying data sources in stage|Data and pipelines are up to date|ERROR: failed to reproduce '|$)"
)
#: DVC's own line about a stage's command that failed, with its exit status.
FAILED = re.compile(r"failed to run: .*, exited with (-?\d+)$")
#: What a shell adds to the signal that ended its command (POSIX 2.8.2: more than 128; all add 128).
SHELL = 128


class StageError(GenreError):
    """A stage failed.

    Attributes
    ----------
    status : int
        The exit status of the stage's command; 2 means input that a person can correct, so trying again is
        of no use. Negative for a signal.
    """

    def __init__(self, message: str, *, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


class StoppedError(GenreError):
    """The flow was stopped while the stage ran, or before it began."""


@dataclass(frozen=True)
class Result:
    """A stage that ended well.

    Attributes
    ----------
    stage : str
        Its name.
    how : str
        ``ran``, ``restored`` or ``unchanged``.
    seconds : float
        Wall time, 0 or more.
    """

    stage: str
    how: How
    seconds: float


class StageProcesses:
    """The stage processes of one flow, so that all can be stopped at once.

    Attributes
    ----------
    slots : Slots
        Whose turn it is; nobody waits until a flow sets them.

    Parameters
    ----------
    root : Path
        The project's root.
    keep : tuple of int
        Descriptors each supervisor inherits: the workspace's lock, so that it is held until the last has ended.
    preloaded : PreloadedStages, optional
        Where stages are forked from; without, each is started anew.
    """

    def __init__(
        self, root: Path, *, keep: tuple[int, ...] = (), preloaded: PreloadedStages | None = None
    ) -> None:
        self.root = root
        self.stopping = False
        self.slots = Slots(Graph((), {}, {}), (), most=1)
        self._keep = keep
        self._preloaded = preloaded
        self._running: set[Running] = set()
        self._lock = threading.Lock()

    def stop(self) -> None:
        """Stop every stage, within ten seconds; none begins any more."""
        with self._lock:
            self.stopping = True
            self.slots.stop()
            for running in self._running:
                running.stop()

    @contextmanager
    def preloading(self, due: Collection[str]) -> Iterator[None]:
        """Fork the stages of this block from processes that import what those ``due`` need, where none were given."""
        if self._preloaded is not None:
            yield
            return
        with preloading(due, root=self.root, keep=self._keep) as self._preloaded:
            try:
                yield
            finally:
                self._preloaded = None

    def _start(self, command: list[str]) -> Running:
        with self._lock:
            if self.stopping:
                raise StoppedError("the flow is stopping")
            if self._preloaded is None:
                running: Running = Supervised(command, root=self.root, keep=self._keep)
            else:
                running = self._preloaded.start(command, root=self.root)
            self._running.add(running)
            return running

    def _end(self, running: Running) -> int:
        """End what still runs, where the reader of its output was interrupted; return the exit status."""
        status = running.close()
        with self._lock:
            self._running.discard(running)
        return status

    def run(self, stage: str, *, force: bool, line: Callable[[str], None]) -> Result:
        """Run one stage by DVC, without the stages it reads from, and record it in ``dvc.lock``.

        Parameters
        ----------
        stage : str
            Its name in ``dvc.yaml``.
        force : bool
            Run it even where nothing changed and DVC's cache has its outputs.
        line : callable
            Takes each line of the stage's output as it comes, its messages of progress among them.

        Returns
        -------
        Result
            How it ended, and its seconds.

        Raises
        ------
        StageError
            If the stage or DVC failed; the message is the reason in one line.
        StoppedError
            If the flow was stopped.
        """
        began = time.monotonic()
        command = ["dvc", "--wait-for-lock", "repro", "--single-item", *(["--force"] if force else []), stage]
        tail: deque[str] = deque(maxlen=KEPT)
        how: How = "ran"
        running = self._start(command)
        try:
            for text in lines(running.output):
                if text.startswith(MARK):
                    line(text)
                    continue
                tail.append(text)
                if "didn't change, skipping" in text:
                    how = "unchanged"
                elif "is cached - skipping run" in text:
                    how = "restored"
                elif not CHATTER.match(text) and not self.stopping:
                    line(text)  # where an interrupted stage was is of no use to whoever stopped it
        finally:
            status = self._end(running)
        if self.stopping:
            raise StoppedError(f"{stage} was stopped")
        if status:
            raise failure(stage, list(tail), status)
        if how == "restored" and (damages := cache_check.damaged(stage, root=self.root)):
            line(f"damaged in DVC's cache, and made anew: {plural(len(damages), 'file')}")
            cache_check.forget(damages, root=self.root)
            return self.run(stage, force=True, line=line)
        return Result(stage=stage, how=how, seconds=time.monotonic() - began)


def failure(stage: str, tail: list[str], returned: int) -> StageError:
    """Find in its output why a stage failed, in one line.

    Parameters
    ----------
    stage : str
        Its name.
    tail : list of str
        Its last lines of output, DVC's included.
    returned : int
        The exit status of DVC, used where DVC does not give the stage's own.

    Returns
    -------
    StageError
        With the last line that the stage itself wrote, or else DVC's.
    """
    status = returned
    for text in tail:
        if found := FAILED.search(text):
            status = int(found[1])
    # A shell between DVC and the program gives 128 + the signal, and may print its name in a line of its own.
    if status - SHELL in set(signal.Signals):
        status = SHELL - status
    shells = signal.strsignal(-status) if status < 0 else None
    own = [text for text in tail if text.strip() and text.strip() != shells and not CHATTER.match(text)]
    dvc = [text.partition("ERROR: ")[2] for text in tail if text.startswith("ERROR: ")]
    reason = (own or dvc or ["it wrote nothing"])[-1].strip()
    ended = f"killed by signal {-status}" if status < 0 else f"exit status {status}"
    return StageError(f"{stage}: {reason} ({ended})", status=status)
