"""The expectations that hold for any feature, whatever it measures; a new feature needs no file here."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from components import features
from components.core.errors import ParamsError
from components.validation.contract import Suite, SuiteFile
from components.validation.inputs import Inputs
from components.validation.limits import Limits
from components.validation.tables import INDEX

#: Largest relative difference between the index's summary of a row and the row itself. Both are sums over the
#: same float32 numbers, in an order that may differ.
SUMMARY_TOLERANCE = 1e-3
#: Least intraclass correlation of a cepstral mean; the least of the public 3-s tables is above twice this.
LEAST_COHERENCE = 0.1
#: Share of a table's tracks whose label is that of their numbered name. Of the public collection's 1,000 labels
#: about 43 are clearly wrong; whoever corrected them all keeps this share.
NAMED_SHARE = 0.95
#: Seconds that a segment's start may be off: less than one frame of any feature.
START_TOLERANCE = 0.01


def module(feature: str) -> SuiteFile | None:
    """Return the suite file of a feature, or None where it has none.

    Parameters
    ----------
    feature : str
        A feature's name.

    Returns
    -------
    SuiteFile or None
        ``components/validation/suites/<feature>.py``.
    """
    name = f"{__package__}.suites.{feature}"
    if importlib.util.find_spec(name) is None:
        return None
    suite = importlib.import_module(name)
    return suite if isinstance(suite, SuiteFile) else None


def limits(feature: str) -> Limits:
    """Return a feature's limits: those of its suite file, or the general ones."""
    suite = module(feature)
    return suite.LIMITS if suite is not None else Limits()


def expect(kind: str, reason: str, **arguments: Any) -> Any:
    """Make one expectation that carries its reason into Data Docs, the result and the error.

    Parameters
    ----------
    kind : str
        Class name in :mod:`great_expectations.expectations`, without ``Expect``.
    reason : str
        Why it must hold.
    **arguments
        Of the class.

    Returns
    -------
    Expectation
        An instance.
    """
    import great_expectations.expectations as gxe

    return getattr(gxe, f"Expect{kind}")(description=reason, **arguments)


def between(column: str, low: float | None, high: float | None, reason: str, **more: Any) -> Any:
    """Expect each value of a column from ``low`` to ``high``, both included."""
    return expect("ColumnValuesToBeBetween", reason, column=column, min_value=low, max_value=high, **more)


def equal(column: str, value: Any, reason: str, **more: Any) -> Any:
    """Expect each value of a column to be ``value``, and none to be missing."""
    return expect("ColumnValuesToBeInSet", reason, column=column, value_set=[value], **more)


def agree(left: str, right: str, reason: str, **more: Any) -> Any:
    """Expect two columns to hold the same value in every row."""
    return expect("ColumnPairValuesToBeEqual", reason, column_A=left, column_B=right, **more)


def ordered(larger: str, smaller: str, reason: str) -> Any:
    """Expect column ``larger`` to be at least column ``smaller`` in every row."""
    return expect(
        "ColumnPairValuesAToBeGreaterThanB", reason, column_A=larger, column_B=smaller, or_equal=True
    )


