"""Results of the experiments, measured alike: accuracies with spread and interval, and the cost of a fit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import fmean, median, pstdev
from typing import Any

import numpy as np
import pandas as pd

from components.evaluation import aggregation, bootstrap, significance
from components.evaluation.pair import Pair
from components.features.encoders import base as encoders
from components.study import declarations
from components.study.declarations import Experiment, Plan
from components.study.fits import Fit
from components.study.plan import DATA

#: The reason of a row that the data allows and no run has reached.
NOT_YET = "not yet; the same command goes on"
#: Columns of the page, in order; ``kfold`` is all folds of ``track``, and ``artist`` has all of its own.
PROTOCOLS = ("segment", "track", "kfold", "artist", "fault_filtered")


@dataclass(frozen=True)
class Figures:
    """Accuracies of one experiment under one protocol, each within 0 and 1.

    Under ``artist`` they are of the songs that headlines count (see :mod:`components.splits`), the songs of all fits
    together; under the others of every song, means over fits.

    Attributes
    ----------
    fits, songs, artists : int
        Fits that went through; different songs tested, and their artists (0 where these are unknown).
    genres, confounded : tuple of str
        Genres of those songs; artist-confounded genres, which are not among them under ``artist``.
    accuracy, accuracy_low, accuracy_high, accuracy_sd : float
        The figure of the column: of songs under ``artist``, where clips may stand beside songs of many segments, of
        segments under the others, as the study's.
    segment_accuracy, segment_accuracy_low, segment_accuracy_high, segment_accuracy_sd : float
        Of segments (of songs, where a row is a song), 95 % interval by bootstrap over artists (songs, where artists
        are unknown), and deviation between fits.
    song_accuracy, song_accuracy_low, song_accuracy_high, song_accuracy_sd : float
        The same of songs, each aggregated from its segments in that fit.
    guessing, song_guessing : float
        What always naming the largest genre reaches, in the place of ``accuracy`` and ``song_accuracy``: the share of
        that genre in what was tested.
    macro_f1, train, validation : float
        Macro F1 of songs, and accuracies of train and validation rows, these the means over fits.
    """

    fits: int
    songs: int
    artists: int
    genres: tuple[str, ...]
    confounded: tuple[str, ...]
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    accuracy_sd: float
    segment_accuracy: float
    segment_accuracy_low: float
    segment_accuracy_high: float
    segment_accuracy_sd: float
    song_accuracy: float
    song_accuracy_low: float
    song_accuracy_high: float
    song_accuracy_sd: float
    guessing: float
    song_guessing: float
    macro_f1: float
    train: float
    validation: float


@dataclass(frozen=True)
class Outcome:
    """One experiment: its declaration and its results.

    Attributes
    ----------
    name : str
        Its name.
    declared : Experiment
        What it was run by; for one that was not run, the plan's or the file's.
    form, budget : str
        Form of the collection and budget; '' where it was not planned or run.
    reason : str
        Why there is no result; '' where there is one.
    fits : list of Fit
        In the order of the protocols, failed ones included.
    predictions : DataFrame
        Validation and test rows of all fits, with ``protocol``, ``fold``, ``seed``.
    extraction : dict
        ``seconds`` and ``peak_memory_mib`` of its feature and those it reads; empty where not known.
    tracks : int
        Usable songs; published lists may leave some out.
    seed : int
        Of the bootstrap.
    """

    name: str
    declared: Experiment
    form: str = ""
    budget: str = ""
    reason: str = ""
    fits: list[Fit] = field(default_factory=list)
    predictions: pd.DataFrame = field(default_factory=pd.DataFrame)
    extraction: Mapping[str, float] = field(default_factory=dict)
    tracks: int = 0
    seed: int = 0

    @property
    def done(self) -> list[Fit]:
        """Fits that went through."""
        return [fit for fit in self.fits if not fit.failed]

    def under(self, protocol: str) -> list[Fit]:
        """Return the fits of a protocol that went through."""
        fits = [fit for fit in self.done if fit.protocol == ("track" if protocol == "kfold" else protocol)]
        return [fit for fit in fits if fit.fold == 0] if protocol == "track" else fits

    @cached_property
    def figures(self) -> dict[str, Figures]:
        """Accuracies by protocol, of those that were run and tested a song that counts.

        ``kfold`` is there from two folds on.
        """
        found = {}
        for protocol in PROTOCOLS:
            if len(fits := self.under(protocol)) > (protocol == "kfold"):
                found[protocol] = measure(fits, predictions=self.predictions, seed=self.seed)
        return {protocol: figures for protocol, figures in found.items() if figures}

    def songs(self, protocol: str) -> pd.DataFrame:
        """Aggregate the test songs of all folds of a protocol; under ``artist`` those that headlines count."""
        fits = [fit for fit in self.done if fit.protocol == protocol]
        tables = [tested(fit, predictions=self.predictions) for fit in fits]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

    def accuracies(self, protocol: str) -> dict[tuple[int, int], float]:
        """Return the accuracy of segments of each fit under a protocol, by fold and seed."""
        songs = {
            (fit.fold, fit.seed): tested(fit, predictions=self.predictions) for fit in self.under(protocol)
        }
        return {key: segment_accuracy(table) for key, table in songs.items() if len(table)}

    @property
    def failures(self) -> list[str]:
        """Reasons of the fits that did not go through, each once."""
        return sorted({fit.failed for fit in self.fits if fit.failed})

    @property
    def untrained(self) -> bool:
        """Whether an encoder of it is a random stand-in."""
        return bool(self.done) and not all(encoder.trained for encoder in self.done[0].pretrained)

    @property
    def cost(self) -> dict[str, float]:
        """Medians over fits, and the largest peak of extraction and fit; empty where no fit went through.

        ``seconds``, ``parameters``, ``file_bytes`` (the model's own file), ``weights_bytes`` (with its encoders'),
        ``peak_memory_mib``, ``extraction_seconds``.
        """
        costs = [fit.cost for fit in self.done if fit.cost]
        if not costs:
            return {}
        # Four bytes a weight of the frozen encoders, which the model needs beside its own file.
        frozen = sum(4 * encoders.find(one.encoder).PARAMETERS for one in self.done[0].pretrained)
        own = median(cost.file_bytes for cost in costs)
        peaks = [cost.peak_memory_mib for cost in costs]
        return {
            "seconds": median(cost.seconds for cost in costs),
            "parameters": self.done[0].parameters,
            "file_bytes": own,
            "weights_bytes": own + frozen,
            "peak_memory_mib": max(*peaks, self.extraction.get("peak_memory_mib", 0.0)),
            "extraction_seconds": self.extraction.get("seconds", 0.0),
        }


def tested(fit: Fit, *, predictions: pd.DataFrame, part: str = "test") -> pd.DataFrame:
    """Aggregate the songs of one fit's part; under ``artist`` those that headlines count."""
    key = (predictions[["protocol", "fold", "seed"]] == [fit.protocol, fit.fold, fit.seed]).all(axis=1)
    rows = predictions[key & (predictions["part"] == part)]
    if fit.protocol == "artist":
        rows = rows[rows["headline"]]
    return aggregation.songs(rows) if len(rows) else pd.DataFrame()


