"""The main flow: stale stages in DVC's order, models side by side, then log, compare and promote."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from flows import runner, settings
from flows.context import CALLER, ExperimentError
from flows.orchestration import artifacts, crashed_runs, scheduler
from flows.orchestration.stage_task import SESSION, Session, starter
from flows.pipeline import graph
from flows.pipeline.stage import Running
from flows.process import workspace_lock


@task(name="log", task_run_name="log@{model}", cache_policy=NO_CACHE)
def log_task(model: str) -> None:
    """Make sure that a model's files have a run in MLflow: a stage restored from DVC's cache logs nothing.

    Parameters
    ----------
    model : str
        A key of ``models`` in ``params.yaml``.
    """
    from components.serving import packaging

    packaging.ensure_logged(model, root=Path("data"))


@task(name="promote", task_run_name="promote", cache_policy=NO_CACHE)
def promote_task() -> Any:
    """Let the gate decide whether the best of the models becomes the champion.

    Returns
    -------
    Decision
        What :func:`components.registry.promote.promote` decided, and why.
    """
    from components.config import params
    from components.registry import promote as registry

    answer = registry.promote(params=params.load(), root=Path("data"))
    create_markdown_artifact(answer.markdown(), key="promotion", description="What the gate decided")
    return answer


#: As many threads as ``GENRE_CONCURRENCY`` may be; how many are used is decided for each run.
THREADS: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=64)


def run_name() -> str:
    """Name a run by what it is to do, for lists of runs."""
    given = flow_run.parameters
    said = ", ".join(given.get("models") or ["all models"])
    return f"{said}, every stage" if given.get("force") else said


@flow(name="experiment", flow_run_name=run_name, task_runner=THREADS, persist_result=False)  # type: ignore[arg-type]
def experiment(
    force: bool = False, models: list[str] | None = None, promote: bool = True
) -> scheduler.Outcome:
    """Bring everything up to date that DVC calls stale, then log, compare and promote.

    Parameters
    ----------
    force : bool
        Run every stage, stale or not.
    models : list of str, optional
        Only these models and what they read; all by default.
    promote : bool
        Let the gate decide at the end, where the comparison is up to date.

    Returns
    -------
    Outcome
        How each stage ended.

    Raises
    ------
    ExperimentError
        If a stage failed, after all that could run has run.
    GenreError
        If the workspace is busy, a setting or model name is wrong, or DVC cannot read the project.
    """
    root, options, logger = Path.cwd(), settings.load(), get_run_logger()
    board, known = CALLER.get()
    with ExitStack() as stack:
        holder = stack.enter_context(workspace_lock.held(root, wait=options.wait, say=logger.warning))
        crashed_runs.take_over(holder, flow_run=flow_run.id)
        for line in workspace_lock.clear_dvc_locks(root):
            logger.warning(line)
        plan = known or graph.read(root)
        stale, wanted = plan.stale(), plan.for_models(models)
        due = [stage for stage in plan.order if stage in wanted and (force or stage in stale)]
        logger.info("%d of %d stages are due: %s", len(due), len(plan.order), ", ".join(due) or "none")
        if board is not None:
            board.plan(len(due))
        running = Running(root, keep=(holder.fileno(),))
        token = SESSION.set(Session(running=running, board=board))
        stack.callback(SESSION.reset, token)
        try:
            outcome = scheduler.run(
                plan,
                due=due,
                stale=stale,
                concurrency=options.concurrency,
                start=starter(options, force=force, board=board),
                skip=lambda stage, why: board.end(stage, f"skipped: {why}") if board else None,
            )
        except BaseException:
            # Ctrl-C, SIGTERM, or a fault of ours: no stage outlives the flow.
            running.stop()
            raise
        create_table_artifact(outcome.rows(), key="stages", description="How each stage ended")
        _finish(plan, outcome, root=root, promote=promote, options=options)
        return outcome


def _finish(
    plan: graph.Graph,
    outcome: scheduler.Outcome,
    *,
    root: Path,
    promote: bool,
    options: settings.FlowSettings,
) -> None:
    logger = get_run_logger()
    # MLflow's server may be away for a moment.
    patient: dict[str, Any] = {"retries": options.retries, "retry_delay_seconds": options.retry_delay}
    problems = list(outcome.failed.values())
    for stage, why in outcome.skipped.items():
        logger.warning("%s skipped: %s", stage, why)
        if outcome.failed:
            problems.append(f"{stage} skipped: {why}")
    for model in plan.models():
        if outcome.good(f"train@{model}"):
            logged: Any = log_task.with_options(**patient)(model, return_state=True)
            if not logged.is_completed():
                problems.append(f"log@{model}: {logged.message}")
    if outcome.good("compare"):
        from components.reporting import comparison

        rows = artifacts.comparison(comparison.read(root=root / "data"))
        create_table_artifact(rows, key="comparison", description="The models compared")
        if promote and not problems:
            state: Any = promote_task.with_options(**patient)(return_state=True)
            if state.is_completed():
                answer = state.result()
                said = f"{'Promoted' if answer.promoted else 'Not promoted'}: {answer.reason}"
                logger.info(said)
                if (board := SESSION.get().board) is not None:
                    board.say(said)
            else:
                problems.append(f"promote: {state.message}")
    if problems:
        raise ExperimentError(problems)


#: For Python callers. Where start-up counts, import it from :mod:`flows.runner`, which is there without Prefect.
run = runner.run
