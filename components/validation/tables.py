"""Tables and expectations of any feature: how its files fit together, and its rows with corpus and split."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from components import features
from components.config.params import Params
from components.core.errors import ValidationError
from components.corpus import store as corpus_store
from components.features.dsp import stft
from components.features.pipeline import store as feature_store
from components.features.pipeline.store import INDEX, SUMMARY
from components.splits import store as split_store
from components.splits.folds import PARTS
from components.validation import signal
from components.validation.checkpoint import Checked, Checks, agree, between, equal, ordered
from components.validation.limits import Limits
from components.validation.scan import Scan

#: What stands where a side has no such track or genre.
ABSENT = "(absent)"
#: Largest relative difference between the index's summary of a row and the row itself. Both are sums over the
#: same float32 numbers, in an order that may differ.
SUMMARY_TOLERANCE = 1e-3
#: Least intraclass correlation of a cepstral mean; the least of the public 3-s tables is above twice this.
LEAST_COHERENCE = 0.1
#: Share of a table's tracks whose label is that of their numbered name. Of the public collection's 1,000 labels
#: about 43 are clearly wrong; a table with all of them corrected keeps this share.
NAMED_SHARE = 0.95
#: Seconds that a segment's start may be off: less than one frame of any feature.
START_TOLERANCE = 0.01
_NUMBERED = re.compile(r"^(.+)\.\d+$")


@dataclass(frozen=True)
class Inputs:
    """A feature beside what it was made from.

    Attributes
    ----------
    feature : str
        Its name.
    index : DataFrame
        ``index.parquet``, as it is.
    values : ndarray
        ``values.npy``, memory-mapped, as it is.
    meta : dict
        ``meta.json``, as it is.
    listing : DataFrame
        The corpus listings that the feature goes back to, together.
    split : DataFrame
        The split's rows of the feature's unit.
    params : Params
        All params.
    """

    feature: str
    index: pd.DataFrame
    values: np.ndarray
    meta: dict[str, Any]
    listing: pd.DataFrame
    split: pd.DataFrame
    params: Params

    @property
    def unit(self) -> str:
        """What a row should stand for: ``segment`` or ``track``."""
        return self.params.feature(self.feature).unit

    @property
    def extractor(self) -> str:
        """The feature file that extracts it."""
        return self.params.feature(self.feature).extractor

    @property
    def source(self) -> str:
        """The form of the listings that the feature goes back to: ``audio``, ``pictures`` or ``table``."""
        return features.form_read(origin(self.feature, params=self.params), params=self.params)

    @property
    def nyquist(self) -> float:
        """Half the sample rate of the feature's audio, in Hz."""
        return float(self.meta["sample_rate"]) / 2.0

    @property
    def frames(self) -> int:
        """How many frames a segment should have: one every hop length, centred."""
        samples = round(self.params.segments.seconds * 2.0 * self.nyquist)
        return stft.frames_in(samples, hop_length=int(self.options.get("hop_length", stft.HOP_LENGTH)))

    @property
    def usable(self) -> pd.DataFrame:
        """The listing's tracks without a fault."""
        return corpus_store.usable(self.listing)

    @property
    def options(self) -> dict[str, Any]:
        """The options of ``params.yaml``, defaults filled in; of a feature without a file what ``meta.json`` states."""
        if self.extractor not in features.names():
            return self.meta.get("options") or {}
        return features.options(self.feature, params=self.params).model_dump(mode="json")

    @property
    def trained(self) -> bool:
        """Whether ``meta.json`` claims that the weights of all of its frozen encoders are trained."""
        claims = self._claims
        return bool(claims) and all(claim.get("trained") is True for claim in claims)

    @property
    def claim_refused(self) -> int:
        """1 where nothing is claimed of the encoders' weights, or untrained ones are and may not be used."""
        claims = self._claims
        known = all(isinstance(claim.get("trained"), bool) and claim.get("sha256") for claim in claims)
        return int(not (claims and known) or not (self.trained or self.params.allow_untrained_encoders))

    @property
    def _claims(self) -> list[dict[str, Any]]:
        claims = self.meta.get("pretrained")
        return [claim for claim in claims if isinstance(claim, dict)] if isinstance(claims, list) else []

    @property
    def steady(self) -> bool:
        """Whether the coherence of a single column can be distinguished from none.

        Without any, the intraclass correlation of n tracks of k rows has a standard error of about the root of
        2 / (n k (k - 1)). It must be a third of the least coherence.
        """
        counts = self.index.groupby("track").size()
        enough = float((counts * (counts - 1)).sum()) >= 2.0 / (LEAST_COHERENCE / 3.0) ** 2
        return self.unit == "segment" and enough


