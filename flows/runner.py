"""Flows started from a terminal: without Prefect where nothing is stale, else with a server of their own."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from components.core.formatting import plural
from components.parallel import cluster
from flows import settings
from flows.orchestration import server
from flows.pipeline import graph
from flows.pipeline.graph import COMPARE, Graph, Reading
from flows.pipeline.preloading import PreloadedStages, preloading
from flows.process import workspace_lock
from flows.process.workspace_lock import Holder
from flows.progress import Board

if TYPE_CHECKING:
    from components.study.plan import StudyOptions
    from flows.orchestration.outcome import Outcome
    from flows.orchestration.server import TemporaryServer

#: Printed whenever a run did not reach its end.
GO_ON = "Finished stages are kept; the same command goes on from there."
#: Noted in the workspace while a flow's run is made on a server of our own.
STARTING = "starting"
#: Prefect's own console lines are left out below this level: the board shows the same in fewer.
CONSOLE_LEVEL = "CRITICAL"
#: HTTP's statuses for a password that is missing or wrong, and for one that does not suffice.
REFUSED = (401, 403)
#: The study's page, below the project's root.
PAGE = Path("data") / "study" / "index.html"


class Stop(KeyboardInterrupt):
    """SIGTERM, or a closed terminal: the run is to stop."""


def run(
    *,
    models: Sequence[str] | None = None,
    force: bool = False,
    only_stale: bool = False,
    root: Path | None = None,
    reading: Reading | None = None,
    stamp: int | None = None,
) -> int:
    """Run the main flow here and now, with its progress in the terminal.

    Parameters
    ----------
    models : sequence of str, optional
        Only these models and what they read; all by default.
    force : bool
        Run every stage, stale or not.
    only_stale : bool
        Run what is stale and do no more: no model is promoted, and nothing at all happens if nothing is stale.
    root : Path, optional
        The project's root; the working directory by default.
    reading : Reading, optional
        Of the root's graph, begun before the workspace was held.
    stamp : int, optional
        Of the workspace when ``reading`` began: where a flow has worked there since, the graph is read anew.

    Returns
    -------
    int
        Exit status: 0 if all is well, 1 if a stage or action failed, 128 + N if signal N stopped it.

    Raises
    ------
    GenreError
        If the workspace is busy, a setting or a model's name is wrong, or DVC cannot read the project.
    """

    def work(root: Path, holder: Holder, board: Board) -> int:
        # Where something is sure to run, Prefect's server starts while DVC still looks at the files.
        ahead = _server(root) if force or not (root / "dvc.lock").exists() else None
        begun = reading if stamp is not None and stamp == holder.stamp else None
        plan = begun.result() if begun else graph.read(root)
        selected = plan.for_models(models)
        if not force and not selected & plan.stale().keys():
            board.message(f"All {len(selected)} stages are up to date.")
            # With a server at hand the run is recorded there; to start one only for that takes 6 to 20 s. What a
            # killed flow left on it needs one.
            if "flow_run" not in holder.previous and (only_stale or not server.is_named()):
                return _without_prefect(plan, selected, board=board, only_stale=only_stale)

        def start() -> Outcome:
            from flows.experiment import experiment

            return experiment(force=force, models=list(models) if models else None, promote=not only_stale)

        due = selected if force else selected & plan.stale().keys()
        # Prefect takes 6 to 20 s until the first stage begins.
        board.message(f"{len(due)} of {plural(len(selected), 'stage')} to run: Prefect starts")
        if address := settings.load().cluster:
            # A worker with other code is named here, not by the first stage that needs one.
            cluster.connect(address).shutdown()
        # Beside the start of Prefect's server, which takes as long.
        with preloading(due, root=root, keep=(holder.fileno(),)) as preloaded:
            outcome = _flow(
                start, root=root, holder=holder, board=board, plan=plan, preloaded=preloaded, ahead=ahead
            )
        if outcome is None:
            return 1
        board.message(
            f"{len(outcome.done)} stages ran or were restored, {len(outcome.fresh)} were up to date."
        )
        return 0

    return _in_terminal(work, root=root)


def _without_prefect(plan: Graph, selected: set[str], *, board: Board, only_stale: bool) -> int:
    """Do what the flow's tasks do after the stages. All look first and do nothing where nothing is missing."""
    from components.config import params
    from components.registry import promote as registry
    from components.reporting import validation
    from components.serving import packaging
    from components.stages import compare

    some = COMPARE in plan.order and COMPARE not in selected and COMPARE in plan.stale()
    if only_stale and not some:
        return 0
    values = params.load()
    validation.refresh_index(values.features, root=Path("data"))
    if some:
        compare.run(params=values, root=Path("data"), left_out=plan.outdated(selected))
    if only_stale:
        return 0
    for model, stage in plan.made().items():
        if stage not in plan.stale() and model in values.compared:
            packaging.ensure_logged(model, root=Path("data"))
    if COMPARE in plan.order:
        board.message(str(registry.promote(params=values, root=Path("data"))))
    return 0


