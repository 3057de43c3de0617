"""What a flow works with: the workspace that it holds, its stage processes, and the terminal that it runs in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from prefect import get_run_logger
from prefect.runtime import flow_run
from rich.console import Console

from components.core.errors import GenreError
from components.tracking import store
from flows import settings
from flows.orchestration import crashed_runs
from flows.pipeline.graph import Graph
from flows.pipeline.preloading import PreloadedStages
from flows.pipeline.stage import StageProcesses
from flows.process import workspace_lock
from flows.progress import Board


class FlowError(GenreError):
    """At least one stage or action of the flow failed; the message names each and why.

    Attributes
    ----------
    problems : tuple of str
        One each.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Session:
    """What the tasks of one flow share.

    Attributes
    ----------
    settings : FlowSettings
        Of this machine.
    processes : StageProcesses
        The stages that run.
    board : Board
        The terminal; a quiet one for a flow without.
    graph : Graph or None
        Where the terminal's caller has just read it.
    """

    settings: settings.FlowSettings
    processes: StageProcesses
    board: Board
    graph: Graph | None


SESSION: ContextVar[Session] = ContextVar("session")
_TERMINAL: ContextVar[tuple[Board, Graph | None, PreloadedStages | None]] = ContextVar("terminal")


@contextmanager
def called_from(
    board: Board, *, graph: Graph | None = None, preloaded: PreloadedStages | None = None
) -> Iterator[None]:
    """Let a flow called in this block show its progress, and spare it what the caller has begun already.

    Parameters
    ----------
    board : Board
        The terminal.
    graph : Graph, optional
        As just read.
    preloaded : PreloadedStages, optional
        Where its stages are forked from.
    """
    token = _TERMINAL.set((board, graph, preloaded))
    try:
        yield
    finally:
        _TERMINAL.reset(token)


@contextmanager
def opened(root: Path, *, pipeline: Path = Path()) -> Iterator[Session]:
    """Hold the workspace ``root`` for the flow run that is alive, and run the stages of ``root / pipeline`` there.

    Runs of killed flows are closed first. Whatever ends the block early (Ctrl-C, SIGTERM, an error) stops the stages.

    Raises
    ------
    BusyError
        If another flow holds the workspace.
    StoreError
        If MLflow's store cannot be reached.
    """
    store.check_address()
    logger, machine = get_run_logger(), settings.load()
    board, graph, preloaded = _TERMINAL.get((Board(Console(quiet=True)), None, None))
    with workspace_lock.held(root, wait=machine.wait, report=logger.warning) as holder:
        crashed_runs.take_over(holder, flow_run=flow_run.id)
        for line in workspace_lock.clear_dvc_locks(root):
            logger.warning(line)
        processes = StageProcesses(root / pipeline, keep=(holder.fileno(),), preloaded=preloaded)
        token = SESSION.set(Session(machine, processes, board, graph))
        try:
            yield SESSION.get()
        except BaseException:
            processes.stop()
            raise
        finally:
            SESSION.reset(token)
