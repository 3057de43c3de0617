"""The stage ``validate@FEATURE``: what may pass from extraction to tuning, as a Great Expectations checkpoint."""

from __future__ import annotations

from pathlib import Path

from components.config.params import Params
from components.core import atomic
from components.core.errors import ValidationError
from components.reporting import validation
from components.validation import checkpoint, suites, tables
from components.validation.limits import Limits
from components.validation.result import TableCount, ValidationResult
from components.validation.scan import scan
from components.validation.tables import Inputs

#: Failures that an error's message spells out; all are in the result and in Data Docs.
SHOWN = 8


def run(feature: str, *, params: Params, root: Path = Path("data")) -> ValidationResult:
    """Validate a feature, write the result and Data Docs, and stop what comes after where it fails.

    Written are ``ROOT/validation/<feature>/result.json``, the same for the same data, and pages for people, which
    Great Expectations stamps with times: ``ROOT/docs/<feature>/`` (``index.html`` first) and ``ROOT/docs/index.html``,
    of all features.

    Returns
    -------
    ValidationResult
        As :func:`evaluate`.

    Raises
    ------
    ValidationError
        If an expectation fails, naming each in words. Both outputs are written before.
    FeatureError, CorpusError, LeakError, ParamsError
        If what is to be validated cannot be read.
    """
    inputs = tables.read(feature, params=params, root=root)
    with atomic.replacing_folder(Path(root) / "docs" / feature) as docs:
        result = evaluate(inputs, docs=docs)
        result.write(docs / ValidationResult.FILE)
    result.write(ValidationResult.path(feature, root=Path(root)))
    validation.refresh_index(params.features, root=Path(root))
    if result.failed:
        raise ValidationError(explain(result))
    return result


def evaluate(inputs: Inputs, *, docs: Path | None = None) -> ValidationResult:
    """Run a feature's checkpoint.

    Parameters
    ----------
    inputs : Inputs
        The feature, from :func:`components.validation.tables.read`.
    docs : Path, optional
        An existing folder for the feature's pages; without, none are made.

    Returns
    -------
    ValidationResult
        The same for the same data.
    """
    checks = {"structure": tables.structure(inputs)}
    # Where the files do not fit together, what they hold cannot be looked at, and is not.
    if tables.sound(inputs):
        suite = suites.find(inputs.extractor)
        tracks = inputs.index["track"].to_numpy(dtype=object)
        found = scan(inputs.values, tracks=tracks, names=inputs.meta.get("names"))
        limits = suite.LIMITS if suite else Limits()
        checks |= tables.content(inputs, found=found, limits=limits)
        if suite:
            suite.extend(inputs, found, checks)
    outcomes = checkpoint.outcomes(checkpoint.run(inputs.feature, checks=checks, docs=docs), checks=checks)
    failed = [outcome for outcome in outcomes if not outcome.success]
    summary = checks["summary"].table.iloc[0].to_dict() if "summary" in checks else {}
    result = ValidationResult(
        feature=inputs.feature,
        success=not failed,
        expectations=sum(len(checked.expectations) for checked in checks.values()),
        tables={
            name: TableCount(
                rows=len(checked.table),
                expectations=len(checked.expectations),
                failed=sum(outcome.table == name for outcome in failed),
            )
            for name, checked in checks.items()
        },
        # Six digits: what a table shows, and the same on machines that add up in another order.
        summary={name: float(f"{float(value):.6g}") for name, value in summary.items()},
        failed=failed,
    )
    if docs is not None:
        drawn = {
            name: path.relative_to(docs).as_posix()
            for name in checks
            for path in (docs / "validations" / inputs.feature / name).rglob("*.html")
        }
        page = validation.feature_page(result, outcomes=outcomes, links=drawn)
        (docs / "index.html").write_text(page, encoding="utf-8")
    return result


def explain(result: ValidationResult) -> str:
    """Describe in one line what failed: table and column, what was observed, what was expected, and why."""
    failed = result.failed
    shown = [
        f"{one.table}.{one.column}: observed {one.observed}; expected {one.expected} ({one.reason})"
        for one in failed[:SHOWN]
    ]
    if len(failed) > SHOWN:
        shown.append(f"and {len(failed) - SHOWN} more")
    total = f"feature {result.feature!r} fails {len(failed)} of {result.expectations} expectations"
    return f"{total}: {' | '.join(shown)} | see data/docs/{result.feature}/index.html"
