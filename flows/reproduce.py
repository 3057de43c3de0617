"""The study's flow: stale experiments in order of cost, then the page, then MLflow. One that fails stops no other."""

from __future__ import annotations

import dataclasses
import shutil
import signal
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from components.core import atomic
from components.core.errors import ParamsError
from components.study import declarations, discovery, plan
from components.study.materials import DATA
from flows import runner, settings
from flows.context import CALLER, ExperimentError
from flows.experiment import THREADS
from flows.orchestration import crashed_runs, scheduler
from flows.orchestration.stage_task import SESSION, Session, stage_task, starter
from flows.pipeline import graph
from flows.pipeline.graph import Graph
from flows.pipeline.stage import Running
from flows.process import workspace_lock
from flows.progress import Board

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
) -> scheduler.Outcome:
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
    root, machine, logger = Path.cwd(), settings.load(), get_run_logger()
    options = StudyOptions(
        data=Path(data) if data else None,
        only=tuple(only or ()),
        budget=budget,
        search=search,
        force=force,
    )
    board, _ = CALLER.get()
    with ExitStack() as stack:
        holder = stack.enter_context(workspace_lock.held(root, wait=machine.wait, say=logger.warning))
        crashed_runs.take_over(holder, flow_run=flow_run.id)
        for line in workspace_lock.clear_dvc_locks(root):
            logger.warning(line)
        seen, document = prepare(options, root=root)
        for line in seen.lines():
            logger.info(line)
        stages = graph.read(root / plan.FOLDER)
        stale = due(stages, names=chosen(options, document=document), force=force)
        logger.info("%d of %d stages are due: %s", len(stale), len(stages.order), ", ".join(stale) or "none")
        if board is not None:
            board.plan(len(stale) + 1)
        running = Running(root / plan.FOLDER, keep=(holder.fileno(),))
        token = SESSION.set(Session(running=running, board=board))
        stack.callback(SESSION.reset, token)
        try:
            outcome = scheduler.run(
                ordered(stages, document=document),
                due=stale,
                stale=stages.stale(),
                concurrency=machine.concurrency,
                start=starter(machine, force=force, board=board),
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


def note_failures(outcome: scheduler.Outcome, *, root: Path) -> None:
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


PAGE = Path("data") / "study" / "index.html"


def run(options: StudyOptions, *, root: Path | None = None) -> int:
    """Run the study here and now, with its progress in the terminal.

    Parameters
    ----------
    options : StudyOptions
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
    with runner.stoppable(), runner.inside(root):
        try:
            return _run(options, root=root, board=board)
        except KeyboardInterrupt as stop:
            number = stop.args[0] if isinstance(stop, runner.Stop) else signal.SIGINT
            board.say(f"Stopped. {runner.GO_ON}")
            return 128 + int(number)


def _run(options: StudyOptions, *, root: Path, board: Board) -> int:
    machine = settings.load()
    with workspace_lock.held(root, wait=machine.wait, say=board.say) as holder:
        for line in workspace_lock.clear_dvc_locks(root):
            board.say(line)
        seen, document = prepare(options, root=root)
        for line in seen.lines():
            board.say(line)
        names = chosen(options, document=document)
        stages = graph.read(root / plan.FOLDER)
        if not due(stages, names=names, force=options.force) and "report@study" not in stages.changed:
            from components.tracking.study_runs import ensure_study_logged

            board.say(f"All {len(names)} experiments are up to date: {PAGE}")
            ensure_study_logged(root=Path("data"))
            return 0
        return _flow(options, holder, root=root, board=board)


def _flow(options: StudyOptions, holder: workspace_lock.Holder, *, root: Path, board: Board) -> int:
    with runner.served(root, holder=holder):
        from flows import context

        try:
            with context.called_from(board), board.shown():
                reproduce(
                    data=str(options.data) if options.data else None,
                    only=list(options.only),
                    budget=options.budget,
                    search=options.search,
                    force=options.force,
                )
        except context.ExperimentError as error:
            for line in error.problems:
                board.say(f"failed: {line}")
            board.say(f"{runner.GO_ON} The page has the other rows: {PAGE}")
            return 1
    board.say(f"The page: {PAGE}")
    return 0


#: Where data is looked for unless a folder is named, below the project's root.
RAW = Path("data") / "raw"
#: Added to the cost of an ablation: first what the study ran.
LAST = 10_000
#: ``--only kfold``: every model of the main table, all folds.
KFOLD = "kfold"


@dataclasses.dataclass(frozen=True)
class StudyOptions:
    """What a person asked for.

    Attributes
    ----------
    data : Path or None
        Folder to look for data in; ``data/raw`` by default.
    only : tuple of str
        Experiments, models, groups (``model``, ``ablation``, ``side``) or ``kfold``; all where empty.
    budget : str
        ``quick`` or ``full``.
    search : bool
        Search each model of the main table first.
    force : bool
        Run stages even where nothing changed.
    """

    data: Path | None = None
    only: tuple[str, ...] = ()
    budget: str = "full"
    search: bool = False
    force: bool = False


def look(options: StudyOptions, *, root: Path) -> discovery.Found:
    """Look what data is there.

    Parameters
    ----------
    options : StudyOptions
        For ``data``.
    root : Path
        The project's root.

    Returns
    -------
    Found
        What was found; the embedded corpus where that is nothing.

    Raises
    ------
    ParamsError
        If the named folder does not exist, or holds none of the study's data.
    """
    if options.data is not None:
        seen = discovery.look(options.data)
        if not seen.sources:
            raise ParamsError(
                f"--data is {str(options.data)!r}, which holds no audio, pictures or tables by genre; valid: a "
                "folder with GTZAN below it"
            )
        return seen
    if (root / RAW).is_dir():
        from components.config import params

        composed = {discovery.EMBEDDED, *params.load(root / "params.yaml").synthetic}
        seen = discovery.look(root / RAW, without=composed)
        if seen.sources:
            return seen
    return discovery.embedded(root)


def chosen(options: StudyOptions, *, document: Mapping[str, Any]) -> list[str]:
    """Say which experiments these options is about.

    Parameters
    ----------
    options : StudyOptions
        For ``only``.
    document : mapping
        The plan.

    Returns
    -------
    list of str
        Experiments that can be run.

    Raises
    ------
    ParamsError
        If a name stands for nothing.
    """
    meant = named(options)
    return [name for name in document["experiments"] if name in meant]


def named(options: StudyOptions) -> set[str]:
    """Say which experiments these options names, whether or not the data is there.

    Parameters
    ----------
    options : StudyOptions
        For ``only``.

    Returns
    -------
    set of str
        All of them where it names none.

    Raises
    ------
    ParamsError
        If a name stands for nothing.
    """
    declared = declarations.load().experiments
    if not options.only:
        return set(declared)
    names: set[str] = set()
    for word in options.only:
        group = "model" if word == KFOLD else word
        fits = {
            name
            for name, experiment in declared.items()
            if group in (name, experiment.model, experiment.group)
        }
        # A model's name is also its first experiment's: then that one alone is meant.
        names |= {word} if word in declared else fits
        if not fits:
            groups = sorted({experiment.group for experiment in declared.values()})
            raise ParamsError(
                f"--only names {word!r}; valid: {KFOLD}, {', '.join(groups)}, {', '.join(declared)}"
            )
    return names


def listing(document: Mapping[str, Any], *, names: Collection[str]) -> list[str]:
    """Lay out the experiments for ``--list``.

    Parameters
    ----------
    document : mapping
        The plan.
    names : collection of str
        The experiments asked for.

    Returns
    -------
    list of str
        One line each: its fits, or what it needs.
    """
    lines = []
    for name, experiment in declarations.load().experiments.items():
        if name not in names:
            continue
        if name in document["not_run"]:
            state = f"not run: needs {document['not_run'][name]}"
        else:
            planned = document["experiments"][name]
            times = {"fault_filtered": planned["seeds"]}
            state = ", ".join(
                f"{protocol} x {times.get(protocol, planned['folds'])}" for protocol in planned["protocols"]
            )
        lines.append(f"{name:28} {experiment.title} ({experiment.variant}): {state}")
    return lines


def ordered(seen: Graph, *, document: Mapping[str, Any]) -> Graph:
    """Put cheap stages first: a page with most rows is there early.

    Parameters
    ----------
    seen : Graph
        As DVC has it.
    document : mapping
        The plan, for ``cost``.

    Returns
    -------
    Graph
        The same graph; a stage still starts only after all that it reads from.
    """
    cost = {
        f"fit@{name}": block["cost"] + (LAST if block["group"] == "ablation" else 0)
        for name, block in document["experiments"].items()
    }
    for stage in reversed(seen.order):
        # The report reads all; it makes nothing urgent.
        for above in seen.upstream[stage] if stage in cost else ():
            cost[above] = min(cost.get(above, cost[stage]), cost[stage])
    return dataclasses.replace(seen, order=tuple(sorted(seen.order, key=lambda stage: cost.get(stage, 0))))


def due(seen: Graph, *, names: Collection[str], force: bool) -> list[str]:
    """List the stages to run, in order, but for the report.

    Parameters
    ----------
    seen : Graph
        The study's graph as DVC has it.
    names : collection of str
        The experiments that are wanted.
    force : bool
        Run them even where nothing changed.

    Returns
    -------
    list of str
        Stage names.
    """
    stale, wanted = seen.stale(), seen.needed(f"fit@{name}" for name in names)
    return [stage for stage in seen.order if stage in wanted and (force or stage in stale)]


def prepare(options: StudyOptions, *, root: Path) -> tuple[discovery.Found, dict[str, Any]]:
    """Look what is there and write the plan.

    Parameters
    ----------
    options : StudyOptions
        What was asked for.
    root : Path
        The project's root.

    Returns
    -------
    tuple of Found and dict
        What was found, and the plan, which ``study/params.yaml`` now holds.

    Raises
    ------
    ParamsError
        If an option is not valid.
    """
    seen = look(options, root=root)
    document = plan.make(
        seen, budget=options.budget, root=root, search=options.search, kfold=KFOLD in options.only
    )
    chosen(options, document=document)
    plan.write(document, root=root)
    (root / "data" / "study" / "experiments").mkdir(parents=True, exist_ok=True)
    (root / "data" / "study" / "costs").mkdir(exist_ok=True)
    return seen, document


def preview(options: StudyOptions, *, root: Path) -> list[str]:
    """Say what is there and what would be run; nothing is written.

    Parameters
    ----------
    options : StudyOptions
        What was asked for.
    root : Path
        The project's root.

    Returns
    -------
    list of str
        Lines to read.
    """
    seen = look(options, root=root)
    document = plan.make(
        seen, budget=options.budget, root=root, search=options.search, kfold=KFOLD in options.only
    )
    return [*seen.lines(), "", *listing(document, names=named(options))]
