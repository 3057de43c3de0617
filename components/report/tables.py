"""The comparison as plain tables: one row a model, and one row a model and test song."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from components import evaluation
from components.report.sources import Inputs


def rows(result: Mapping[str, Any]) -> pd.DataFrame:
    """Lay a comparison out as a table.

    Parameters
    ----------
    result : mapping
        What :func:`compare` returns.

    Returns
    -------
    DataFrame
        One row a model, best on validation first; nested figures as ``part.metric``.
    """
    table = []
    for name in result["ranking"]:
        row = dict(result["models"][name])
        parts = {
            f"{part}.{metric}": value
            for part in ("validation", "test")
            for metric, value in row.pop(part).items()
        }
        low, high = row.pop("test_songs_interval")
        del row["marks"]  # ``mark`` says the same in one cell
        findings = ", ".join(str(warning["finding"]) for warning in row.pop("warnings"))
        table.append(
            {
                "model": name,
                "best": name == result["best"],
                "protocol": result["protocol"],
                **row,
                "test_songs_low": low,
                "test_songs_high": high,
                "findings": findings,
                **parts,
            }
        )
    return pd.DataFrame(table)


def confusions(inputs: Inputs) -> pd.DataFrame:
    """List what each model said of each test song.

    Parameters
    ----------
    inputs : Inputs
        What was compared.

    Returns
    -------
    DataFrame
        One row a model and test song: ``model``, ``track``, ``actual``, ``predicted``.
    """
    tables = []
    for name, model in inputs.models.items():
        voted = evaluation.songs(model.predictions[model.predictions["part"] == "test"])
        tables.append(
            voted[["track", "genre", "predicted"]].rename(columns={"genre": "actual"}).assign(model=name)
        )
    return pd.concat(tables)[["model", "track", "actual", "predicted"]]