def segment_accuracy(songs: pd.DataFrame) -> float:
    """Return the accuracy of the segments of aggregated songs."""
    return float(songs["segments_correct"].sum() / songs["segments"].sum())


def measure(fits: list[Fit], *, predictions: pd.DataFrame, seed: int) -> Figures | None:
    """Measure fits of one protocol together.

    Parameters
    ----------
    fits : list of Fit
        One or more that went through.
    predictions : DataFrame
        Validation and test rows of all fits.
    seed : int
        Of the bootstrap, which draws an artist, or a song of an unknown one, with all its rows: fits that test the
        same song are no independent draws.

    Returns
    -------
    Figures or None
        None where no test song counts.
    """
    tables = [table for fit in fits if len(table := tested(fit, predictions=predictions))]
    if not tables:
        return None
    every = pd.concat(tables, ignore_index=True)
    songs = every.groupby("track").agg(
        segments=("segments", "sum"),
        segments_correct=("segments_correct", "sum"),
        fits=("correct", "size"),
        correct=("correct", "sum"),
        cluster=("cluster", "first"),
        artist=("artist", "first"),
        genre=("genre", "first"),
    )
    pooled = fits[0].protocol == "artist"

    def spread(kind: str, *, right: str, of: str, each: list[float]) -> dict[str, float]:
        hits, total = songs[right].to_numpy(dtype=np.float64), songs[of].to_numpy(dtype=np.float64)
        low, high = bootstrap.accuracy(hits, total, seed=seed, clusters=songs["cluster"])
        mean = float(hits.sum() / total.sum()) if pooled else fmean(each)
        return {kind: mean, f"{kind}_low": low, f"{kind}_high": high, f"{kind}_sd": pstdev(each)}

    segments = [segment_accuracy(table) for table in tables]
    accuracies = {
        "segment": spread("segment_accuracy", right="segments_correct", of="segments", each=segments),
        "song": spread(
            "song_accuracy", right="correct", of="fits", each=[table["correct"].mean() for table in tables]
        ),
    }
    guessing = {
        kind: float(songs.groupby("genre")[of].sum().max() / songs[of].sum())
        for kind, of in (("segment", "segments"), ("song", "fits"))
    }
    unit = "song" if pooled else "segment"
    return Figures(
        fits=len(fits),
        songs=len(songs),
        artists=songs["artist"].replace("", None).nunique(),
        genres=tuple(sorted(set(songs["genre"]))),
        confounded=tuple(sorted({genre for fit in fits for genre in fit.confounded})),
        **{key.removeprefix(f"{unit}_"): value for key, value in accuracies[unit].items()},
        **accuracies["segment"],
        **accuracies["song"],
        guessing=guessing[unit],
        song_guessing=guessing["song"],
        macro_f1=_macro_f1(every) if pooled else fmean(fit.metrics["test.macro_f1"] for fit in fits),
        train=fmean(fit.metrics["train.segment_accuracy"] for fit in fits),
        validation=_validation(fits, predictions=predictions),
    )


