"""The main flow: stale stages as DVC orders them, models side by side, then log, compare and promote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from flows import notify
from flows.orchestration import results, stage_task
from flows.orchestration.outcome import Outcome
from flows.orchestration.session import SESSION, FlowError, opened
from flows.orchestration.stage_task import NOT_READY, Futures
from flows.pipeline import graph
from flows.pipeline.graph import COMPARE, Graph


@task(name="log", task_run_name="log@{model}", cache_policy=NO_CACHE)
def log_task(model: str) -> tuple[str, str]:
    """Make sure that a model's files have a run in MLflow, and return the ids of experiment and run.

    A stage restored from DVC's cache logs nothing.
    """
    from components.serving import packaging
    from components.tracking import store

    run_id = packaging.ensure_logged(model, root=Path("data"))
    return store.experiment(store.connect(), store.TRAINING), run_id


@task(name="compare-some", task_run_name="compare", cache_policy=NO_CACHE)
def compare_task(left_out: dict[str, str]) -> None:
    """Compare the models that are up to date, without those in ``left_out`` (each with why).

    Outside DVC's record: to DVC the comparison stays stale until all models are up to date.
    """
    from components.config import params
    from components.stages import compare

    compare.run(params=params.load(), root=Path("data"), left_out=left_out)


@task(name="promote", task_run_name="promote", cache_policy=NO_CACHE)
def promote_task() -> Any:
    """Make the best of the compared models champion if it passes every criterion; return the decision."""
    from components.config import params
    from components.registry import promote as registry

    decision = registry.promote(params=params.load(), root=Path("data"))
    create_markdown_artifact(decision.markdown(), key="promotion", description="Promoted or not, and why")
    if decision.promoted:
        notify.announce(decision)
    return decision


def run_name() -> str:
    """Name a run by what it is to do, for lists of runs."""
    given = flow_run.parameters
    models = ", ".join(given.get("models") or ["all models"])
    return f"{models}, every stage" if given.get("force") else models


@flow(name="experiment", flow_run_name=run_name, task_runner=ThreadPoolTaskRunner(), persist_result=False)  # type: ignore[arg-type]
def experiment(force: bool = False, models: list[str] | None = None, promote: bool = True) -> Outcome:
    """Bring everything up to date that DVC calls stale, then log, compare and promote.

    Parameters
    ----------
    force : bool
        Run every stage, stale or not.
    models : list of str, optional
        Only these models and what they read; all by default. The comparison is then of the models that are up to date.
    promote : bool
        Promote the best model at the end, if it passes.

    Raises
    ------
    FlowError
        If a stage failed, after all that could run has run.
    GenreError
        If the workspace is busy, a setting or model name is wrong, or DVC cannot read the project.
    """
    root, logger = Path.cwd(), get_run_logger()
    with opened(root) as session:
        plan = session.graph or graph.read(root)
        session.settings.check_deployments(plan.order)
        session.settings.check_first(plan.order)
        selected, stale = plan.for_models(models), plan.stale()
        due = [stage for stage in plan.order if stage in selected and (force or stage in stale)]
        logger.info("%d of %d stages are due: %s", len(due), len(plan.order), ", ".join(due) or "none")
        session.board.plan(len(due))
        with session.processes.preloading(due):
            stages = stage_task.submit(plan, due, force=force)
            logs = _log_models(plan, stages)
            outcome = stage_task.collect(plan, stages)
        create_table_artifact(outcome.rows(), key="stages", description="How each stage ended")
        refresh_pages(root)
        problems = outcome.problems() + [
            f"log@{model}: {state.message}"
            for model, state in logs.items()
            if not state.is_completed() and state.name != NOT_READY
        ]

        compared: Any = stages.get(COMPARE)
        if COMPARE in plan.order and COMPARE in stale and COMPARE not in selected and not problems:
            left_out = plan.outdated(selected)
            trainings = [stages[stage] for stage in plan.made().values() if stage in stages]
            compared = compare_task(left_out, wait_for=trainings, return_state=True)
            if not compared.is_completed():
                problems.append(f"compare: {compared.message}")
            for model, why in left_out.items():
                logger.info("%s is not in the comparison: %s", model, why)
        if not problems and COMPARE in plan.order:
            _publish_comparison(root)
            found = {model: state.result() for model, state in logs.items()}
            text = results.markdown(found, root=root, served=session.settings.pages)
            create_markdown_artifact(text, key="results", description="Report, Data Docs and runs in MLflow")
            if promote:
                problems += _promote([compared, *logs.values()])
        if problems:
            raise FlowError(problems)
        return outcome


def refresh_pages(root: Path) -> None:
    """Bring the page of all features up to date: a result that DVC restores from its cache comes without it."""
    from components.config import params
    from components.reporting import validation

    if (root / "data" / "validation").is_dir():
        validation.refresh_index(params.load().features, root=root / "data")


def _patient() -> dict[str, Any]:
    """MLflow's server may be away for a moment."""
    options = SESSION.get().settings
    return {"retries": options.retries, "retry_delay_seconds": options.retry_delay}


def _log_models(plan: Graph, stages: Futures) -> dict[str, State[Any]]:
    """Log each model once it is up to date. In this thread: MLflow's client is shared by all."""
    from components.config import params

    stale, states = plan.stale(), {}
    made = plan.made()
    compared = params.load().compared if made else ()
    for model, stage in made.items():
        if model in compared and (stage in stages or stage not in stale):
            above = [stages[stage]] if stage in stages else None
            states[model] = log_task.with_options(**_patient())(model, wait_for=above, return_state=True)
    return states


def _publish_comparison(root: Path) -> None:
    from components.reporting import comparison

    table = comparison.read(root=root / "data").table()
    # The figures of each part, such as "test.macro_f1", are in the report.
    headline = table[[name for name in table if "." not in name]].round(4)
    rows = json.loads(headline.to_json(orient="records"))
    create_table_artifact(rows, key="comparison", description="The models compared")


def _promote(above: list[Any]) -> list[str]:
    waited = [one for one in above if one is not None]
    state: Any = promote_task.with_options(**_patient())(wait_for=waited, return_state=True)
    if not state.is_completed():
        return [f"promote: {state.message}"]
    decision = state.result()
    get_run_logger().info(decision)
    SESSION.get().board.message(str(decision))
    return []
