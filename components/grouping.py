"""Several models, two by two: which can be told apart when many pairs are looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from components.pairing import paired


def pairs(predictions: Mapping[str, pd.DataFrame], *, part: str, seed: int) -> list[dict[str, Any]]:
    """Compare each two models on the songs that both were asked.

    Parameters
    ----------
    predictions : mapping of str to DataFrame
        Predictions by model, one row a segment.
    part : str
        ``validation`` or ``test``.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    list of dict
        The fields of :class:`components.pairing.Paired`, and ``p_adjusted`` (Holm), ``apart`` and
        ``sentence``, both by the adjusted p-value.
    """
    found = [
        paired(predictions[left], predictions[right], seed=seed, part=part, names=(left, right))
        for left, right in combinations(predictions, 2)
    ]
    adjusted = holm([pair.p_value for pair in found])
    return [
        {
            **asdict(pair),
            "p_adjusted": p_value,
            "apart": replace(pair, p_value=p_value).apart,
            "sentence": replace(pair, p_value=p_value).sentence,
        }
        for pair, p_value in zip(found, adjusted, strict=True)
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for how many were looked at.

    Parameters
    ----------
    p_values : sequence of float
        Within 0 and 1.

    Returns
    -------
    list of float
        In the same order, none smaller than before: S. Holm, "A simple sequentially rejective multiple test
        procedure", Scandinavian Journal of Statistics 6, 1979.
    """
    raw = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(raw, kind="stable")
    stepped = np.maximum.accumulate(raw[order] * np.arange(len(raw), 0, -1))
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted.tolist()


def groups(names: Sequence[str], *, pairs: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Find the largest sets of models none of which can be told from another.

    Parameters
    ----------
    names : sequence of str
        The models, best first.
    pairs : sequence of mapping
        ``left``, ``right``, ``apart`` of each two.

    Returns
    -------
    list of list of str
        Sets of two or more, each in the order of ``names``; a model may be in several, since "cannot be
        told apart" does not carry over from one pair to the next.
    """
    equal: dict[str, set[str]] = {name: set() for name in names}
    for pair in pairs:
        if not pair["apart"]:
            equal[pair["left"]].add(pair["right"])
            equal[pair["right"]].add(pair["left"])
    found: list[list[str]] = []

    def grow(inside: list[str], candidates: list[str], done: set[str]) -> None:
        """Bron and Kerbosch: a set that no other model can join is one of the largest."""
        if not candidates and not done and len(inside) > 1:
            found.append(inside)
        for place, name in enumerate(candidates):
            later = [other for other in candidates[place + 1 :] if other in equal[name]]
            seen = done.union(candidates[:place])
            grow([*inside, name], later, seen & equal[name])

    grow([], list(names), set())
    return found
