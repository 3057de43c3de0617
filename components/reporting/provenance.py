"""What went into a comparison: the collection, and where each model came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from components.reporting.inputs import Trained
from components.training.record import TrainingRecord

#: Tracks left out that are listed by name; further ones are counted.
FAULTS_LISTED = 30


def corpus(table: pd.DataFrame) -> dict[str, Any]:
    """Sum up a listing.

    Parameters
    ----------
    table : DataFrame
        One row a track, as in ``data/corpus/<source>.parquet``.

    Returns
    -------
    dict
        ``tracks``, ``usable``, ``seconds`` (of usable tracks), ``genres`` (usable tracks by genre),
        ``most`` (of them, in one genre), ``rates`` (sample rates in Hz), ``faults`` (track and reason of the
        first :data:`FAULTS_LISTED` left out).
    """
    usable = table[table["fault"] == ""]
    genres = usable["genre"].value_counts().reindex(sorted(table["genre"].unique()), fill_value=0)
    faults = table.loc[table["fault"] != "", ["track", "fault"]]
    return {
        "tracks": len(table),
        "usable": len(usable),
        "seconds": float(usable["seconds"].sum()),
        "genres": {str(genre): int(count) for genre, count in genres.items()},
        "most": max(int(genres.max()), 1),
        "rates": sorted({int(rate) for rate in usable["sample_rate"] if rate}),
        "faults": faults.head(FAULTS_LISTED).to_dict("records"),
    }


def lineage(
    model: Trained, *, hashes: Mapping[str, str], sources: Sequence[str], code: str
) -> dict[str, str]:
    """Say where a model came from.

    Parameters
    ----------
    model : Trained
        Its files.
    hashes : mapping of str to str
        DVC's, by path; see :func:`components.core.lineage.hashes`.
    sources : sequence of str
        Where the collection lies.
    code : str
        The commit that compared; ``''`` outside a repository.

    Returns
    -------
    dict of str to str
        What each entry is, and its value.
    """
    record, feature = model.record, model.record.feature
    # %g: a step of 0.05 adds up to 0.15000000000000002.
    hyperparameters = ", ".join(
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in sorted(record.hyperparameters.items())
    )
    entries = {
        "variant": record.variant,
        "feature": f"{feature.feature}, one row a {feature.unit}",
        "hyperparameters": hyperparameters,
        "trial": record.trial,
        "seed": str(record.seed),
        "refit": refit(record),
        "split fingerprint": record.fingerprint,
        "feature values (SHA-256)": record.feature_sha256,
        "weights (SHA-256)": record.weights_sha256,
        "git commit of the comparison": code,
    }
    made = (
        "data/splits",
        f"data/features/{feature.feature}",
        f"data/models/{model.name}/model.keras",
    )
    entries |= {f"DVC, {path}": hashes.get(path, "") for path in (*sources, *made)}
    if (encoder := feature.pretrained) is not None:
        state = "pretrained" if encoder.trained else "UNTRAINED stand-in"
        entries["encoder"] = f"{encoder.encoder}, {state}, from {encoder.origin}"
        entries["encoder weights (SHA-256)"] = encoder.sha256
    return {name: value for name, value in entries.items() if value}


def refit(record: TrainingRecord) -> str:
    """Say what the tested model was fitted on, where that is more than the train part; else ''."""
    if (second := record.refit) is None:
        return ""
    return (
        f"tested model fitted on {record.fitted_on}, {second.epochs} epochs: {second.rule}; "
        "validation figures are the first fit's"
    )


def validation(result: Mapping[str, Any]) -> dict[str, Any]:
    """Sum up the validation of a feature.

    Parameters
    ----------
    result : mapping
        A feature's ``result.json``.

    Returns
    -------
    dict
        ``success``, ``expectations`` (how many were asked; None where that is not told) and ``failed``: one
        sentence each.
    """
    return {
        "success": bool(result["success"]),
        "expectations": result.get("expectations"),
        "failed": [_failure(entry) for entry in result["failed"]],
    }


def _failure(entry: str | Mapping[str, Any]) -> str:
    if isinstance(entry, str):
        return entry
    place = ".".join(str(entry[key]) for key in ("table", "column") if entry.get(key))
    reason = f" ({entry['reason']})" if entry.get("reason") else ""
    return f"{place}: observed {entry.get('observed')}; expected {entry.get('expected')}{reason}"
