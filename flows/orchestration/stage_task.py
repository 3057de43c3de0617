"""DVC stages as Prefect tasks: all submitted at once, each waiting for those that it reads from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectConcurrentFuture
from prefect.tasks import Task

from components.core.progress import MARK
from flows.orchestration import failed_validation
from flows.orchestration.outcome import Outcome
from flows.orchestration.session import SESSION
from flows.pipeline.graph import Graph
from flows.pipeline.slots import Slots
from flows.pipeline.stage import Result, StageError, StoppedError
from flows.progress import Board

#: Input a person can correct: the same input fails the same way, so it is not tried again.
INPUT_STATUS = 2
#: Stages that are tried again where they fail: fits are long, and a killed one goes on where it was.
MODEL_STAGES = ("tune@", "train@", "fit@")
#: Prefect's name for the state of a task whose upstream did not end well: it was never begun.
NOT_READY = "NotReady"
#: The stages of a flow as they are submitted.
Futures = Mapping[str, PrefectConcurrentFuture[Any]]


def worth_retrying(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Return whether a failed stage is tried again: not where its input is at fault, nor while stopping."""
    error = state.result(raise_on_failure=False)
    session = SESSION.get()
    again = isinstance(error, StageError) and error.status != INPUT_STATUS and not session.processes.stopping
    if again:
        session.board.message(f"  {error}")
    return again


@task(name="stage", cache_policy=NO_CACHE)
def stage_task(stage: str, *, reads: Sequence[str] = (), force: bool = False) -> Result:
    """Run one DVC stage, here once it has a place or in another pool. Its lines go to Prefect's log and the terminal.

    Raises
    ------
    StageError
        If it failed; the message is the reason in one line.
    """
    session, logger = SESSION.get(), get_run_logger()
    session.processes.slots.take(stage)
    logger.info("%s begins", stage)
    session.board.start(stage)

    def line(text: str) -> None:
        if not text.startswith(MARK):
            logger.info("%s | %s", stage, text)
        session.board.line(stage, text)

    try:
        if deployment := session.settings.deployment(stage):
            from flows.orchestration import remote_stage

            return remote_stage.run(
                stage,
                deployment=deployment,
                reads=reads,
                force=force,
                root=session.processes.root,
                line=line,
                stopping=lambda: session.processes.stopping,
            )
        return session.processes.run(stage, force=force, line=line)
    except StageError:
        kind, _, feature = stage.partition("@")
        if kind == "validate":
            create_markdown_artifact(
                failed_validation.markdown(session.processes.root, feature, served=session.settings.pages),
                key=f"validation-{feature.replace('_', '-')}",
                description=f"Failed expectations of {feature}",
            )
        raise


def submit(graph: Graph, due: Collection[str], *, force: bool) -> Futures:
    """Submit each due stage of the flow that runs, to be run once those that it reads from have ended well.

    Each waits in a thread of its own, which costs nothing; ``GENRE_CONCURRENCY`` of them run.

    Parameters
    ----------
    graph : Graph
        The stages in order.
    due : collection of str
        The stages to run. What else they read from is up to date.
    force : bool
        Run stages even where nothing changed.

    Raises
    ------
    ParamsError
        If the Prefect server has no such deployment as a stage is to run in.
    """
    session, futures = SESSION.get(), dict[str, Any]()
    settings = session.settings
    elsewhere = {stage: name for stage in due if (name := settings.deployment(stage))}
    if elsewhere:
        from flows.orchestration import remote_stage

        remote_stage.check(elsewhere.values())
    slots = session.processes.slots = Slots(
        graph, due, most=settings.concurrency, elsewhere=elsewhere, first=settings.first
    )
    for stage in graph.order:
        if stage in due:
            model = stage.startswith(MODEL_STAGES)
            named: Any = stage_task.with_options(
                name=stage,
                task_run_name=stage,
                retries=settings.retries if model else 0,
                retry_delay_seconds=settings.retry_delay,
                retry_condition_fn=worth_retrying,
            )
            above = [futures[one] for one in graph.upstream[stage] if one in futures]
            futures[stage] = named.submit(stage, reads=graph.upstream[stage], force=force, wait_for=above)
            futures[stage].add_done_callback(partial(_ended, stage, slots=slots, board=session.board))
    return futures


def _ended(stage: str, future: PrefectConcurrentFuture[Any], *, slots: Slots, board: Board) -> None:
    try:
        state = future.wrapped_future.result()
        result = None if state.name == NOT_READY else state.result(raise_on_failure=False)
        if isinstance(result, Result):
            board.end(stage, f"{result.how} in {result.seconds:.0f} s")
        elif result is None:
            board.end(stage, "skipped")
        else:
            board.end(stage, "stopped" if isinstance(result, StoppedError) else "failed")
    finally:
        slots.end(stage)


def collect(graph: Graph, futures: Futures) -> Outcome:
    """Wait until the last stage has ended, and return how each did."""
    stale = graph.stale()
    outcome = Outcome(fresh=[stage for stage in graph.order if stage not in stale and stage not in futures])
    for stage, future in futures.items():
        future.wait()
        if future.state.is_completed():
            outcome.done[stage] = future.result()
        elif future.state.name == NOT_READY:
            why = [f"{one} failed" for one in graph.upstream[stage] if one in outcome.failed]
            why += [f"{one} was skipped" for one in graph.upstream[stage] if one in outcome.skipped]
            outcome.skipped[stage] = ", ".join(why)
        else:
            outcome.failed[stage] = str(future.result(raise_on_failure=False))
    return outcome
