"""The tables that expectations read: small, one row a row, column, track, genre or feature."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pandas as pd

from components import features
from components.validation import signal
from components.validation.inputs import Inputs
from components.validation.limits import Limits
from components.validation.scan import Scan, scan

#: Columns of ``index.parquet`` and their types.
INDEX = {
    "track": "str",
    "segment": "int64",
    "start": "float64",
    "genre": "str",
    "mean": "float64",
    "std": "float64",
    "minimum": "float64",
    "maximum": "float64",
}
#: What stands where a side has no such track or genre.
ABSENT = "(absent)"
_NUMBERED = re.compile(r"^(.+)\.\d+$")


def structure(inputs: Inputs) -> pd.DataFrame:
    """Describe the three files by facts that must agree before anything else can be asked.

    Parameters
    ----------
    inputs : Inputs
        The feature.

    Returns
    -------
    DataFrame
        One row.
    """
    index, values, meta = inputs.index, inputs.values, inputs.meta
    keyed = {"track", "segment"} <= set(index.columns)
    keys = index[["track", "segment"]] if keyed else index.iloc[:, :0]
    names, rows = meta.get("names"), len(index)
    return pd.DataFrame(
        [
            {
                "feature": str(meta.get("feature")),
                "unit": str(meta.get("unit")),
                "dtype": str(values.dtype),
                "index_rows": rows,
                "columns": ", ".join(sorted(index.columns.astype(str))),
                "values_rows": values.shape[0] if values.ndim else 0,
                "dimensions": values.ndim,
                "values_shape": str(list(values.shape[1:])),
                "meta_shape": str(list(meta.get("shape") or [])),
                "sample_rate": _number(meta.get("sample_rate")),
                "names": len(names) if names else (values.shape[-1] if values.ndim else 0),
                "width": values.shape[-1] if values.ndim else 0,
                "repeated_names": len(names) - len(set(names)) if names else 0,
                "options_differ": int(_options(inputs) != meta.get("options")),
                "repeated_keys": int(keys.duplicated().sum()) if keyed else rows,
                "unsorted_keys": int(_unsorted(keys)) if keyed else rows,
                **{
                    f"missing_{name}": int(index[name].isna().sum()) if name in index else rows
                    for name in INDEX
                },
                **{f"type_{name}": str(index[name].dtype) if name in index else ABSENT for name in INDEX},
            }
        ]
    )


def sound(inputs: Inputs) -> bool:
    """Say whether the files fit together well enough to look at their content."""
    index, values, names = inputs.index, inputs.values, inputs.meta.get("names")
    return (
        set(INDEX) <= set(index.columns)
        and values.ndim >= 2
        and values.dtype == np.float32
        and len(values) == len(index) > 0
        and values[0].size > 0
        and (not names or (len(names) == values.shape[-1] and len(set(names)) == len(names)))
        and all(pd.api.types.is_numeric_dtype(index[name]) for name in INDEX if INDEX[name] != "str")
    )


def content(inputs: Inputs, *, limits: Limits) -> tuple[dict[str, pd.DataFrame], Scan]:
    """Build the tables on what the feature holds.

    Parameters
    ----------
    inputs : Inputs
        A feature that is :func:`sound`.
    limits : Limits
        The feature's limits, for columns that are discrete.

    Returns
    -------
    tables : dict of str to DataFrame
        ``rows``, ``columns``, ``tracks``, ``genres``, ``summary``.
    found : Scan
        The pass over the values.
    """
    names = inputs.meta.get("names")
    found = scan(inputs.values, tracks=inputs.index["track"].astype(str).to_numpy(dtype=object), names=names)
    rows = _rows(inputs, found)
    flags = signal.repeats(rows)
    columns = _columns(found, limits)
    tracks = _tracks(inputs, rows, flags)
    genres = _genres(inputs, tracks)
    summary = _summary(inputs, found, rows, flags, columns, tracks)
    tables = {"rows": rows, "columns": columns, "tracks": tracks, "genres": genres, "summary": summary}
    return tables, found


def _options(inputs: Inputs) -> object:
    """Return what params.yaml asks for, defaults filled in, as JSON keeps it."""
    if inputs.params.feature(inputs.feature).extractor not in features.names():
        return inputs.meta.get("options")
    return features.options(inputs.feature, params=inputs.params).model_dump(mode="json")


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _unsorted(keys: pd.DataFrame) -> int:
    pairs = list(zip(keys["track"].astype(str), keys["segment"], strict=True))
    return sum(left > right for left, right in pairwise(pairs))


def _rows(inputs: Inputs, found: Scan) -> pd.DataFrame:
    index = inputs.index[list(INDEX)].reset_index(drop=True)
    rows = index.assign(
        **{f"values_{name}": found.rows[name] for name in ("mean", "std", "minimum", "maximum")}
    )
    rows["not_finite"], rows["digest"] = found.rows["not_finite"], found.rows["digest"]
    scale = found.rows[["minimum", "maximum"]].abs().max(axis=1) + 1e-12
    errors = [
        (index[name] - found.rows[name]).abs() / scale for name in ("mean", "std", "minimum", "maximum")
    ]
    rows["summary_error"] = pd.concat(errors, axis=1).max(axis=1, skipna=False).fillna(1.0).clip(upper=1.0)
    due = index["segment"] * inputs.params.segments.seconds if inputs.unit == "segment" else 0.0
    rows["start_error"] = (index["start"] - due).abs().fillna(np.inf).clip(upper=1e6)
    return rows


def _columns(found: Scan, limits: Limits) -> pd.DataFrame:
    columns = found.columns.copy()
    columns["range"] = columns["maximum"] - columns["minimum"]
    at_minimum = columns["at_minimum"].where(columns["minimum"] != 0, 0.0)
    piled = np.maximum(columns["at_maximum"], at_minimum)
    exempt = columns["column"].isin(limits.discrete) | (columns["range"] <= 0)
    columns["pile_up"] = piled.where(~exempt, 0.0)
    return columns


def _tracks(inputs: Inputs, rows: pd.DataFrame, flags: pd.DataFrame) -> pd.DataFrame:
    numbers = rows.groupby("track")["segment"]
    tracks = pd.DataFrame(
        {
            "genre": rows.groupby("track")["genre"].first(),
            "labels": rows.groupby("track")["genre"].nunique(dropna=False),
            "rows": rows.groupby("track").size(),
            "first": numbers.min(),
            "last": numbers.max(),
            "conflict": flags["conflict"].groupby(rows["track"]).mean(),
        }
    )
    tracks["share"] = tracks["rows"] / len(rows)
    listing = inputs.listing.set_index("track")
    names = sorted(set(tracks.index.astype(str)) | set(inputs.usable["track"]) | set(inputs.split["track"]))
    tracks = tracks.reindex(names)
    listed = listing.reindex(names)
    fault = listed["fault"].fillna(ABSENT)
    tracks["listed"] = np.where(fault == "", "usable", np.where(fault == ABSENT, "not listed", "left out"))
    tracks["listed_genre"] = listed["genre"].fillna(ABSENT)
    due = listed["segments"].fillna(0) if inputs.unit == "segment" else listed["fault"].eq("").astype(int)
    tracks["rows_due"] = due.where(tracks["listed"] == "usable", 0).astype(int)
    dealt = inputs.split.groupby("track")["genre"].first().reindex(names)
    tracks["genre"] = tracks["genre"].fillna(ABSENT)
    tracks["dealt_genre"] = dealt.where(dealt.notna(), tracks["genre"])
    tracks["named_genre"] = _named(inputs, listed, tracks["listed_genre"])
    base = 0 if inputs.unit == "segment" else -1
    tracks["gaps"] = (tracks["first"] - base).abs() + (
        tracks["last"] - tracks["first"] + 1 - tracks["rows"]
    ).abs()
    tracks["misnamed"] = (tracks["listed_genre"] != tracks["named_genre"]).astype(int)
    for name, value in (("labels", 1), ("rows", 0), ("gaps", 0), ("conflict", 0.0), ("share", 0.0)):
        tracks[name] = tracks[name].fillna(value)
    return (
        tracks.drop(columns=["first", "last"])
        .astype({"rows": int, "labels": int, "gaps": int})
        .reset_index(names="track")
    )


def _named(inputs: Inputs, listed: pd.DataFrame, genre: pd.Series) -> pd.Series:
    """Return the genre that a track's own folder (or, in a table, its numbered name) gives it."""
    known = set(inputs.listing["genre"])

    def name(track: str, path: object) -> str | None:
        if inputs.source == "table":
            match = _NUMBERED.match(track)
            return match[1] if match and match[1] in known else None
        parts = str(path).split("/") if isinstance(path, str) else []
        return parts[0] if len(parts) > 1 else None

    found = [name(track, path) for track, path in zip(listed.index, listed["path"], strict=True)]
    named = pd.Series(found, index=listed.index, dtype=object)
    return named.where(named.notna(), genre)