def _macro_f1(songs: pd.DataFrame) -> float:
    from sklearn.metrics import f1_score

    genres = songs["genre"].unique()
    labels = [aggregation.labels(songs[column], genres=genres) for column in ("genre", "predicted")]
    return float(f1_score(*labels, labels=range(len(genres)), average="macro", zero_division=0))


def _validation(fits: list[Fit], *, predictions: pd.DataFrame) -> float:
    """Return the mean accuracy of validation segments; under ``artist`` of the songs that headlines count."""
    if fits[0].protocol == "artist":
        tables = [tested(fit, predictions=predictions, part="validation") for fit in fits]
        if each := [segment_accuracy(table) for table in tables if len(table)]:
            return fmean(each)
    return fmean(fit.metrics["validation.segment_accuracy"] for fit in fits)


def read(plan: Plan, *, root: Path) -> dict[str, Outcome]:
    """Read the results of every declared experiment, in the order of ``experiments.yaml``."""
    found = {}
    for name, declared in declarations.load().experiments.items():
        planned = plan.experiments.get(name)
        form, own = (planned.form, planned) if planned else ("", declared)
        folder = root / DATA / "experiments" / name
        if name in plan.not_run:
            found[name] = Outcome(name=name, declared=declared, reason=f"needs {plan.not_run[name]}")
        elif (folder / "failure.json").is_file():
            why = _json(folder / "failure.json")["reason"]
            found[name] = Outcome(name=name, declared=own, form=form, reason=f"failed: {why}")
        elif not (folder / "result.json").is_file():
            found[name] = Outcome(name=name, declared=own, form=form, reason=NOT_YET)
        else:
            found[name] = read_one(name, plan=plan, root=root)
    return found


def read_one(name: str, *, plan: Plan, root: Path) -> Outcome:
    """Read the result of one experiment, which was run under the plan or an earlier one."""
    folder = root / DATA / "experiments" / name
    result, costs = _json(folder / "result.json"), _json(folder / "costs.json")
    declared = declarations.PlannedExperiment.model_validate(result["declared"])
    predictions = pd.DataFrame()
    if (folder / "predictions.parquet").is_file():
        predictions = pd.read_parquet(folder / "predictions.parquet")
    return Outcome(
        name=name,
        declared=declared,
        form=declared.form,
        budget=result["budget"],
        fits=[Fit(**fit, cost=cost["cost"]) for fit, cost in zip(result["fits"], costs, strict=True)],
        predictions=predictions,
        extraction=extraction_cost(declared.feature, plan=plan, root=root),
        tracks=result["tracks"],
        seed=plan.seed,
    )


def extraction_cost(feature: str, *, plan: Plan, root: Path) -> dict[str, float]:
    """Add up the cost of a feature and of those that it reads."""
    path = root / DATA / "costs" / f"{feature}.json"
    if feature not in plan.features or not path.is_file():
        return {}
    own, before = _json(path), Path(plan.features[feature].reads).name
    if read := extraction_cost(before, plan=plan, root=root):
        own["seconds"] += read["seconds"]
        own["peak_memory_mib"] = max(own["peak_memory_mib"], read["peak_memory_mib"])
    return own


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def compared(outcomes: Mapping[str, Outcome], *, seed: int, protocol: str = "track") -> dict[str, list[Pair]]:
    """Compare the rows of the main table on each form of the collection, all folds of a protocol.

    Returns
    -------
    dict of str to list of Pair
        By form: as :func:`components.evaluation.significance.pairs`.
    """
    families: dict[str, dict[str, pd.DataFrame]] = {}
    for name, outcome in outcomes.items():
        if outcome.declared.group == "model" and protocol in outcome.figures:
            families.setdefault(outcome.form, {})[name] = outcome.songs(protocol)
    return {
        form: significance.pairs(family, part="test", seed=seed)
        for form, family in families.items()
        if len(family) > 1
    }


def gains(outcome: Outcome, *, whole: Outcome) -> dict[str, float]:
    """Subtract an ablation's accuracy from that of the whole variant, on the folds and seeds of both.

    Fewer folds are run of an ablation than of the whole, and other folds are other songs.

    Returns
    -------
    dict of str to float
        Difference of the mean accuracies of segments, by protocol; without those that share no fit.
    """
    found = {}
    for protocol in outcome.figures:
        theirs, own = (one.accuracies(protocol) for one in (whole, outcome))
        if shared := own.keys() & theirs.keys():
            found[protocol] = fmean(theirs[key] - own[key] for key in sorted(shared))
    return found