def origin(feature: str, *, params: Params) -> str:
    """Follow ``reads`` from feature to feature, and return the one that reads the corpus' listings.

    Raises
    ------
    ValidationError
        If features read each other in a circle.
    """
    seen = [feature]
    while name := params.feature(seen[-1]).upstream:
        if name in seen:
            raise ValidationError(f"features read each other in a circle: {' <- '.join([*seen, name])}")
        seen.append(name)
    return seen[-1]


def read(feature: str, *, params: Params, root: Path = Path("data")) -> Inputs:
    """Read a feature without trusting it: nothing is assumed but that its three files can be opened.

    Raises
    ------
    FeatureError
        If a file of the feature is missing or cannot be read.
    CorpusError, LeakError, ParamsError
        If there is no such feature in the params, or the listing or the split cannot be read.
    """
    unit = params.feature(feature).unit
    index, values, meta = feature_store.load(feature, root=root)
    sources = features.sources_read(origin(feature, params=params), params=params)
    listing = corpus_store.read_all(sources, root=root)
    split = split_store.read(root)[0]
    if len(sources) < len(params.corpus.of_form(params.corpus.sources[sources[0]].form)):
        # The other sources' tracks are in the split too, and no business of this feature.
        split = split[split["track"].isin(listing["track"])]
    return Inputs(feature, index, values, meta, listing, split[split["unit"] == unit], params)


def sound(inputs: Inputs) -> bool:
    """Return whether the files fit together well enough for a look at their content."""
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


def structure(inputs: Inputs) -> Checked:
    """Return the table ``structure``, one row: facts of the three files that must agree before all else."""
    index, values, meta = inputs.index, inputs.values, inputs.meta
    width = values.shape[-1] if values.ndim else 0
    names = meta.get("names") or range(width)
    keyed = {"track", "segment"} <= set(index.columns)
    keys = list(zip(index["track"].astype(str), index["segment"], strict=True)) if keyed else []
    rate = features.load(inputs.extractor).SAMPLE_RATE if inputs.extractor in features.names() else None
    facts = {
        "feature": str(meta.get("feature")),
        "unit": str(meta.get("unit")),
        "dtype": str(values.dtype),
        "index_rows": len(index),
        "columns": ", ".join(sorted(index.columns.astype(str))),
        "values_rows": values.shape[0] if values.ndim else 0,
        "dimensions": values.ndim,
        "values_shape": str(list(values.shape[1:])),
        "meta_shape": str(list(meta.get("shape") or [])),
        "sample_rate": float(stated) if isinstance(stated := meta.get("sample_rate"), int | float) else 0.0,
        "names": len(names),
        "width": width,
        "repeated_names": len(names) - len(set(names)),
        "options_differ": int(inputs.options != (meta.get("options") or {})),
        "repeated_keys": len(keys) - len(set(keys)) if keyed else len(index),
        "unsorted_keys": sum(left > right for left, right in pairwise(keys)) if keyed else len(index),
    }
    expectations = [
        equal("feature", inputs.feature, "meta.json is this feature's own"),
        equal("unit", inputs.unit, "a row stands for the unit of params.yaml"),
        equal("dtype", "float32", "values are 32-bit floats"),
        equal("columns", ", ".join(sorted(INDEX)), "the index has the columns every reader relies on"),
        between("index_rows", 1, None, "there is at least one row"),
        agree("index_rows", "values_rows", "the index has one row a row of values"),
        between("dimensions", 2, None, "values are an array a row"),
        agree("values_shape", "meta_shape", "meta.json states the shape of a row"),
        agree("names", "width", "there is a name for each column"),
        equal("repeated_names", 0, "names are unique"),
        equal("options_differ", 0, "meta.json states the options of params.yaml: not an older extraction's"),
        equal("repeated_keys", 0, "a track's segment appears once"),
        equal("unsorted_keys", 0, "rows are sorted by track and segment"),
    ]
    for name, kind in INDEX.items():
        facts[f"type_{name}"] = str(index[name].dtype) if name in index else ABSENT
        facts[f"missing_{name}"] = int(index[name].isna().sum()) if name in index else len(index)
        kinds = ["float32", "float64"] if kind == "float64" else [kind]
        expectations.append(equal(f"type_{name}", kinds, "its type is fixed"))
        expectations.append(equal(f"missing_{name}", 0, "no row may be half described"))
    if rate is not None and inputs.source == "audio":
        expectations.append(equal("sample_rate", float(rate), "the rate the feature is defined at, in Hz"))
    return Checked(pd.DataFrame([facts]), expectations)


