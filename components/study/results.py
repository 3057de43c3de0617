"""What the experiments left, measured alike: accuracies with spread and interval, and what each fit cost."""

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

from components.corpus import store as corpus_store
from components.evaluation import aggregation, bootstrap, significance
from components.features.encoders import base as encoders
from components.study.materials import DATA

#: Said of what the data allows and no run has reached.
NOT_YET = "not yet; the same command goes on"
#: Columns of the page, in order; ``kfold`` is all folds of ``track``.
PROTOCOLS = ("segment", "track", "kfold", "fault_filtered")


@dataclass(frozen=True)
class Figures:
    """One experiment under one protocol.

    Attributes
    ----------
    fits : int
        How many went through.
    songs : int
        Different songs tested.
    segments, segments_low, segments_high, segments_sd : float
        Accuracy of segments (of songs, where a row is a song): mean over fits, 95 % interval by bootstrap over
        songs, and deviation between fits.
    voted, voted_low, voted_high, voted_sd : float
        The same of songs, each by the vote of its segments in that fit.
    macro_f1, train, validation : float
        Means over fits.
    """

    fits: int
    songs: int
    segments: float
    segments_low: float
    segments_high: float
    segments_sd: float
    voted: float
    voted_low: float
    voted_high: float
    voted_sd: float
    macro_f1: float
    train: float
    validation: float


@dataclass(frozen=True)
class Outcome:
    """One experiment: what was declared, and what came out.

    Attributes
    ----------
    name : str
        Its name.
    declared : dict
        The declaration it was run by; for one that was not run, the plan's or the file's.
    reason : str
        Why there is no result; '' where there is one.
    fits, costs : list of dict
        One a fit.
    predictions : DataFrame
        Test rows of all fits, with ``protocol``, ``fold``, ``seed``.
    extraction : dict
        ``seconds``, ``peak_memory_mib``, ``bytes`` of its material; empty where not known.
    tracks : int
        Songs that were dealt into parts; published lists may leave some out.
    seed : int
        Of the bootstrap.
    """

    name: str
    declared: Mapping[str, Any]
    reason: str = ""
    budget: str = ""
    fits: list[dict[str, Any]] = field(default_factory=list)
    costs: list[dict[str, Any]] = field(default_factory=list)
    predictions: pd.DataFrame = field(default_factory=pd.DataFrame)
    extraction: Mapping[str, Any] = field(default_factory=dict)
    tracks: int = 0
    seed: int = 0

    def chosen(self, protocol: str) -> list[dict[str, Any]]:
        """Return the fits of a protocol, failed ones included."""
        wanted = "track" if protocol == "kfold" else protocol
        fits = [fit for fit in self.fits if fit["protocol"] == wanted]
        return [fit for fit in fits if fit["fold"] == 0] if protocol == "track" else fits

    @cached_property
    def figures(self) -> dict[str, Figures]:
        """What was measured, by protocol; only those that were run. ``kfold`` is there from two folds on."""
        measured = {}
        for protocol in PROTOCOLS:
            fits = [fit for fit in self.chosen(protocol) if "failed" not in fit]
            if fits and (protocol != "kfold" or len(fits) > 1):
                measured[protocol] = measure(fits, predictions=self.predictions, seed=self.seed)
        return measured

    @property
    def failures(self) -> list[str]:
        """Reasons of the fits that did not go through, each once."""
        return sorted({fit["failed"] for fit in self.fits if "failed" in fit})

    @property
    def chance(self) -> float:
        """Accuracy of guessing."""
        genres = next((fit["genres"] for fit in self.fits if "genres" in fit), None)
        return 1.0 / len(genres) if genres else 0.1

    @property
    def untrained(self) -> bool:
        """Whether its encoder is a random stand-in."""
        known = next((fit["pretrained"] for fit in self.fits if "pretrained" in fit), None)
        return known is not None and not known["trained"]

    def cost(self) -> dict[str, float]:
        """Say what a fit costs: medians over fits, and the largest peak of extraction and fit.

        Returns
        -------
        dict of str to float
            ``seconds``, ``parameters``, ``file_bytes`` (the model's own file), ``weights_bytes`` (with its
            encoder's), ``peak_memory_mib``, ``extraction_seconds``; empty where no fit went through.
        """
        done = [cost for cost in self.costs if "seconds" in cost]
        fits = [fit for fit in self.fits if "failed" not in fit]
        if not done or not fits:
            return {}
        pretrained = fits[0]["pretrained"]
        # Four bytes a weight of the frozen encoder, which the model needs beside its own file.
        encoder = 4 * encoders.find(pretrained["encoder"]).PARAMETERS if pretrained else 0
        own = median(cost["file_bytes"] for cost in done)
        peaks = [cost["peak_memory_mib"] for cost in done]
        return {
            "seconds": median(cost["seconds"] for cost in done),
            "parameters": fits[0]["parameters"],
            "file_bytes": own,
            "weights_bytes": own + encoder,
            "peak_memory_mib": max([*peaks, self.extraction.get("peak_memory_mib", 0.0)]),
            "extraction_seconds": self.extraction.get("seconds", 0.0),
        }


