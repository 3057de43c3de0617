"""DVC stages as Prefect tasks: all submitted at once, each waiting for those that it reads from."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectConcurrentFuture
from prefect.tasks import Task

from components.core.progress import MARK
from flows.orchestration.session import SESSION
from flows.pipeline.graph import Graph
from flows.pipeline.stage import Result, Slots, StageError, StoppedError
from flows.progress import Board

#: Input a person can correct: the same input fails the same way, so it is not tried again.
INPUT_STATUS = 2
#: Stages that are tried again where they fail: fits are long, and a killed one goes on where it was.
MODEL_STAGES = ("tune@", "train@", "fit@")
#: Prefect's name for the state of a task whose upstream did not end well: it was never begun.
NOT_READY = "NotReady"
#: The stages of a flow as they are submitted.
Futures = Mapping[str, PrefectConcurrentFuture[Any]]


@dataclass
class Outcome:
    """How the stages of a flow ended.

    Attributes
    ----------
    fresh : list of str
        Not started: nothing they read has changed.
    done : dict of str to Result
        Ended well.
    failed : dict of str to str
        Failed, with the reason in one line.
    skipped : dict of str to str
        Not started, with what was missing.
    """

    fresh: list[str] = field(default_factory=list)
    done: dict[str, Result] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def rows(self) -> list[dict[str, str | float]]:
        """Return one row a stage: its name, how it ended, its seconds, and why where it did not end well."""
        ended: list[tuple[str, str, float, str]] = [
            (stage, result.how, result.seconds, "") for stage, result in self.done.items()
        ]
        ended += [(stage, "failed", 0.0, why) for stage, why in self.failed.items()]
        ended += [(stage, "skipped", 0.0, why) for stage, why in self.skipped.items()]
        ended += [(stage, "fresh", 0.0, "") for stage in self.fresh]
        return [
            {"stage": stage, "outcome": how, "seconds": round(seconds, 1), "why": why}
            for stage, how, seconds, why in ended
        ]

    def problems(self) -> list[str]:
        """Return one line for each stage that failed, and for each that could not be run therefore."""
        return [*self.failed.values(), *(f"{stage} skipped: {why}" for stage, why in self.skipped.items())]


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
                failed_validation(session.processes.root, feature),
                key=f"validation-{feature.replace('_', '-')}",
                description=f"Failed expectations of {feature}",
            )
        raise


def failed_validation(root: Path, feature: str) -> str:
    """Write a feature's failed validation as Markdown, with the path of its Data Docs; each where it is there."""
    text = [f"# Validation of {feature} failed", ""]
    result = root / "data" / "validation" / feature / "result.json"
    if result.is_file():
        found = json.loads(result.read_text(encoding="utf-8"))
        failed = found.get("failed", [])
        text += [f"{len(failed)} of {found.get('expectations', '?')} expectations failed:", ""]
        text += [f"- {one if isinstance(one, str) else json.dumps(one)}" for one in failed]
    page = root / "data" / "docs" / feature / "index.html"
    if page.is_file():
        text += ["", f"Data Docs: [{page.relative_to(root)}]({page.resolve().as_uri()})"]
    return "\n".join(text) + "\n"


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
    """
    session, futures = SESSION.get(), dict[str, Any]()
    settings = session.settings
    elsewhere = [stage for stage in due if settings.deployment(stage)]
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
