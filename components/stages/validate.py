"""What may pass from extraction to tuning: one suite a feature, run as a Great Expectations checkpoint.

``run(feature)`` is the stage ``validate@FEATURE``. The expectations of :mod:`components.validation.base` apply to
every feature; ``components/validation/<feature>.py``, where there is one, adds what its quantity allows.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.config.params import Params
from components.core import atomic
from components.core.errors import ValidationError

if TYPE_CHECKING:
    from components.validation.inputs import Inputs

__all__ = ["explain", "judge", "run"]

#: Failures that are spelt out in an error's message; all are in the result and in Data Docs.
SHOWN = 8


def run(feature: str, *, params: Params, root: Path = Path("data")) -> dict[str, Any]:
    """Validate a feature, write the result and Data Docs, and stop what comes after where it fails.

    Parameters
    ----------
    feature : str
        A feature that has been extracted.
    params : Params
        The checked params.
    root : Path
        The data folder. Written are ``ROOT/validation/<feature>/result.json``, the same for the same data, and
        ``ROOT/docs/<feature>/`` (Data Docs: ``index.html`` first), which Great Expectations stamps with times.

    Returns
    -------
    dict
        As :func:`judge`.

    Raises
    ------
    ValidationError
        If an expectation fails, naming each in words. Both outputs are written before.
    FeatureError, CorpusError, LeakError, ParamsError
        If what is to be validated cannot be read.
    """
    from components.validation import inputs

    read = inputs.read(feature, params=params, root=root)
    with atomic.replacing_folder(Path(root) / "docs" / feature) as docs:
        result = judge(read, docs=docs)
    atomic.write_json(Path(root) / "validation" / feature / "result.json", result)
    if result["failed"]:
        raise ValidationError(explain(result))
    return result


def judge(read: Inputs, *, docs: Path | None = None) -> dict[str, Any]:
    """Run a feature's suite.

    Parameters
    ----------
    read : Inputs
        The feature, from :func:`components.validation.inputs.read`.
    docs : Path, optional
        An existing folder for Data Docs; without, none are made.

    Returns
    -------
    dict
        ``feature``, ``success``, ``expectations`` (how many), ``tables`` (rows of each), ``summary`` (the
        measured facts) and ``failed`` (what, where, observed, expected, why). No times, paths or run ids.
    """
    from components.validation import base, checkpoint, contract, tables

    suite = base.structure(read)
    built = {"structure": tables.structure(read)}
    # Where the files do not fit together, what they hold cannot be looked at, and is not.
    if tables.sound(read):
        limits = base.limits(read.feature)
        content, found = tables.content(read, limits=limits)
        built |= content
        suite |= base.content(read, limits=limits, measured=set(content["summary"].columns))
        module = base.module(read.feature)
        if module is not None:
            if isinstance(module, contract.WithTables):
                built |= module.tables(read, found, built)
            for table, expectations in module.expectations(read).items():
                suite[table] = [*suite.get(table, []), *expectations]
    answers = checkpoint.run(read.feature, suite=suite, tables=built, docs=docs)
    total, failed = checkpoint.failures(answers, tables=built)
    return {
        "feature": read.feature,
        "success": not failed,
        "expectations": total,
        "tables": {name: len(built[name]) for name in suite},
        "summary": _rounded(built["summary"].iloc[0].to_dict()) if "summary" in built else {},
        "failed": failed,
    }


def explain(result: dict[str, Any]) -> str:
    """Say in words what failed.

    Parameters
    ----------
    result : dict
        From :func:`judge`.

    Returns
    -------
    str
        One line: each failed expectation's table and column, what was observed, what was expected, and why.
    """
    failed = result["failed"]
    told = [
        f"{entry['table']}.{entry['column']}: observed {entry['observed']}; "
        f"expected {entry['expected']} ({entry['reason']})"
        for entry in failed[:SHOWN]
    ]
    more = f" | and {len(failed) - SHOWN} more" if len(failed) > SHOWN else ""
    return (
        f"feature {result['feature']!r} fails {len(failed)} of {result['expectations']} expectations: "
        + " | ".join(told)
        + more
        + f" | see data/docs/{result['feature']}/index.html"
    )


def _rounded(facts: dict[str, Any]) -> dict[str, float]:
    # Six digits: what a table shows, and the same on machines that add up in another order.
    return {name: float(f"{float(value):.6g}") for name, value in facts.items()}
