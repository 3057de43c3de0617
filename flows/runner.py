"""Run the main flow from a terminal: without Prefect where nothing is stale, else with a server of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from components.core.errors import GenreError
from flows import settings
from flows.orchestration import server
from flows.pipeline import graph
from flows.process import workspace_lock
from flows.progress import Board

#: Said whenever a run did not reach its end.
GO_ON = "Finished stages are kept; the same command goes on from there."
#: Noted in the workspace while a flow's run is made on a server of our own.
STARTING = "starting"
#: Prefect's own console lines are left out below this level: the board says the same in fewer.
CONSOLE_LEVEL = "CRITICAL"


class Stop(KeyboardInterrupt):
    """SIGTERM, or a closed terminal, asked the run to stop."""


def run(
    *,
    force: bool = False,
    models: Sequence[str] | None = None,
    only_stale: bool = False,
    root: Path | None = None,
) -> int:
    """Run the main flow here and now, with its progress in the terminal.

    Parameters
    ----------
    force : bool
        Run every stage, stale or not.
    models : sequence of str, optional
        Only these models and what they read; all by default.
    only_stale : bool
        Run what is stale and do no more: no model is promoted, and nothing at all happens if nothing is stale.
    root : Path, optional
        The project's root; the working directory by default.

    Returns
    -------
    int
        Exit status: 0 if all is well, 1 if a stage or action failed, 128 + N if signal N stopped it.

    Raises
    ------
    GenreError
        If the workspace is busy, a setting or a model's name is wrong, or DVC cannot read the project.
    """
    root = (root or Path.cwd()).resolve()
    board = Board()
    with stoppable(), inside(root):
        try:
            return _run(root, board, force=force, models=models, only_stale=only_stale)
        except KeyboardInterrupt as stop:
            number = stop.args[0] if isinstance(stop, Stop) else signal.SIGINT
            board.say(f"Stopped. {GO_ON}")
            return 128 + number


def _run(root: Path, board: Board, *, force: bool, models: Sequence[str] | None, only_stale: bool) -> int:
    options = settings.load()
    with workspace_lock.held(root, wait=options.wait, say=board.say) as holder:
        for line in workspace_lock.clear_dvc_locks(root):
            board.say(line)
        plan = graph.read(root)
        stale, wanted = plan.stale(), plan.for_models(models)
        if not force and not wanted & stale.keys():
            board.say(f"All {len(wanted)} stages are up to date.")
            # With a server at hand the run is recorded there; to start one only for that takes 6 to 20 s. What a
            # killed flow left on it needs one.
            if "flow_run" not in holder.previous:
                if only_stale:
                    return 0
                if server.wanted():
                    return _settle(plan, wanted, root=root, board=board)
        return _flow(plan, holder, root=root, board=board, force=force, models=models, promote=not only_stale)


def _flow(
    plan: graph.Graph,
    holder: workspace_lock.Holder,
    *,
    root: Path,
    board: Board,
    force: bool,
    models: Sequence[str] | None,
    promote: bool,
) -> int:
    with served(root, holder=holder):
        from flows import context, experiment

        try:
            with context.called_from(board, plan=plan), board.shown():
                outcome = experiment.experiment(
                    force=force, models=list(models) if models else None, promote=promote
                )
        except context.ExperimentError as error:
            for line in error.problems:
                board.say(f"failed: {line}")
            board.say(GO_ON)
            return 1
    board.say(f"{len(outcome.done)} stages ran or were restored, {len(outcome.fresh)} were up to date.")
    return 0


@contextmanager
def served(root: Path, *, holder: workspace_lock.Holder) -> Iterator[None]:
    """Have a Prefect server until the block ends: a named one that answers, or a temporary one.

    Parameters
    ----------
    root : Path
        The project's root.
    holder : Holder
        Of the workspace, where the flow's run is noted.

    Raises
    ------
    ServerError
        If the server does not answer, or goes away within the block.
    """
    for name in ("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "PREFECT_INTERNAL_LOGGING_LEVEL"):
        os.environ.setdefault(name, CONSOLE_LEVEL)
    if not server.wanted() and (named := os.environ.get("PREFECT_API_URL")):
        server.reach(named)
    started = server.start(root)
    # Prefect reads the environment when it is imported, and its import goes on beside the server's start.
    import httpx

    from flows import context, experiment  # noqa: F401 - for its import of Prefect

    if started is not None:
        # Known to the next run even where this one is killed before the flow could note its own id.
        holder.note(pid=os.getpid(), flow_run=STARTING)
        started.wait(seconds=float(os.environ["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"]))
    try:
        yield
    except httpx.TransportError as error:
        raise server.ServerError(f"the Prefect server went away ({error}). {GO_ON}") from error


def _settle(plan: graph.Graph, wanted: set[str], *, root: Path, board: Board) -> int:
    # What the flow's tasks do after the stages. Both look first and do nothing where nothing is missing.
    from components.config import params
    from components.registry import promote as registry
    from components.serving import packaging

    values = params.load()
    for model in plan.models():
        if f"train@{model}" in wanted:
            packaging.ensure_logged(model, root=Path("data"))
    if "compare" in plan.order and "compare" not in plan.stale():
        answer = registry.promote(params=values, root=Path("data"))
        board.say(f"{'Promoted' if answer.promoted else 'Not promoted'}: {answer.reason}")
    return 0


@contextmanager
def inside(root: Path) -> Iterator[None]:
    """Work in the project's root until the block ends."""
    before = Path.cwd()
    try:
        os.chdir(root)
    except OSError as error:
        raise GenreError(f"{root} cannot be entered ({error.strerror})") from error
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM, or a closed terminal, stop the run as Ctrl-C does, by :class:`Stop`."""

    # Prefect puts its own handler over this one during the flow and calls this one after it.
    def stop(number: int, _frame: FrameType | None) -> None:
        raise Stop(number)

    # A signal that is ignored (nohup) stays ignored.
    both = [
        number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) != signal.SIG_IGN
    ]
    before = {number: signal.signal(number, stop) for number in both}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
