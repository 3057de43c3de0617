"""The study's flow: stale experiments in order of cost, then the page, then MLflow. One that fails stops no other."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from components import atomic
from components.study import plan
from components.study.materials import DATA
from flows import graph, leftovers, schedule, settings, workspace
from flows import wish as wishes
from flows.experiment import CALLER, THREADS, ExperimentError
from flows.stage_task import SESSION, Session, stage_task, starter
from flows.stages import Running

REPORT = "report@study"


@task(name="log-study", cache_policy=NO_CACHE)
def log_task() -> int:
    """Make sure that every experiment and the page have their run in MLflow.

    Returns
    -------
    int
        How many runs there are.
    """
    from components.tracking.study_runs import ensure_study_logged

    return len(ensure_study_logged(root=Path("data")))


@flow(name="reproduce", task_runner=THREADS, persist_result=False)  # type: ignore[arg-type]
def reproduce(
    data: str | None = None,
    only: list[str] | None = None,
    budget: str = "full",
    search: bool = False,
    force: bool = False,
) -> schedule.Outcome:
    """Run the study's experiments on the data that is there, and write its page.

    Parameters
    ----------
    data : str, optional
        Folder to look for data in; ``data/raw`` by default, and the embedded corpus where that holds none.
    only : list of str, optional
        Experiments, models, groups or ``kfold``; all by default.
    budget : str
        ``quick`` or ``full``.
    search : bool
        Search each model of the main table first.
    force : bool
        Run every wanted stage, stale or not.

    Returns
    -------
    Outcome
        How each stage ended.

    Raises
    ------
    ExperimentError
        If an experiment, the page or its logging failed, after all that could run has run.
    GenreError
        If the workspace is busy, an option is wrong, or DVC cannot read the project.
    """
    root, options, logger = Path.cwd(), settings.load(), get_run_logger()
    wish = wishes.Wish(
        data=Path(data) if data else None,
        only=tuple(only or ()),
        budget=budget,
        search=search,
        force=force,
    )
    board, _ = CALLER.get()
    with ExitStack() as stack:
        holder = stack.enter_context(workspace.held(root, wait=options.wait, say=logger.warning))
        leftovers.take_over(holder, flow_run=flow_run.id)
        for line in workspace.clear_dvc_locks(root):
            logger.warning(line)
        seen, document = wishes.prepare(wish, root=root)
        for line in seen.lines():
            logger.info(line)
        stages = graph.read(root / plan.FOLDER)
        due = wishes.due(stages, names=wishes.chosen(wish, document=document), force=force)
        logger.info("%d of %d stages are due: %s", len(due), len(stages.order), ", ".join(due) or "none")
        if board is not None:
            board.plan(len(due) + 1)
        running = Running(root / plan.FOLDER, keep=(holder.fileno(),))
        token = SESSION.set(Session(running=running, board=board))
        stack.callback(SESSION.reset, token)
        try:
            outcome = schedule.run(
                wishes.ordered(stages, document=document),
                due=due,
                stale=stages.stale(),
                concurrency=options.concurrency,
                start=starter(options, force=force, board=board),
                skip=lambda stage, why: board.end(stage, f"skipped: {why}") if board else None,
            )
            note_failures(outcome, root=root)
            problems = list(outcome.failed.values()) + _report(board)
        except BaseException:
            # Ctrl-C, SIGTERM, or a fault of ours: no stage outlives the flow.
            running.stop()
            raise
        create_table_artifact(outcome.rows(), key="study-stages", description="How each stage ended")
        if not any(problem.startswith(f"{REPORT}:") for problem in problems):
            logged: Any = log_task(return_state=True)
            if not logged.is_completed():
                problems.append(f"log-study: {logged.message}")
        if problems:
            raise ExperimentError(problems)
        return outcome


def _report(board: Any) -> list[str]:
    # Not by the schedule: the page is made from whatever is there, also where an experiment failed.
    if board is not None:
        board.start(REPORT)
    state: Any = stage_task.with_options(name=REPORT, task_run_name=REPORT)(REPORT, return_state=True)
    if board is not None:
        board.end(REPORT, "written" if state.is_completed() else "failed")
    return [] if state.is_completed() else [f"{REPORT}: {state.message}"]


def note_failures(outcome: schedule.Outcome, *, root: Path) -> None:
    """Write down which experiments failed, so that the page tells it, and no older result stands for them.

    Parameters
    ----------
    outcome : Outcome
        How the stages ended.
    root : Path
        The project's root.
    """
    reasons: Mapping[str, str] = {**outcome.skipped, **outcome.failed}
    for stage, why in reasons.items():
        kind, _, name = stage.partition("@")
        if kind == "fit":
            folder = root / DATA / "experiments" / name
            shutil.rmtree(folder, ignore_errors=True)
            atomic.write_json(folder / "failure.json", {"reason": why.removeprefix(f"{stage}: ")})
