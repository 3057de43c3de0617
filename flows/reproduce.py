"""The study's flow: stale experiments in order of cost, then the page, then MLflow. One that fails stops no other."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

from prefect import allow_failure, flow, get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ThreadPoolTaskRunner

from components.core import atomic
from components.study import plan
from components.study.declarations import Plan
from components.study.plan import StudyOptions
from flows.orchestration import stage_task
from flows.orchestration.outcome import Outcome
from flows.orchestration.session import SESSION, FlowError, opened
from flows.orchestration.stage_task import Futures
from flows.pipeline import graph
from flows.pipeline.graph import Graph

REPORT = "report@study"
#: Added to the cost of an ablation: first what the study ran.
LAST = 10_000


@task(name="log-study", cache_policy=NO_CACHE)
def log_task() -> int:
    """Make sure that every experiment and the page have their run in MLflow; return how many runs there are."""
    from components.study.runs import ensure_study_logged

    return len(ensure_study_logged(root=Path("data")))


@flow(name="reproduce", task_runner=ThreadPoolTaskRunner(), persist_result=False)  # type: ignore[arg-type]
def reproduce(
    data: str | None = None,
    only: list[str] | None = None,
    budget: str = "full",
    search: bool = False,
    force: bool = False,
) -> Outcome:
    """Run the study's experiments on the data that is there, and write its page.

    The parameters are those of :class:`components.study.plan.StudyOptions`.

    Raises
    ------
    FlowError
        If an experiment, the page or its logging failed, after all that could run has run.
    GenreError
        If the workspace is busy, an option is wrong, or DVC cannot read the project.
    """
    root, logger = Path.cwd(), get_run_logger()
    options = StudyOptions(Path(data) if data else None, tuple(only or ()), budget, search, force)
    with opened(root, pipeline=plan.FOLDER) as session:
        found, document = plan.prepare(options, root=root)
        for line in found.lines():
            logger.info(line)
        pipeline = by_cost(graph.read(root / plan.FOLDER), document=document)
        names, stale = plan.chosen(options, document=document), pipeline.stale()
        needed = pipeline.needed(f"fit@{name}" for name in names)
        due = [stage for stage in pipeline.order if stage in needed and (force or stage in stale)]
        logger.info("%d of %d stages are due: %s", len(due), len(pipeline.order), ", ".join(due) or "none")

        session.board.plan(len(due) + 1)
        with session.processes.preloading([*due, REPORT]):
            stages = stage_task.submit(pipeline, due, force=force)
            outcome = stage_task.collect(pipeline, stages)
            note_failures(outcome, root=root)
            create_table_artifact(outcome.rows(), key="study-stages", description="How each stage ended")
            problems = list(outcome.failed.values())
            page = _report(stages)
        if page:
            problems.append(page)
        else:
            logged: Any = log_task(return_state=True)
            problems += [] if logged.is_completed() else [f"log-study: {logged.message}"]
        if problems:
            raise FlowError(problems)
        return outcome


def by_cost(pipeline: Graph, *, document: Plan) -> Graph:
    """Put cheap stages first: a page with most rows is there early. A stage still comes after all that it reads from.

    Parameters
    ----------
    pipeline : Graph
        As DVC has it.
    document : Plan
        The plan, for ``cost``.
    """
    cost = {
        f"fit@{name}": block.cost + (LAST if block.group == "ablation" else 0)
        for name, block in document.experiments.items()
    }
    for stage in reversed(pipeline.order):
        # The report reads all; it makes nothing urgent.
        for above in pipeline.upstream[stage] if stage in cost else ():
            cost[above] = min(cost.get(above, cost[stage]), cost[stage])
    order = sorted(pipeline.order, key=lambda stage: cost.get(stage, 0))
    return dataclasses.replace(pipeline, order=tuple(order))


def _report(stages: Futures) -> str:
    """Write the page from whatever is there, also where an experiment failed; return why it could not be."""
    board = SESSION.get().board
    board.start(REPORT)
    state: Any = stage_task.stage_task.with_options(name=REPORT, task_run_name=REPORT)(
        REPORT, wait_for=[allow_failure(future) for future in stages.values()], return_state=True
    )
    board.end(REPORT, "written" if state.is_completed() else "failed")
    return "" if state.is_completed() else f"{REPORT}: {state.message}"


def note_failures(outcome: Outcome, *, root: Path) -> None:
    """Note which experiments failed, so that the page shows it, and no older result stands for them."""
    for stage, why in {**outcome.skipped, **outcome.failed}.items():
        kind, _, name = stage.partition("@")
        if kind == "fit":
            folder = root / "data" / "study" / "experiments" / name
            shutil.rmtree(folder, ignore_errors=True)
            atomic.write_json(folder / "failure.json", {"reason": why.removeprefix(f"{stage}: ")})