def content(inputs: Inputs, *, found: Scan, limits: Limits) -> Checks:
    """Return the tables ``rows``, ``columns``, ``tracks``, ``genres`` and ``summary`` of a :func:`sound` feature.

    Parameters
    ----------
    inputs : Inputs
        The feature.
    found : Scan
        The pass over its values.
    limits : Limits
        Its limits.

    Returns
    -------
    dict of str to Checked
        What any feature of any collection must hold.
    """
    checks = {"rows": _rows(inputs, found), "columns": _columns(found, limits)}
    repeats = signal.repeats(checks["rows"].table)
    checks["tracks"] = _tracks(inputs, checks["rows"].table, repeats)
    checks["genres"] = _genres(inputs, checks["tracks"].table)
    checks["summary"] = _summary(inputs, found, limits, repeats, checks)
    return checks


def _rows(inputs: Inputs, found: Scan) -> Checked:
    rows = inputs.index[list(INDEX)].reset_index(drop=True)
    rows = rows.assign(**{f"values_{name}": found.rows[name] for name in SUMMARY})
    rows["not_finite"], rows["digest"] = found.rows["not_finite"], found.rows["digest"]
    scale = found.rows[["minimum", "maximum"]].abs().max(axis=1) + 1e-12
    errors = (rows[list(SUMMARY)] - found.rows[list(SUMMARY)]).abs().div(scale, axis=0)
    rows["summary_error"] = errors.max(axis=1, skipna=False).fillna(1.0).clip(upper=1.0)
    by_segment = inputs.unit == "segment"
    rows["start_error"] = _start_error(rows, inputs=inputs) if by_segment else rows["start"].abs()
    rows["start_error"] = rows["start_error"].fillna(np.inf).clip(upper=1e6)
    first, most = (0, inputs.params.segments.per_track - 1) if by_segment else (-1, -1)
    # A table's tracks may have more segments than segments.per_track.
    last = None if by_segment and inputs.source == "table" else most
    genres = sorted(set(inputs.usable["genre"]))
    return Checked(
        rows,
        [
            equal("not_finite", 0, "no NaN and no infinity"),
            between("summary_error", None, SUMMARY_TOLERANCE, "the index sums up this very row of values"),
            between("segment", first, last, "segments are numbered from 0, whole tracks are -1"),
            between("start", 0.0, None, "a segment starts inside its track"),
            between(
                "start_error", None, START_TOLERANCE, "segments lie end to end, segment n not before n others"
            ),
            equal("genre", genres, "only the corpus' genres"),
        ],
    )


