"""Great Expectations around a feature: one suite a table, one checkpoint, Data Docs, failures in words."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pandas as pd

from components.validation.result import Outcome

if TYPE_CHECKING:
    from great_expectations.checkpoint import CheckpointResult
    from great_expectations.data_context import EphemeralDataContext

# Read when the package is imported, here or by whatever imports it first.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

#: Packages that it takes along where they are installed, for data in clouds and databases: a third of its import, and
#: of no use for tables in files.
OPTIONAL = (
    "azure", "boto3", "botocore", "google.api_core", "google.auth", "google.cloud", "google.oauth2", "sqlalchemy",
)  # fmt: skip

#: Packages that it imports for single expectations, which no suite here has: a third of what is left.
LATER = ("altair", "jsonschema", "scipy.stats")

SITE = "data_docs"
#: Values of a failed expectation that a message shows; Data Docs show more.
SHOWN = 3
#: Columns that name a row of a table.
KEYS = ("track", "column", "genre", "block")


@dataclass
class Checked:
    """A table and its expectations."""

    table: pd.DataFrame
    expectations: list[Any]

    def add(self, expectations: list[Any], **columns: Any) -> None:
        """Add expectations, and the columns that they are of."""
        self.table = self.table.assign(**columns)
        self.expectations = [*self.expectations, *expectations]


#: By the table's name.
Checks = dict[str, Checked]


@cache
def engine() -> ModuleType:
    """Import Great Expectations, without the packages that it would take along for data in clouds and databases.

    Those of :data:`LATER` are imported where something of them is first used.

    Returns
    -------
    module
        ``great_expectations``.
    """
    absent = [name for name in OPTIONAL if name not in sys.modules]
    # None means to Python that there is no such module; others may import it again as soon as this is over.
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    later = _Later()
    sys.meta_path.insert(0, later)
    try:
        import great_expectations
    finally:
        sys.meta_path.remove(later)
        for name in absent:
            del sys.modules[name]
    return great_expectations


class _Later(MetaPathFinder):
    """Finds the packages of :data:`LATER`, and lets the first use of something of them import them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found = PathFinder.find_spec(fullname, path, target) if fullname in LATER else None
        if found and found.loader:
            found.loader = LazyLoader(found.loader)
        return found


def expect(kind: str, reason: str, **arguments: Any) -> Any:
    """Make the expectation ``Expect<kind>``, whose reason goes into Data Docs, the result and the error."""
    return getattr(engine().expectations, f"Expect{kind}")(description=reason, **arguments)


def between(column: str, low: float | None, high: float | None, reason: str, **more: Any) -> Any:
    """Expect each value of a column from ``low`` to ``high``, both included."""
    return expect("ColumnValuesToBeBetween", reason, column=column, min_value=low, max_value=high, **more)


def equal(column: str, value: Any, reason: str, **more: Any) -> Any:
    """Expect each value of a column to be ``value`` (or one of a list), and none to be missing."""
    values = value if isinstance(value, list) else [value]
    return expect("ColumnValuesToBeInSet", reason, column=column, value_set=values, **more)


def agree(left: str, right: str, reason: str, **more: Any) -> Any:
    """Expect two columns to hold the same value in every row."""
    return expect("ColumnPairValuesToBeEqual", reason, column_A=left, column_B=right, **more)


def ordered(larger: str, smaller: str, reason: str) -> Any:
    """Expect column ``larger`` to be at least column ``smaller`` in every row."""
    kind = "ColumnPairValuesAToBeGreaterThanB"
    return expect(kind, reason, column_A=larger, column_B=smaller, or_equal=True)