def reproduce(options: StudyOptions, *, root: Path | None = None) -> int:
    """Run the study here and now, with its progress in the terminal; return as :func:`run` does.

    Raises
    ------
    GenreError
        If an option is not valid, the workspace is busy, or DVC cannot read the project.
    """
    from components.study import plan

    def work(root: Path, holder: Holder, board: Board) -> int:
        found, document = plan.prepare(options, root=root)
        for line in found.lines():
            board.message(line)
        names = plan.chosen(options, document=document)
        stages = graph.read(root / plan.FOLDER)
        stale = stages.stale().keys() & stages.needed(f"fit@{name}" for name in names)
        if not options.force and not stale and "report@study" not in stages.changed:
            from components.study.runs import ensure_study_logged

            board.message(f"{plural(len(names), 'experiment')} up to date: {PAGE}")
            ensure_study_logged(root=Path("data"))
            return 0

        def start() -> Outcome:
            from flows.reproduce import reproduce

            return reproduce(**options.as_parameters())

        if _flow(start, root=root, holder=holder, board=board) is None:
            board.message(f"The page has the other rows: {PAGE}")
            return 1
        from components.core import console

        page = console.imported("components.study.page")
        for line in page.lines(
            json.loads((root / PAGE).with_name("results.json").read_text(encoding="utf-8"))
        ):
            board.message(line)
        board.message(f"The page: {PAGE}")
        return 0

    return _in_terminal(work, root=root)


def _in_terminal(work: Callable[[Path, Holder, Board], int], *, root: Path | None) -> int:
    """Do work in the project's root, which is held meanwhile; return its status, or 128 + N if signal N stopped it."""
    from components.tracking import store

    root = (root or Path.cwd()).resolve()
    board = Board()
    with stoppable(), chdir(root):
        try:
            # Hours of work would end at a store that was never there.
            store.check_address()
            with workspace_lock.held(root, wait=settings.load().wait, report=board.message) as holder:
                for line in workspace_lock.clear_dvc_locks(root):
                    board.message(line)
                    # DVC may have stumbled over it: what was begun before is not gone on with.
                    holder.stamp = None
                return work(root, holder, board)
        except KeyboardInterrupt as stop:
            number = stop.args[0] if isinstance(stop, Stop) else signal.SIGINT
            board.message(f"Stopped. {GO_ON}")
            return 128 + int(number)


def _flow(
    start: Callable[[], Any],
    *,
    root: Path,
    holder: Holder,
    board: Board,
    plan: Graph | None = None,
    preloaded: PreloadedStages | None = None,
    ahead: TemporaryServer | None = None,
) -> Any:
    """Run a flow on a server; return what it returns, or None after printing its problems."""
    with served(root, holder=holder, ahead=ahead):
        from flows.orchestration import session

        try:
            with session.called_from(board, graph=plan, preloaded=preloaded), board.shown():
                return start()
        except session.FlowError as error:
            for line in error.problems:
                board.message(f"failed: {line}")
            board.message(GO_ON)
            return None


def _server(root: Path) -> TemporaryServer | None:
    """Start a temporary server; None where one is named, which then has to be there."""
    for name in ("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "PREFECT_INTERNAL_LOGGING_LEVEL"):
        os.environ.setdefault(name, CONSOLE_LEVEL)
    if named := os.environ.get("PREFECT_API_URL"):
        server.check_reachable(named)
    return server.start(root)


@contextmanager
def served(root: Path, *, holder: Holder, ahead: TemporaryServer | None = None) -> Iterator[None]:
    """Have a Prefect server until the block ends: the named one, one that was started ahead, or a temporary one.

    Raises
    ------
    ServerError
        If the server is not there, refuses this client, or goes away within the block.
    """
    started = ahead or _server(root)
    # Prefect reads the environment when it is imported, and its import goes on beside the server's start.
    import httpx

    from flows import experiment  # noqa: F401 - for its import of Prefect

    if started is not None:
        # Known to the next run even where this one is killed before the flow could note its own id.
        holder.note(pid=os.getpid(), flow_run=STARTING)
        started.wait(seconds=float(os.environ["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"]))
    try:
        yield
    except httpx.TransportError as error:
        raise server.ServerError(f"the Prefect server went away ({error}). {GO_ON}") from error
    except httpx.HTTPStatusError as error:
        if (status := error.response.status_code) not in REFUSED:
            raise
        raise server.ServerError(
            f"the Prefect server refuses PREFECT_API_AUTH_STRING or PREFECT_API_KEY (HTTP {status}); valid: what that "
            "server was started with"
        ) from error


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
