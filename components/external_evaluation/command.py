"""``genre evaluate``: an evaluation from the terminal, with its progress, its files and its runs in MLflow."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from components.core import atomic
from components.core.console import quiet
from components.core.errors import StoreError


def run(
    folder: Path,
    *,
    models: Sequence[str | None],
    labels: str,
    artists: Path | None,
    limit: int | None,
    out: Path | None,
    json_file: Path | None,
    log: bool,
    root: Path = Path("data"),
) -> int:
    """Evaluate, write the files, log the runs, and print the result; progress goes to standard error.

    Parameters
    ----------
    folder, models, labels, artists, limit
        See :func:`components.external_evaluation.evaluate.run`.
    out : Path or None
        Where page and tables are written.
    json_file : Path or None
        Where the figures are written too.
    log : bool
        Whether to log to MLflow.
    root : Path
        The data folder.

    Returns
    -------
    int
        Exit status: 1 if any file was left out with a reason.
    """
    from components.config import params
    from components.external_evaluation import evaluate, terminal
    from components.external_evaluation import labels as labelled
    from components.external_evaluation.runs import ensure_evaluation_logged

    target = out or evaluate.folder_of(labelled.name_of(folder, labels=labels), root=root)
    evaluate.check_folder(target)
    if out:
        atomic.check_place(out, option="--out", folder=True)
    if json_file:
        atomic.check_place(json_file, option="--json")
    checked = params.load()
    if not out:
        target.parent.mkdir(
            parents=True, exist_ok=True
        )  # where it cannot be made, that is said before any work
    with quiet() as stderr:
        result = evaluate.run(
            folder,
            params=checked,
            models=models,
            labels=labels,
            artists=artists,
            limit=limit,
            to=stderr,
        )
        evaluate.write(result, folder=target)
        if json_file:
            result.record.write(json_file)
    terminal.show(result.record, folder=target)
    if log:
        try:
            for label, run_id in ensure_evaluation_logged(target).items():
                print(f"MLflow: {label} is run {run_id}")
        except StoreError as error:
            print(f"not logged: {error}", file=sys.stderr, flush=True)
            return 1
    return int(bool(result.record.left_out))
