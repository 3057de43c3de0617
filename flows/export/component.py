"""One component of the exported pipeline: a stage in a folder of its own, its data from DVC's remote and back.

Components share the remote and MLflow's address, nothing else. ``dvc.lock`` travels along the graph: a component merges
those of the stages above it, adds its own stage's entry, and hands it on.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import chdir
from pathlib import Path

from flows.export.kubeflow import PROJECT, ExportError
from flows.pipeline import dvc
from flows.pipeline.graph import ENSEMBLE
from flows.pipeline.lock_entries import LOCK, round_trip

#: What DVC reads of the project, in every workspace.
FILES = ("dvc.yaml", ".dvcignore", ".dvc/config")
CODE = ("components", "flows")


def run(
    stage: str,
    *,
    params: str,
    remote: str,
    mlflow: str,
    pull: Sequence[str],
    tracked: Mapping[str, str],
    locks: Sequence[Path],
    out: Path,
) -> None:
    """Run one stage as DVC does: pull what it reads, ``dvc repro --single-item``, push what it made, log to MLflow.

    What the remote has from an earlier run with the same inputs is taken instead, by DVC's run cache.

    Parameters
    ----------
    stage : str
        Its name in ``dvc.yaml``.
    params : str
        The text of ``params.yaml``, as a JSON string.
    remote : str
        URL or folder of DVC's remote.
    mlflow : str
        Address of MLflow.
    pull : sequence of str
        Stages and ``.dvc`` files that are pulled first.
    tracked : mapping of str to str
        The text of those ``.dvc`` files.
    locks : sequence of Path
        The ``dvc.lock`` of each stage that it reads from.
    out : Path
        Where its own ``dvc.lock`` goes, with the entries of all stages above.

    Raises
    ------
    StageError
        If the stage, or DVC, fails; the message is the reason in one line.
    StoreError
        If MLflow cannot be reached; what was made is in the remote by then.
    """
    with tempfile.TemporaryDirectory(prefix="genre-") as folder:
        root = Path(folder)
        workspace(root, params=params, remote=remote, tracked=tracked)
        merge(locks, into=root / LOCK)
        os.environ["MLFLOW_TRACKING_URI"] = mlflow
        _dvc(stage, ["fetch", "--run-cache", stage], root=root)
        if pull:
            _dvc(stage, ["pull", *pull], root=root)
        _dvc(stage, ["repro", "--single-item", "--pull", stage], root=root)
        _dvc(stage, ["push", "--run-cache", stage], root=root)
        with chdir(root):
            log(stage)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes((root / LOCK).read_bytes())


def workspace(root: Path, *, params: str, remote: str, tracked: Mapping[str, str]) -> None:
    """Make a folder a project of DVC without git, whose default remote is the given one.

    Raises
    ------
    ExportError
        If the project's own files are not beside the installed package, as they are in the image, or ``params`` is no
        JSON string.
    """
    if missing := [name for name in FILES if not (PROJECT / name).is_file()]:
        raise ExportError(f"{PROJECT} lacks {', '.join(missing)}; valid: the project, installed in place")
    try:
        text = json.loads(params)
    except ValueError as error:
        raise ExportError(f"--params is {params[:40]!r}; valid: params.yaml as a JSON string") from error
    for name in CODE:
        (root / name).symlink_to(PROJECT / name)
    for name in FILES:
        _write(root / name, (PROJECT / name).read_text(encoding="utf-8"))
    for name, content in {"params.yaml": str(text), **tracked}.items():
        _write(root / name, content)
    settings = f"[core]\n    no_scm = true\n    remote = shared\n['remote \"shared\"']\n    url = {remote}\n"
    _write(root / ".dvc" / "config.local", settings)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def merge(locks: Iterable[Path], *, into: Path) -> None:
    """Write one ``dvc.lock`` with the entries of all; none where there is nothing to merge.

    Raises
    ------
    ExportError
        If two of them differ in a stage: they are of different runs.
    """
    yaml, schema = round_trip(), None
    stages: dict[str, object] = {}
    for path in locks:
        document = yaml.load(path)
        schema = document["schema"]
        for stage, entry in document["stages"].items():
            if stages.setdefault(stage, entry) != entry:
                raise ExportError(f"{path}: {stage} differs from another input's; valid: those of one run")
    if schema is not None:
        with into.open("w", encoding="utf-8") as file:
            yaml.dump({"schema": schema, "stages": stages}, file)


def _dvc(stage: str, words: list[str], *, root: Path) -> None:
    dvc.call(words, stage=stage, root=root, line=lambda text: print(text, flush=True))


def log(stage: str) -> None:
    """Make sure that what a stage in the working directory made is in MLflow, also where DVC restored it.

    Raises
    ------
    StoreError
        If MLflow cannot be reached.
    """
    kind, _, name = stage.partition("@")
    if kind == "tune":
        from components import tracking

        tracking.ensure_tuning_logged(name, root=Path("data"))
    elif kind == "train" or (kind == ENSEMBLE and _has_ensemble()):
        from components.serving import packaging

        packaging.ensure_logged(name or ENSEMBLE, root=Path("data"))


def _has_ensemble() -> bool:
    from components.config import params

    return ENSEMBLE in params.load().compared