def _start_error(rows: pd.DataFrame, *, inputs: Inputs) -> pd.Series:
    """Return how far each segment begins from where one can: at its own place, or a later one inside its track."""
    cut = inputs.params.segments
    place = rows["segment"]
    if cut.place != "start" and inputs.source == "audio":
        seconds = rows["track"].map(inputs.listing.drop_duplicates("track").set_index("track")["seconds"])
        last = (seconds // cut.seconds - 1).fillna(0)
        place = (rows["start"] / cut.seconds).round().clip(lower=place, upper=np.maximum(last, place))
    return (rows["start"] - place * cut.seconds).abs()


def _columns(found: Scan, limits: Limits) -> Checked:
    columns = found.columns.assign(range=found.columns["maximum"] - found.columns["minimum"])
    at_minimum = columns["at_minimum"].where(columns["minimum"] != 0, 0.0)
    exempt = columns["column"].isin(limits.discrete) | (columns["range"] <= 0)
    columns["pile_up"] = np.maximum(columns["at_maximum"], at_minimum).where(~exempt, 0.0)
    vary = limits.constant_columns == 0
    varies = "a column that never varies is of no use" if vary else "the largest is not below the smallest"
    clipped, most = "values that pile up at an extreme were clipped", 1.0 - limits.piled_columns
    return Checked(
        columns,
        [
            equal("not_finite", 0, "no NaN and no infinity"),
            between("range", 0.0, None, varies, strict_min=vary),
            between("pile_up", None, limits.pile_up, clipped, mostly=most),
            between("zeros", None, limits.zeros, "zeros stand in for what was not computed"),
        ],
    )


def _tracks(inputs: Inputs, rows: pd.DataFrame, repeats: pd.DataFrame) -> Checked:
    by_track = rows.assign(conflict=repeats["conflict"]).groupby("track")
    tracks = by_track.agg(genre=("genre", "first"), rows=("genre", "size"), conflict=("conflict", "mean"))
    tracks["labels"] = by_track["genre"].nunique(dropna=False)
    tracks["share"] = tracks["rows"] / len(rows)
    base = 0 if inputs.unit == "segment" else -1
    first, last = by_track["segment"].min(), by_track["segment"].max()
    tracks["gaps"] = (first - base).abs() + (last - first + 1 - tracks["rows"]).abs()
    names = sorted(set(tracks.index.astype(str)) | set(inputs.usable["track"]) | set(inputs.split["track"]))
    absent = {"genre": ABSENT, "labels": 1, "rows": 0, "gaps": 0, "conflict": 0.0, "share": 0.0}
    tracks = tracks.reindex(names).fillna(absent).astype({"rows": int, "labels": int, "gaps": int})

    listed = inputs.listing.set_index("track").reindex(names)
    fault = listed["fault"].fillna(ABSENT)
    tracks["listed"] = np.where(fault == "", "usable", np.where(fault == ABSENT, "not listed", "left out"))
    tracks["listed_genre"] = listed["genre"].fillna(ABSENT)
    due = listed["segments"].fillna(0) if inputs.unit == "segment" else 1
    tracks["rows_due"] = np.where(fault == "", due, 0).astype(int)
    assigned = inputs.split.groupby("track")["genre"].first().reindex(names)
    tracks["assigned_genre"] = assigned.where(assigned.notna(), tracks["genre"])
    tracks["named_genre"] = _named(inputs, listed, tracks["listed_genre"])
    tracks["misnamed"] = (tracks["listed_genre"] != tracks["named_genre"]).astype(int)
    expectations = [
        equal("listed", "usable", "every track is a usable one of the corpus, and every usable one is here"),
        agree("rows", "rows_due", "each usable track gives the rows the corpus counted"),
        equal("labels", 1, "a track has one genre"),
        agree("genre", "listed_genre", "the genre is the corpus listing's"),
        agree("genre", "assigned_genre", "the genre is the split's"),
    ]
    if inputs.source == "table":
        # A track's numbered name is all there is in a table, and a person may have corrected labels in it.
        named = between("misnamed", None, 0, "labels are those of the numbered names", mostly=NAMED_SHARE)
        expectations.append(named)
    else:
        named = agree("listed_genre", "named_genre", "the listing's genre is that of the track's own folder")
        expectations += [named, equal("gaps", 0, "segments are numbered without a gap")]
    return Checked(tracks.reset_index(names="track"), expectations)


def _named(inputs: Inputs, listed: pd.DataFrame, genre: pd.Series) -> pd.Series:
    """Return the genre that a track's own folder (or, in a table, its numbered name) gives it."""
    if inputs.source == "table":
        named = listed.index.to_series().str.extract(_NUMBERED, expand=False)
        named = named.where(named.isin(set(inputs.listing["genre"])))
    else:
        named = listed["path"].str.extract("^([^/]*)/", expand=False)
    return named.where(named.notna(), genre)


def _genres(inputs: Inputs, tracks: pd.DataFrame) -> Checked:
    held = tracks[tracks["rows"] > 0]
    parts = held.merge(inputs.split[["track", "part"]].drop_duplicates(), on="track")
    counts = {
        "tracks": held.groupby("genre").size(),
        "rows": held.groupby("genre")["rows"].sum(),
        "tracks_due": inputs.usable.groupby("genre").size(),
        **{part: parts[parts["part"] == part].groupby("genre").size() for part in PARTS},
    }
    genres = pd.DataFrame(counts).fillna(0).astype(int).sort_index()
    return Checked(
        genres.reset_index(names="genre"),
        [
            between("tracks", inputs.params.corpus.minimum_tracks, None, "enough tracks of each genre"),
            agree("tracks", "tracks_due", "every usable track of the genre is here"),
            between("train", 1, None, "each genre can be learnt"),
            between("validation", 1, None, "each genre can be validated"),
            between("test", 1, None, "each genre can be tested"),
        ],
    )


def _summary(inputs: Inputs, found: Scan, limits: Limits, repeats: pd.DataFrame, checks: Checks) -> Checked:
    columns, tracks, allowed = checks["columns"].table, checks["tracks"].table, inputs.params.validation
    held = tracks[tracks["rows"] > 0]
    largest = max(allowed.max_track_share, 2.0 / max(1, len(held)))
    coherence = found.coherence[np.isfinite(found.coherence)] if found.coherence is not None else np.zeros(0)
    facts = {
        "rows": len(inputs.index),
        "tracks": len(held),
        "genres": int(held["genre"].nunique()),
        "duplicate_share": float(repeats["across"].mean()),
        "repeats_within_tracks": float(repeats["within"].mean()),
        "conflicting_tracks": int((tracks["conflict"] >= 0.5).sum()),
        "track_share_above_limit": max(0.0, float(tracks["share"].max()) - largest),
        "constant_column_share": float((columns["range"] <= 0).mean()),
        "constant_element_share": found.constant_elements,
        "whole_number_share": float(columns["whole"].mean()),
        "not_finite": int(columns["not_finite"].sum()),
        **({"coherence": float(coherence.mean())} if len(coherence) else {}),
        **_label_signal(inputs, found, tracks),
    }
    expectations = [
        between(name, low, high, reason)
        for name, low, high, reason in (
            ("genres", 2, None, "there is something to distinguish"),
            ("duplicate_share", None, allowed.max_duplicate_share, "few rows repeat another track's"),
            ("conflicting_tracks", None, allowed.max_conflicting_tracks, "no song under two genres"),
            ("repeats_within_tracks", None, 0.4, "a track's segments are not all the same one"),
            ("track_share_above_limit", None, 0.0, "no track dominates"),
            ("constant_column_share", None, limits.constant_columns, "columns vary"),
            ("constant_element_share", None, limits.constant_elements, "the numbers of a row vary"),
            ("whole_number_share", None, limits.whole, "values were not rounded"),
            ("coherence", limits.coherence, None, "rows of one track are alike: they are that track's"),
        )
        if name in facts and (name != "whole_number_share" or limits.whole < 1.0)
    ]
    # What cannot be measured on so few tracks is no column, and has no expectation.
    others = {"label_signal": "guessing does worse", "separation": "labels in any order do worse"}
    expectations += [
        ordered(
            name,
            f"{name}_needed",
            f"rows carry their genres: {worse}; else check labels, or add tracks of rare genres",
        )
        for name, worse in others.items()
        if name in facts
    ]
    return Checked(pd.DataFrame([facts]), expectations)


def _label_signal(inputs: Inputs, found: Scan, tracks: pd.DataFrame) -> dict[str, float]:
    # Measured without the test part: a look at its labels, however coarse, is a look.
    others = inputs.split.loc[inputs.split["part"] != "test", "track"]
    known = np.isin(found.tracks, others.to_numpy(dtype=str))
    if known.sum() < 2:
        return {}
    genres = tracks.set_index("track")["genre"].loc[found.tracks[known]].to_numpy(dtype=object)
    profiles, margin = found.profiles[known], inputs.params.validation.label_margin
    if signal.few(genres, margin=margin):
        name, (value, needed) = "separation", signal.separation(profiles, genres)
    else:
        name, (value, needed) = "label_signal", signal.label_signal(profiles, genres, margin=margin)
    return {name: value, f"{name}_needed": needed} if np.isfinite(value) else {}