def _genres(inputs: Inputs, tracks: pd.DataFrame) -> pd.DataFrame:
    held = tracks[tracks["rows"] > 0]
    counts = held.groupby("genre").agg(tracks=("track", "size"), rows=("rows", "sum"))
    usable = inputs.usable.groupby("genre").size()
    genres = counts.reindex(sorted(set(counts.index) | set(usable.index)), fill_value=0)
    genres["tracks_due"] = usable.reindex(genres.index, fill_value=0)
    for part in ("train", "validation", "test"):
        dealt = set(inputs.split.loc[inputs.split["part"] == part, "track"])
        inside = held[held["track"].isin(dealt)].groupby("genre").size()
        genres[part] = inside.reindex(genres.index, fill_value=0)
    return genres.reset_index(names="genre")


def _summary(
    inputs: Inputs,
    found: Scan,
    rows: pd.DataFrame,
    flags: pd.DataFrame,
    columns: pd.DataFrame,
    tracks: pd.DataFrame,
) -> pd.DataFrame:
    held = tracks[tracks["rows"] > 0]
    fair = 1.0 / max(1, len(held))
    largest = max(inputs.limits.max_track_share, 2.0 * fair)
    # The label signal is measured without the test part: a look at its labels, however coarse, is a look.
    known = set(inputs.split.loc[inputs.split["part"] != "test", "track"])
    chosen = np.array([track in known for track in found.tracks], dtype=bool)
    genre_of = dict(zip(tracks["track"], tracks["genre"], strict=True))
    labels = np.array([genre_of[track] for track in found.tracks], dtype=object)
    facts: dict[str, float] = {
        "rows": len(rows),
        "tracks": len(held),
        "genres": int(held["genre"].nunique()),
        "duplicate_share": float(flags["across"].mean()),
        "repeats_within_tracks": float(flags["within"].mean()),
        "conflicting_tracks": int((tracks["conflict"] >= 0.5).sum()),
        "track_share_above_limit": max(0.0, float(tracks["share"].max()) - largest),
        "constant_column_share": float((columns["range"] <= 0).mean()),
        "constant_element_share": found.constant_elements,
        "whole_number_share": float(columns["whole"].mean()),
        "not_finite": int(columns["not_finite"].sum()),
    }
    if chosen.sum() >= 2:
        profiles, known_labels, margin = found.profiles[chosen], labels[chosen], inputs.limits.label_margin
        if signal.few(known_labels, margin=margin):
            ratio, needed = signal.separation(profiles, known_labels)
            facts |= {"separation": ratio, "separation_needed": needed}
        else:
            accuracy, needed = signal.label_signal(profiles, known_labels, margin=margin)
            facts |= {"label_signal": accuracy, "label_signal_needed": needed}
    if found.coherence is not None and np.isfinite(found.coherence).any():
        facts["coherence"] = float(np.nanmean(found.coherence))
    # What cannot be measured on so few tracks is no column, and is not asked for.
    return pd.DataFrame([{name: value for name, value in facts.items() if np.isfinite(value)}])
