"""Which splits a protocol stands for: folds with songs whole, random segments, or published lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.config.params import Params, SplitParams

#: What a reader sees; ``kfold`` is all folds of ``track``, whose first is the workflow's own split.
LABELS = {
    "segment": "segment (the study's)",
    "track": "track",
    "kfold": "kfold",
    "fault_filtered": "fault_filtered",
}


@dataclass(frozen=True)
class Run:
    """One split and one seed: one fit.

    Attributes
    ----------
    protocol : str
        ``segment``, ``track`` or ``fault_filtered``.
    fold : int
        From 0; always 0 where the parts are given.
    seed : int
        Of the fit. The deal's seed is the same for all folds: each row is tested in exactly one.
    """

    protocol: str
    fold: int
    seed: int


def runs(experiment: Mapping[str, Any], *, seed: int) -> list[Run]:
    """List the fits of an experiment.

    Parameters
    ----------
    experiment : mapping
        A block of the plan: ``protocols``, ``folds``, ``seeds``.
    seed : int
        The plan's seed.

    Returns
    -------
    list of Run
        In the order of ``protocols``.
    """
    listed = []
    for protocol in experiment["protocols"]:
        if protocol == "fault_filtered":
            listed += [Run(protocol, 0, seed + number) for number in range(experiment["seeds"])]
        else:
            listed += [Run(protocol, fold, seed) for fold in range(experiment["folds"])]
    return listed


def overlay(params: Params, *, run: Run, lists: str | None, artists: str | None) -> Params:
    """Lay a run's split and seed over params.

    Parameters
    ----------
    params : Params
        Of the experiment.
    run : Run
        The split and seed.
    lists, artists : str, optional
        Folder of the published lists; the artist table.

    Returns
    -------
    Params
        Artists are kept whole under ``track`` alone: the published lists already do, and ``segment`` is meant
        to leak.
    """
    split = SplitParams(
        protocol=run.protocol,  # type: ignore[arg-type]
        folds=params.split.folds,
        validation_folds=params.split.validation_folds,
        fold=run.fold,
    )
    known = {"fault_filtered": {"lists": lists}, "track": {"artists": artists}}.get(run.protocol, {})
    published = {name: path for name, path in known.items() if path}
    corpus = params.corpus.model_copy(update={"published": published})
    return params.model_copy(update={"seed": run.seed, "split": split, "corpus": corpus})
