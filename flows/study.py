"""``genre reproduce`` in a terminal: say what is there, plan, run what is stale; Prefect only where there is work."""

from __future__ import annotations

import signal
from pathlib import Path

from components.study import plan
from flows import graph, launch, settings, workspace
from flows.progress import Board
from flows.wish import Wish, chosen, due, prepare

PAGE = Path("data") / "study" / "index.html"


def run(wish: Wish, *, root: Path | None = None) -> int:
    """Run the study here and now, with its progress in the terminal.

    Parameters
    ----------
    wish : Wish
        What was asked for.
    root : Path, optional
        The project's root; the working directory by default.

    Returns
    -------
    int
        Exit status: 0 if all is well, 1 if an experiment failed, 128 + N if signal N stopped it.

    Raises
    ------
    GenreError
        If an option is not valid, the workspace is busy, or DVC cannot read the project.
    """
    root = (root or Path.cwd()).resolve()
    board = Board()
    with launch.stoppable(), launch.inside(root):
        try:
            return _run(wish, root=root, board=board)
        except KeyboardInterrupt as stop:
            number = stop.args[0] if isinstance(stop, launch.Stop) else signal.SIGINT
            board.say(f"Stopped. {launch.GO_ON}")
            return 128 + int(number)


def _run(wish: Wish, *, root: Path, board: Board) -> int:
    options = settings.load()
    with workspace.held(root, wait=options.wait, say=board.say) as holder:
        for line in workspace.clear_dvc_locks(root):
            board.say(line)
        seen, document = prepare(wish, root=root)
        for line in seen.lines():
            board.say(line)
        names = chosen(wish, document=document)
        stages = graph.read(root / plan.FOLDER)
        if not due(stages, names=names, force=wish.force) and "report@study" not in stages.changed:
            from components.tracking.study_runs import ensure_study_logged

            board.say(f"All {len(names)} experiments are up to date: {PAGE}")
            ensure_study_logged(root=Path("data"))
            return 0
        return _flow(wish, holder, root=root, board=board)


def _flow(wish: Wish, holder: workspace.Holder, *, root: Path, board: Board) -> int:
    with launch.served(root, holder=holder):
        from flows import experiment, reproduce

        try:
            with experiment.called_from(board), board.shown():
                reproduce.reproduce(
                    data=str(wish.data) if wish.data else None,
                    only=list(wish.only),
                    budget=wish.budget,
                    search=wish.search,
                    force=wish.force,
                )
        except experiment.ExperimentError as error:
            for line in error.problems:
                board.say(f"failed: {line}")
            board.say(f"{launch.GO_ON} The page has the other rows: {PAGE}")
            return 1
    board.say(f"The page: {PAGE}")
    return 0
