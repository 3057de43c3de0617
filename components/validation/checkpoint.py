"""Great Expectations around a feature: context, batches, one suite a table, one checkpoint, Data Docs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pandas as pd

from components.validation.contract import Suite

if TYPE_CHECKING:
    from great_expectations.checkpoint import CheckpointResult
    from great_expectations.data_context import EphemeralDataContext

SITE = "data_docs"
#: Values of a failed expectation that are told; Data Docs show more.
SHOWN = 3


def context(docs: Path | None) -> EphemeralDataContext:
    """Make a context that lives in memory, tells nobody, draws no bars, and writes its pages to ``docs``.

    Parameters
    ----------
    docs : Path or None
        Folder for Data Docs; None for no pages.

    Returns
    -------
    EphemeralDataContext
        Without data or suites.
    """
    # Read when the package is imported: set before, and for whatever a parent process may have set.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
        analytics_enabled=False,
    )
    made = gx.get_context(mode="ephemeral", project_config=config)
    if docs is None:
        return made
    made.add_data_docs_site(
        SITE,
        {
            "class_name": "SiteBuilder",
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str(docs.absolute()),
            },
        },
    )
    return made


def run(
    feature: str, *, suite: Suite, tables: Mapping[str, pd.DataFrame], docs: Path | None = None
) -> CheckpointResult:
    """Run a feature's suite over its tables as one checkpoint, and write Data Docs.

    Parameters
    ----------
    feature : str
        Name of the checkpoint and of the suites, ``<feature>.<table>``.
    suite : dict of str to list of Expectation
        Expectations by table.
    tables : mapping of str to DataFrame
        The tables; one without expectations is not looked at.
    docs : Path, optional
        An existing folder for the pages; ``index.html`` is the first.

    Returns
    -------
    CheckpointResult
        One result a table.
    """
    made = context(docs)
    import great_expectations as gx

    # One checkpoint over several tables needs batches that it can find itself: files, for as long as it runs.
    with TemporaryDirectory(prefix="genre-validation-") as folder:
        source = made.data_sources.add_pandas_filesystem(feature, base_directory=Path(folder))
        definitions = []
        for table, expectations in suite.items():
            tables[table].to_parquet(Path(folder) / f"{table}.parquet", index=False)
            asset = source.add_parquet_asset(table)
            batch = asset.add_batch_definition_path("whole", path=f"{table}.parquet")
            name = f"{feature}.{table}"
            expected = made.suites.add(gx.ExpectationSuite(name=name, expectations=expectations))
            definitions.append(
                made.validation_definitions.add(
                    gx.ValidationDefinition(name=name, data=batch, suite=expected)
                )
            )
        checkpoint = made.checkpoints.add(
            gx.Checkpoint(
                name=feature,
                validation_definitions=definitions,
                result_format={"result_format": "SUMMARY"},
            )
        )
        result = checkpoint.run()
        if docs is not None:
            # Once at the end: as an action of the checkpoint it would draw all pages again for each table.
            made.build_data_docs(site_names=[SITE])
        return result


def failures(
    result: CheckpointResult, *, tables: Mapping[str, pd.DataFrame]
) -> tuple[int, list[dict[str, Any]]]:
    """Take from a checkpoint's result what failed, in plain values without times, paths or run ids.

    Parameters
    ----------
    result : CheckpointResult
        What :func:`run` returned.
    tables : mapping of str to DataFrame
        The tables it looked at, to say which track or column a value belongs to.

    Returns
    -------
    total : int
        How many expectations were asked.
    failed : list of dict
        ``table``, ``column``, ``observed``, ``expected``, ``reason``, ``expectation``; sorted.
    """
    total, failed = 0, []
    for validated in result.run_results.values():
        table = validated.suite_name.split(".", 1)[1]
        for answer in validated.results:
            total += 1
            if not answer.success:
                failed.append({"table": table, **_plain(answer, tables[table])})
    return total, sorted(failed, key=lambda entry: (entry["table"], entry["column"], entry["reason"]))


def _plain(answer: Any, table: pd.DataFrame) -> dict[str, Any]:
    config = answer.expectation_config
    asked = config.kwargs
    pair = [asked[name] for name in ("column_A", "column_B") if name in asked]
    return {
        "column": asked.get("column") or ", ".join(pair),
        "observed": _observed(answer, table),
        "expected": _expected(config.type, asked),
        "reason": config.description or "",
        "expectation": config.type,
    }


def _expected(kind: str, asked: Mapping[str, Any]) -> str:
    mostly = f" in {asked['mostly']:.0%} or more" if asked.get("mostly", 1.0) < 1.0 else ""
    if "value_set" in asked:
        return " or ".join(_short(value) for value in asked["value_set"]) + mostly
    if kind.endswith("pair_values_to_be_equal"):
        return "equal" + mostly
    if kind.endswith("a_to_be_greater_than_b"):
        return "the first not below the second" + mostly
    low, high = asked.get("min_value"), asked.get("max_value")
    strict_low, strict_high = asked.get("strict_min"), asked.get("strict_max")
    bounds = [
        f"{'above' if strict_low else 'at least'} {_short(low)}" if low is not None else "",
        f"{'below' if strict_high else 'at most'} {_short(high)}" if high is not None else "",
    ]
    return " and ".join(bound for bound in bounds if bound) + mostly


def _observed(answer: Any, table: pd.DataFrame) -> str:
    found = answer.result or {}
    if "unexpected_count" in found:
        values = found.get("partial_unexpected_list") or []
        places = found.get("partial_unexpected_index_list") or []
        some = list(dict.fromkeys(_placed(*pair, table) for pair in zip(values, places, strict=False)))[
            :SHOWN
        ]
        return (
            f"{found['unexpected_count']} of {found['element_count']}: " if len(table) > 1 else ""
        ) + ", ".join(some)
    if "observed_value" in found:
        return _short(found["observed_value"])
    told = answer.exception_info or {}
    faults = [told] if "exception_message" in told else list(told.values())
    return "; ".join(sorted({str(fault["exception_message"]) for fault in faults})) or "nothing"


def _placed(value: Any, place: Any, table: pd.DataFrame) -> str:
    """Say which track, column, genre or block of a table a value belongs to."""
    key = next((name for name in ("track", "column", "genre", "block") if name in table.columns), None)
    if key is None or not isinstance(place, int):
        return _short(value)
    row = table.iloc[place]
    segment = f" segment {row['segment']}" if "segment" in table.columns and row["segment"] >= 0 else ""
    return f"{row[key]}{segment} {_short(value)}"


def _short(value: Any) -> str:
    if isinstance(value, tuple | list):
        return "(" + ", ".join(_short(part) for part in value) + ")"
    if isinstance(value, float):
        # Six digits: enough to see what is wrong, few enough to be the same on every machine.
        return f"{float(value):.6g}"
    return str(value)
