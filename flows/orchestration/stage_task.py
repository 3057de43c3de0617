"""A DVC stage as a Prefect task: its lines in log and terminal, tried again where that is of use."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from flows import settings
from flows.orchestration import artifacts, scheduler
from flows.pipeline.stage import Result, Running, StageError, StoppedError
from flows.progress import Board

#: Input a person can correct: the same input fails the same way, so it is not tried again.
INPUT_STATUS = 2
#: Stages that are tried again where they fail: fits are long, and a killed one goes on where it was.
MODEL_STAGES = ("tune@", "train@", "fit@")


@dataclass(frozen=True)
class Session:
    """What the tasks of one flow share: the stage processes, and the terminal where there is one."""

    running: Running
    board: Board | None = None


SESSION: ContextVar[Session] = ContextVar("session")


def worth_retrying(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Say whether a failed stage is tried again: not where its input is at fault, nor while stopping."""
    error = state.result(raise_on_failure=False)
    session = SESSION.get()
    again = isinstance(error, StageError) and error.status != INPUT_STATUS and not session.running.stopping
    if again and session.board is not None:
        session.board.say(f"  {error}")
    return again


@task(name="stage", cache_policy=NO_CACHE)
def stage_task(stage: str, *, force: bool = False) -> Result:
    """Run one DVC stage. Its lines go to Prefect's log, and to the terminal where there is one.

    Parameters
    ----------
    stage : str
        Its name.
    force : bool
        Run it even where nothing changed.

    Returns
    -------
    Result
        How it ended.

    Raises
    ------
    StageError
        If it failed; the message is the reason in one line.
    """
    session, logger = SESSION.get(), get_run_logger()

    def line(text: str) -> None:
        logger.info("%s | %s", stage, text)
        if session.board is not None:
            session.board.line(stage, text)

    try:
        return session.running.run(stage, force=force, line=line)
    except StageError:
        kind, _, feature = stage.partition("@")
        if kind == "validate":
            create_markdown_artifact(
                artifacts.validation(session.running.root, feature),
                key=f"validation-{feature.replace('_', '-')}",
                description=f"Failed expectations of {feature}",
            )
        raise


def _said(result: Result | Exception) -> str:
    if isinstance(result, Result):
        return f"{result.how} in {result.seconds:.0f} s"
    return "stopped" if isinstance(result, StoppedError) else "failed"


def starter(options: settings.FlowSettings, *, force: bool, board: Board | None) -> scheduler.Start:
    """Make what starts a stage as a task of the flow that runs.

    Parameters
    ----------
    options : FlowSettings
        Tries and delays.
    force : bool
        Run stages even where nothing changed.
    board : Board, optional
        The terminal.

    Returns
    -------
    callable
        See :data:`flows.orchestration.scheduler.Start`.
    """

    def start(stage: str, ended: SimpleQueue[tuple[str, Result | Exception]]) -> None:
        model = stage.startswith(MODEL_STAGES)
        named = stage_task.with_options(
            name=stage,
            task_run_name=stage,
            retries=options.retries if model else 0,
            retry_delay_seconds=options.retry_delay,
            retry_condition_fn=worth_retrying,
        )
        if board is not None:
            board.start(stage)
        future = named.submit(stage, force=force)

        def done(_future: object) -> None:
            result = future.result(raise_on_failure=False)
            if board is not None:
                board.end(stage, _said(result))
            ended.put((stage, result))

        future.add_done_callback(done)

    return start
