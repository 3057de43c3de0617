"""TODO."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.config.params import Params
from components.reporting import inputs as sources
from components.reporting.inputs import ComparisonError
from components.splits import store as split_store

if TYPE_CHECKING:
    from rich.console import Console


def best(*, params: Params, root: Path = Path("data")) -> str:
    """Name the best of the compared models, by validation songs.

    Parameters
    ----------
    params : Params
        The checked params.
    root : Path
        The data folder.

    Returns
    -------
    str
        A model of the params.

    Raises
    ------
    ComparisonError
        If there is no comparison, it was made on another split, or its best is not in the params.
    """
    result = read(root=root)
    split = split_store.record(root)
    if result["fingerprint"] != split.fingerprint:
        raise ComparisonError(
            f"{root / 'report' / 'comparison.json'} compares models of another split (fingerprint "
            f"{result['fingerprint'][:12]}, now {split.fingerprint[:12]}); run `dvc repro compare`"
        )
    if result["best"] not in params.models:
        raise ComparisonError(
            f"the comparison's best, {result['best']!r}, is not in params.yaml; valid: "
            f"{', '.join(params.models)}; run `dvc repro compare`"
        )
    return str(result["best"])


def read(*, root: Path = Path("data")) -> dict[str, Any]:
    """Read the comparison that :func:`run` wrote.

    Parameters
    ----------
    root : Path
        The data folder.

    Returns
    -------
    dict
        See :func:`compare`.

    Raises
    ------
    ComparisonError
        If it is missing or no mapping.
    """
    return sources.read_json(root / "report" / "comparison.json", stage="compare")


def table(*, params: Params, root: Path = Path("data"), console: Console | None = None) -> None:
    """Print the comparison to the terminal, and where the report is.

    Parameters
    ----------
    params : Params
        The checked params.
    root : Path
        The data folder.
    console : Console, optional
        Where to; by default standard output.

    Raises
    ------
    ComparisonError
        As :func:`best`.
    """
    from components.reporting import terminal

    best(params=params, root=root)
    terminal.show(read(root=root), report=root / "report" / "index.html", console=console)