def measure(fits: list[dict[str, Any]], *, predictions: pd.DataFrame, seed: int) -> Figures:
    """Measure fits of one protocol together.

    Parameters
    ----------
    fits : list of dict
        One or more that went through.
    predictions : DataFrame
        Test rows of all fits.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Figures
        A song that several fits tested is drawn with all its answers: fits are no independent songs.
    """
    tables = [aggregation.songs(rows_of(fit, predictions=predictions)) for fit in fits]
    songs = (
        pd.concat(tables)
        .groupby("track")
        .agg(
            segments=("segments", "sum"),
            right=("segments_correct", "sum"),
            asked=("correct", "size"),
            voted=("correct", "sum"),
        )
        .astype(np.float64)
    )
    low, high = bootstrap.accuracy(songs["right"].to_numpy(), songs["segments"].to_numpy(), seed=seed)
    voted_low, voted_high = bootstrap.accuracy(
        songs["voted"].to_numpy(), songs["asked"].to_numpy(), seed=seed
    )
    means = {
        key: [fit["metrics"][key] for fit in fits]
        for key in (
            "test.segment_accuracy",
            "test.song_accuracy",
            "test.macro_f1",
            "train.segment_accuracy",
            "validation.segment_accuracy",
        )
    }
    return Figures(
        fits=len(fits),
        songs=len(songs),
        segments=fmean(means["test.segment_accuracy"]),
        segments_low=low,
        segments_high=high,
        segments_sd=pstdev(means["test.segment_accuracy"]),
        voted=fmean(means["test.song_accuracy"]),
        voted_low=voted_low,
        voted_high=voted_high,
        voted_sd=pstdev(means["test.song_accuracy"]),
        macro_f1=fmean(means["test.macro_f1"]),
        train=fmean(means["train.segment_accuracy"]),
        validation=fmean(means["validation.segment_accuracy"]),
    )


def rows_of(fit: Mapping[str, Any], *, predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the test rows of one fit."""
    mine = (predictions["protocol"] == fit["protocol"]) & (predictions["fold"] == fit["fold"])
    return predictions[mine & (predictions["seed"] == fit["seed"])]


def read(document: Mapping[str, Any], *, root: Path) -> dict[str, Outcome]:
    """Read what every declared experiment left.

    Parameters
    ----------
    document : mapping
        The plan.
    root : Path
        The project's root.

    Returns
    -------
    dict of str to Outcome
        In the order of ``experiments.yaml``.
    """
    from components.study import declarations

    found = {}
    for name, declared in declarations.load().experiments.items():
        own = declared.model_dump(mode="json")
        if name in document["not_run"]:
            found[name] = Outcome(name=name, declared=own, reason=f"needs {document['not_run'][name]}")
            continue
        planned = document["experiments"].get(name, own)
        folder = root / DATA / "experiments" / name
        if (folder / "failure.json").is_file():
            why = json.loads((folder / "failure.json").read_text(encoding="utf-8"))["reason"]
            found[name] = Outcome(name=name, declared=planned, reason=f"failed: {why}")
        elif not (folder / "result.json").is_file():
            found[name] = Outcome(name=name, declared=planned, reason=NOT_YET)
        else:
            found[name] = _read(name, folder=folder, root=root, seed=document["seed"])
    return found


def _tracks(declared: Mapping[str, Any], *, root: Path) -> int:
    (path,) = (root / DATA / "materials" / declared["material"] / "corpus").glob("*.parquet")
    return len(corpus_store.usable(pd.read_parquet(path)))


def _read(name: str, *, folder: Path, root: Path, seed: int) -> Outcome:
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    predictions = pd.DataFrame()
    if (folder / "predictions.parquet").is_file():
        predictions = pd.read_parquet(folder / "predictions.parquet")
        predictions = predictions[predictions["part"] == "test"]
    extraction = root / DATA / "costs" / f"{result['declared']['material']}.json"
    return Outcome(
        name=name,
        declared=result["declared"],
        budget=result["budget"],
        fits=result["fits"],
        costs=json.loads((folder / "costs.json").read_text(encoding="utf-8")),
        predictions=predictions,
        extraction=json.loads(extraction.read_text(encoding="utf-8")) if extraction.is_file() else {},
        tracks=_tracks(result["declared"], root=root),
        seed=seed,
    )


def compared(outcomes: Mapping[str, Outcome], *, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Compare models two by two on the songs that both were asked, songs whole (``track``, all folds).

    Parameters
    ----------
    outcomes : mapping of str to Outcome
        All.
    seed : int
        Of the bootstrap.

    Returns
    -------
    dict of str to list of dict
        By source: as :func:`components.evaluation.significance.pairs`, for the rows of the main table that hear the same
        source.
    """
    families: dict[str, dict[str, pd.DataFrame]] = {}
    for name, outcome in outcomes.items():
        if outcome.declared["group"] == "model" and "track" in outcome.figures:
            families.setdefault(outcome.declared["source"], {})[name] = whole_songs(outcome)
    return {
        source: significance.pairs(family, part="test", seed=seed)
        for source, family in families.items()
        if len(family) > 1
    }


def whole_songs(outcome: Outcome) -> pd.DataFrame:
    """Return an outcome's test rows under ``track``: each song is in the test part of one fold."""
    return outcome.predictions[outcome.predictions["protocol"] == "track"]


def gains(outcome: Outcome, *, whole: Outcome) -> dict[str, float]:
    """Say what a whole variant scores more than the same without an ingredient, on the splits that both were asked.

    Fewer folds are run of an ablation than of the whole: other folds are other songs.

    Parameters
    ----------
    outcome : Outcome
        The ablation.
    whole : Outcome
        The variant it leaves something out of, or adds something to.

    Returns
    -------
    dict of str to float
        Difference of the mean accuracies of segments, by protocol; without those that share no fit.
    """
    found = {}
    for protocol in outcome.figures:
        theirs = _segments(whole, protocol)
        shared = {key: value for key, value in _segments(outcome, protocol).items() if key in theirs}
        if shared:
            found[protocol] = fmean(theirs[key] - value for key, value in shared.items())
    return found


def _segments(outcome: Outcome, protocol: str) -> dict[tuple[int, int], float]:
    return {
        (fit["fold"], fit["seed"]): fit["metrics"]["test.segment_accuracy"]
        for fit in outcome.chosen(protocol)
        if "failed" not in fit
    }