def context(docs: Path | None) -> EphemeralDataContext:
    """Make a context that lives in memory, sends and draws nothing, and writes its pages to ``docs``, if any."""
    gx = engine()
    from great_expectations.data_context.types import base

    sites = {}
    if docs is not None:
        # After Great Expectations, which it imports, without what that would take along.
        from components.validation import data_docs

        sites[SITE] = data_docs.site(docs.absolute())
    config = base.DataContextConfig(
        store_backend_defaults=base.InMemoryStoreBackendDefaults(),
        progress_bars=base.ProgressBarsConfig(globally=False, metric_calculations=False),
        data_docs_sites=sites,
        analytics_enabled=False,
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def run(feature: str, *, checks: Checks, docs: Path | None = None) -> CheckpointResult:
    """Run a feature's checkpoint, and write Data Docs.

    Parameters
    ----------
    feature : str
        Name of the checkpoint and, as ``<feature>.<table>``, of its suites.
    checks : dict of str to Checked
        The tables.
    docs : Path, optional
        An existing folder for the pages of each table's suite and result, and what they load.

    Returns
    -------
    CheckpointResult
        One result a table.
    """
    gx = engine()
    made = context(docs)
    # One checkpoint over several tables needs batches that it can find itself: files, for as long as it runs.
    with TemporaryDirectory(prefix="genre-validation-") as folder:
        source = made.data_sources.add_pandas_filesystem(feature, base_directory=Path(folder))
        definitions = []
        for name, checked in checks.items():
            checked.table.to_parquet(Path(folder) / f"{name}.parquet", index=False)
            batch = source.add_parquet_asset(name).add_batch_definition_path("whole", path=f"{name}.parquet")
            suite = gx.ExpectationSuite(name=f"{feature}.{name}", expectations=checked.expectations)
            definition = gx.ValidationDefinition(name=suite.name, data=batch, suite=made.suites.add(suite))
            definitions.append(made.validation_definitions.add(definition))
        form = {"result_format": "SUMMARY"}
        checkpoint = gx.Checkpoint(name=feature, validation_definitions=definitions, result_format=form)
        result = made.checkpoints.add(checkpoint).run()
        if docs is not None:
            # Once at the end: as an action of the checkpoint it would draw all pages again for each table.
            made.build_data_docs(site_names=[SITE])
        return result


def outcomes(result: CheckpointResult, *, checks: Checks) -> list[Outcome]:
    """List what was expected and how it came out, in plain values without times, paths or run ids.

    Parameters
    ----------
    result : CheckpointResult
        What :func:`run` returned.
    checks : dict of str to Checked
        The tables it was given, to name the track or column that a value belongs to.

    Returns
    -------
    list of Outcome
        Sorted by table, column and reason.
    """
    listed = []
    outcome: Any
    for validated in result.run_results.values():
        table = validated.suite_name.split(".", 1)[1]
        for outcome in validated.results:
            config = outcome.expectation_config
            columns = (config.kwargs.get(key) for key in ("column", "column_A", "column_B"))
            listed.append(
                Outcome(
                    table=table,
                    column=", ".join(filter(None, columns)),
                    observed="" if outcome.success else _observed(outcome, checks[table].table),
                    expected=_expected(config.type, config.kwargs),
                    reason=config.description or "",
                    expectation=config.type,
                    success=bool(outcome.success),
                )
            )
    return sorted(listed, key=lambda one: (one.table, one.column, one.reason))


def _expected(kind: str, given: Mapping[str, Any]) -> str:
    mostly = f" in {given['mostly']:.0%} or more" if given.get("mostly", 1.0) < 1.0 else ""
    if "value_set" in given:
        return " or ".join(_short(value) for value in given["value_set"]) + mostly
    if "column_A" in given:
        return ("equal" if kind.endswith("equal") else "the first not below the second") + mostly
    bounds = []
    for end, inside, outside in (("min", "at least", "above"), ("max", "at most", "below")):
        if given.get(f"{end}_value") is not None:
            word = outside if given.get(f"strict_{end}") else inside
            bounds.append(f"{word} {_short(given[f'{end}_value'])}")
    return " and ".join(bounds) + mostly


def _observed(outcome: Any, table: pd.DataFrame) -> str:
    found = outcome.result or {}
    if "unexpected_count" in found:
        values = found.get("partial_unexpected_list") or []
        places = found.get("partial_unexpected_index_list") or []
        named = dict.fromkeys(_placed(*pair, table) for pair in zip(values, places, strict=False))
        count = f"{found['unexpected_count']} of {found['element_count']}: " if len(table) > 1 else ""
        return count + ", ".join(list(named)[:SHOWN])
    if "observed_value" in found:
        return _short(found["observed_value"])
    raised = outcome.exception_info or {}
    errors = [raised] if "exception_message" in raised else list(raised.values())
    return "; ".join(sorted({str(error["exception_message"]) for error in errors})) or "nothing"


def _placed(value: Any, place: Any, table: pd.DataFrame) -> str:
    """Name the track, column, genre or block of a table that a value belongs to."""
    key = next((name for name in KEYS if name in table.columns), None)
    if key is None or not isinstance(place, int):
        return _short(value)
    row = table.iloc[place]
    segment = f" segment {row['segment']}" if row.get("segment", -1) >= 0 else ""
    return f"{row[key]}{segment} {_short(value)}"


def _short(value: Any) -> str:
    if isinstance(value, tuple | list):
        return "(" + ", ".join(map(_short, value)) + ")"
    # Six digits: enough to see what is wrong, few enough to be the same on every machine.
    return f"{value:.6g}" if isinstance(value, float) else str(value)
