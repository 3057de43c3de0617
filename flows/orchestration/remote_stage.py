"""A stage in another work pool, such as one of machines with a GPU: a Prefect deployment, with DVC's remote between.

Here the flow pushes what the stage reads, starts the deployment, and pulls what it made. There the flow :func:`stage`,
in another clone with the same code, works in a folder of its own below that clone, so that neither the clone's params
nor its results change, and a search that was killed goes on. What the stage read and made goes back as its entry of
``dvc.lock``.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, FlowRunFilter
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelling, Completed, Failed, State

from components.core import hashing
from components.core.errors import GenreError, ParamsError
from flows.orchestration.session import SESSION, opened
from flows.pipeline import dvc, dvc_config, lock_entries
from flows.pipeline.stage import Result, StageError, StoppedError
from flows.process import commands

#: Where stages of other clones work, below the project's root, and what they share with it.
FOLDER = Path(".remote")
CODE = ("components", "flows")
FILES = ("dvc.yaml", ".dvcignore", ".dvc/config", ".dvc/config.local")
#: The artifact that a run leaves: the stage's entry of ``dvc.lock``.
ARTIFACT = "dvc-lock"
#: Seconds between two looks whether a run has ended.
LOOK = 2.0
_STATUS = re.compile(r"\(exit status (\d+)\)$")


def run(
    name: str,
    *,
    deployment: str,
    reads: Sequence[str],
    force: bool,
    root: Path,
    line: Callable[[str], None],
    stopping: Callable[[], bool],
) -> Result:
    """Have a deployment run a stage, and bring what it made into this workspace.

    Parameters
    ----------
    name : str
        The stage.
    deployment : str
        A deployment of the flow :func:`stage`, as ``FLOW/DEPLOYMENT``.
    reads : sequence of str
        The stages that it reads from directly.
    force : bool
        Run it even where nothing changed there.
    root : Path
        The project's root.
    line : callable
        Takes each line for the log.
    stopping : callable
        Returns whether the flow is being stopped: then the run there is cancelled.

    Returns
    -------
    Result
        As of a stage that ran here.

    Raises
    ------
    StageError
        If there is no such deployment, the stage fails there, it read something else than is here, or DVC's remote
        cannot be reached.
    StoppedError
        If the flow was stopped.
    """
    began = time.monotonic()
    dvc.call(["push", *reads], stage=name, root=root, line=line)
    parameters = {
        "stage": name,
        "reads": list(reads),
        "params": (root / "params.yaml").read_text(encoding="utf-8"),
        "lock": lock_entries.read(root, stages=reads),
        "code": code(root),
        "force": force,
    }
    try:
        started: Any = run_deployment(deployment, parameters=parameters, flow_run_name=name, timeout=0)
    except ObjectNotFound as error:
        raise StageError(f"{name}: {_unknown(deployment)} (exit status 2)", status=2) from error
    line(f"runs as {deployment}, run {started.name}")
    entry = _ended(started.id, stage=name, stopping=stopping)
    lock_entries.put(entry, root=root)
    dvc.call(["pull", name], stage=name, root=root, line=line)
    if changed := _changed(name, root=root):
        raise StageError(f"{name}: {deployment} did not run what is here: {changed}", status=1)
    return Result(stage=name, how="ran", seconds=time.monotonic() - began)


def check(deployments: Collection[str]) -> None:
    """Make sure that the Prefect server has deployments, before the stages that they run have their turn.

    Raises
    ------
    ParamsError
        If it has not.
    """
    with get_client(sync_client=True) as client:
        for name in sorted(set(deployments)):
            try:
                client.read_deployment_by_name(name)
            except ObjectNotFound as error:
                raise ParamsError(_unknown(name)) from error


def _unknown(deployment: str) -> str:
    return (
        f"GENRE_DEPLOYMENTS names {deployment!r}, which the Prefect server does not have; valid: one of "
        "`prefect deployment ls`"
    )


def _ended(run_id: UUID, *, stage: str, stopping: Callable[[], bool]) -> str:
    """Wait for the end of a run; return the entry that it leaves."""
    with get_client(sync_client=True) as client:
        while True:
            state = client.read_flow_run(run_id).state
            if state is not None and state.is_final():
                break
            if stopping():
                client.set_flow_run_state(run_id, Cancelling(), force=True)
                raise StoppedError(f"{stage} was stopped")
            time.sleep(LOOK)
        if not state.is_completed():
            message = state.message or state.name or "it failed"
            status = _STATUS.search(message)
            raise StageError(
                message if message.startswith(stage) else f"{stage}: {message}",
                status=int(status[1]) if status else 1,
            )
        found = client.read_artifacts(
            artifact_filter=ArtifactFilter.model_validate({"key": {"any_": [ARTIFACT]}}),
            flow_run_filter=FlowRunFilter.model_validate({"id": {"any_": [run_id]}}),
        )
    return str(json.loads(str(found[0].data)))


def _changed(name: str, *, root: Path) -> str:
    """Return why DVC calls a stage stale, empty where it does not."""
    done = subprocess.run(
        ["dvc", "--wait-for-lock", "status", "--json", name],
        cwd=root,
        env=commands.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    return json.dumps(found[name]) if name in found else ""


def code(root: Path) -> str:
    """Hash what stages run: the code, its files of settings, and ``dvc.yaml``."""
    files = (
        path for path in (root / CODE[0]).rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )
    return hashing.files([*sorted(files), root / "dvc.yaml"])


@flow(name="stage", flow_run_name="{stage}", persist_result=False)
def stage(stage: str, reads: list[str], params: str, lock: str, code: str, force: bool = False) -> State[Any]:
    """Run a stage of another clone, which :func:`run` calls.

    Parameters
    ----------
    stage : str
        Its name.
    reads : list of str
        The stages that it reads from directly.
    params : str
        The text of ``params.yaml``.
    lock : str
        The entries of ``dvc.lock`` of those stages.
    code : str
        Hash of the code there; see :func:`code`.
    force : bool
        Run it even where nothing changed.

    Returns
    -------
    State
        Completed; or failed, with the reason in one line as its message.
    """
    clone, logger = Path.cwd(), get_run_logger()
    try:
        refuse_other_code(code, root=clone, stage=stage)
        root = workspace(clone, params=params, stage=stage)
        with opened(root):
            lock_entries.put(lock, root=root)
            dvc.call(["pull", *reads], stage=stage, root=root, line=logger.info)
            result = SESSION.get().processes.run(stage, force=force, line=logger.info)
            dvc.call(["push", stage], stage=stage, root=root, line=logger.info)
    except GenreError as error:
        return Failed(message=str(error))
    entry = lock_entries.read(root, stages=[stage])
    create_markdown_artifact(json.dumps(entry), key=ARTIFACT, description="What the stage read and made")
    return Completed(message=f"{stage}: {result.how} in {result.seconds:.0f} s")


def refuse_other_code(given: str, *, root: Path, stage: str) -> None:
    """Refuse a stage whose clone has other code than this one.

    Raises
    ------
    StageError
        If so; the same input fails the same way, so its exit status is 2.
    """
    if (own := code(root)) != given:
        raise StageError(
            f"{stage}: the code in {root} is not that of the flow (hash {own[:12]}, there {given[:12]}); valid: "
            "the same commit in both clones (exit status 2)",
            status=2,
        )


def workspace(clone: Path, *, params: str, stage: str) -> Path:
    """Make the folder below a clone where stages of other clones work, or bring it up to date; return it.

    DVC's remote, its keys and its cache are those of the clone.
    """
    root = clone / FOLDER
    (root / ".dvc").mkdir(parents=True, exist_ok=True)
    for name in CODE:
        if not (root / name).is_symlink():
            (root / name).symlink_to(clone / name)
    for name in FILES:
        (root / name).unlink(missing_ok=True)
        if (clone / name).is_file():
            shutil.copy(clone / name, root / name)
    (root / "params.yaml").write_text(params, encoding="utf-8")
    settings = {"core.no_scm": "true", "cache.dir": str(dvc_config.cache_folder(clone))}
    if remote := dvc_config.default_remote(clone):
        # A relative one would be another folder from here.
        settings[f"remote.{remote.name}.url"] = remote.url
    for key, value in settings.items():
        dvc.call(["config", "--local", key, value], stage=stage, root=root, line=lambda _: None)
    return root