def structure(inputs: Inputs) -> Suite:
    """Say how the three files of a feature must fit together.

    Parameters
    ----------
    inputs : Inputs
        The feature.

    Returns
    -------
    dict of str to list of Expectation
        For the table ``structure``.
    """
    facts = [
        equal("feature", inputs.feature, "meta.json is this feature's own"),
        equal("unit", inputs.unit, "a row stands for what params.yaml says"),
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
    for column, kind in INDEX.items():
        kinds = ["float32", "float64"] if kind == "float64" else [kind]
        reason = "its type is fixed"
        facts.append(expect("ColumnValuesToBeInSet", reason, column=f"type_{column}", value_set=kinds))
    facts += [equal(f"missing_{column}", 0, "no row may be half described") for column in INDEX]
    rate = sample_rate(inputs.params.feature(inputs.feature).extractor)
    if rate is not None and inputs.source == "audio":
        facts.append(equal("sample_rate", float(rate), "the rate the feature is defined at, in Hz"))
    return {"structure": facts}


def sample_rate(extractor: str) -> int | None:
    """Return the rate in Hz that a feature's own file names; None where it names none, or is gone."""
    try:
        return getattr(features.load(extractor), "SAMPLE_RATE", None)
    except ParamsError:
        return None


def content(inputs: Inputs, *, limits: Limits, measured: set[str]) -> Suite:
    """Say what any feature of any collection must hold.

    Parameters
    ----------
    inputs : Inputs
        The feature.
    limits : Limits
        Its limits.
    measured : set of str
        The columns of the table ``summary``: what could be measured on this collection.

    Returns
    -------
    dict of str to list of Expectation
        For the tables ``rows``, ``columns``, ``tracks``, ``genres`` and ``summary``.
    """
    first = 0 if inputs.unit == "segment" else -1
    last = None if inputs.source == "table" else inputs.params.segments.per_track - 1
    usable_genres = sorted(set(inputs.usable["genre"]))
    rows = [
        equal("not_finite", 0, "no NaN and no infinity"),
        between("summary_error", None, SUMMARY_TOLERANCE, "the index sums up this very row of values"),
        between(
            "segment",
            first,
            last if inputs.unit == "segment" else -1,
            "segments are numbered from 0, whole tracks are -1",
        ),
        between("start", 0.0, None, "a segment starts inside its track"),
        between("start_error", None, START_TOLERANCE, "segment n starts at n times segments.seconds"),
        expect("ColumnValuesToBeInSet", "only the corpus' genres", column="genre", value_set=usable_genres),
    ]
    columns = [
        equal("not_finite", 0, "no NaN and no infinity"),
        between("range", 0.0, None, "a column that never varies tells nothing", strict_min=True, mostly=1.0)
        if limits.constant_columns == 0
        else between("range", 0.0, None, "the largest value is not below the smallest"),
        between(
            "pile_up",
            None,
            limits.pile_up,
            "values that pile up at an extreme were clipped",
            mostly=1.0 - limits.piled_columns,
        ),
        between("zeros", None, limits.zeros, "zeros stand in for what was not computed"),
    ]
    tracks = [
        equal("listed", "usable", "every track is a usable one of the corpus, and every usable one is here"),
        agree("rows", "rows_due", "each usable track gives the rows the corpus counted"),
        equal("labels", 1, "a track has one genre"),
        agree("genre", "listed_genre", "the genre is the corpus listing's"),
        agree("genre", "dealt_genre", "the genre is the split's"),
        # In a table the track's numbered name is all there is, and a person may have corrected labels in it.
        agree("listed_genre", "named_genre", "the listing's genre is that of the track's own folder")
        if inputs.source != "table"
        else between("misnamed", None, 0, "labels are those of the numbered names", mostly=NAMED_SHARE),
    ]
    if inputs.source != "table":
        tracks.append(equal("gaps", 0, "segments are numbered without a gap"))
    genres = [
        between("tracks", inputs.params.corpus.minimum_tracks, None, "enough tracks of each genre"),
        agree("tracks", "tracks_due", "every usable track of the genre is here"),
        between("train", 1, None, "each genre can be learnt"),
        between("validation", 1, None, "each genre can be validated"),
        between("test", 1, None, "each genre can be tested"),
    ]
    return {
        "rows": rows,
        "columns": columns,
        "tracks": tracks,
        "genres": genres,
        "summary": _summary(inputs, limits, measured),
    }


def steady(inputs: Inputs) -> bool:
    """Say whether the coherence of a single column can be told from none.

    Without any, the intraclass correlation of n tracks of k rows has a standard error of about the root of
    2 / (n k (k - 1)). It must be a third of the least coherence asked for.
    """
    if inputs.unit != "segment":
        return False
    counts = inputs.index.groupby("track").size()
    return float((counts * (counts - 1)).sum()) >= 2.0 / (LEAST_COHERENCE / 3.0) ** 2


def _summary(inputs: Inputs, limits: Limits, measured: set[str]) -> list[Any]:
    allowed = inputs.limits
    summary = [
        between("genres", 2, None, "there is something to tell apart"),
        between("duplicate_share", None, allowed.max_duplicate_share, "few rows repeat another track's"),
        between("conflicting_tracks", None, allowed.max_conflicting_tracks, "no song under two genres"),
        between("repeats_within_tracks", None, 0.4, "a track's segments are not all the same one"),
        equal("track_share_above_limit", 0.0, "no track dominates"),
        between("constant_column_share", None, limits.constant_columns, "columns vary"),
        between("constant_element_share", None, limits.constant_elements, "the numbers of a row vary"),
    ]
    if limits.whole < 1.0:
        summary.append(between("whole_number_share", None, limits.whole, "values were not rounded"))
    if "label_signal" in measured:
        summary.append(
            ordered("label_signal", "label_signal_needed", "rows carry their genres: better than guessing")
        )
    if "separation" in measured:
        summary.append(
            ordered(
                "separation", "separation_needed", "rows carry their genres: labels in any order do worse"
            )
        )
    if "coherence" in measured:
        summary.append(
            between("coherence", limits.coherence, None, "rows of one track are alike: they are that track's")
        )
    return summary
