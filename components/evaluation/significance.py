"""Two models on the same songs: which one is better, or that they cannot be told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from components.core.errors import PredictionsError
from components.evaluation import aggregation, bootstrap
from components.evaluation.pair import Pair


def paired(
    left: pd.DataFrame,
    right: pd.DataFrame,
    *,
    seed: int,
    part: str | None = None,
    names: tuple[str, str] = ("left", "right"),
) -> Pair:
    """Compare two models on the songs that both have predictions of.

    Parameters
    ----------
    left, right : DataFrame
        Predictions of the two models, one row a segment or, aggregated, a song; the two may cut
        songs differently.
    seed : int
        Seed of the bootstrap.
    part : str, optional
        Which part to compare on. May be left out where the tables hold only one.
    names : tuple of str
        What the sentence calls the two.

    Returns
    -------
    Pair
        Its adjusted p-value is the p-value: there are no others.

    Raises
    ------
    PredictionsError
        If the tables hold several parts and ``part`` is not given, they share no song, or they disagree on
        a song's genre.
    """
    sides = [_part(table, part=part, name=name) for table, name in zip((left, right), names, strict=True)]
    shared = sides[0].merge(sides[1], on=["part", "track"], suffixes=("_left", "_right"), validate="1:1")
    if shared.empty:
        raise PredictionsError(f"{names[0]} and {names[1]} share no song; valid: the same split")
    differ = shared[shared["genre_left"] != shared["genre_right"]]
    if not differ.empty:
        row = differ.iloc[0]
        raise PredictionsError(
            f"track {row['track']!r} is {row['genre_left']!r} for {names[0]} and {row['genre_right']!r} for "
            f"{names[1]}; valid: the same genre"
        )
    from scipy.stats import binomtest

    hits = [shared[f"correct_{side}"].to_numpy(dtype=np.float64) for side in ("left", "right")]
    only = [int((hits[0] > hits[1]).sum()), int((hits[1] > hits[0]).sum())]
    low, high = bootstrap.difference(hits[0], hits[1], seed=seed, clusters=shared["cluster_left"])
    # Exact McNemar: of the songs where they disagree, is one side right more often than a coin?
    p_value = float(binomtest(only[0], sum(only)).pvalue) if sum(only) else 1.0
    return Pair(
        left=names[0],
        right=names[1],
        songs=len(shared),
        left_accuracy=float(hits[0].mean()),
        right_accuracy=float(hits[1].mean()),
        difference=float(hits[0].mean() - hits[1].mean()),
        low=low,
        high=high,
        left_only=only[0],
        right_only=only[1],
        p_value=p_value,
        p_adjusted=p_value,
        unshared=len(sides[0]) + len(sides[1]) - 2 * len(shared),
    )


def _part(predictions: pd.DataFrame, *, part: str | None, name: str) -> pd.DataFrame:
    table = aggregation.songs(predictions)
    held = sorted(table["part"].unique())
    if part is None and len(held) > 1:
        raise PredictionsError(f"part is None and {name} holds {', '.join(held)}; valid: one of them")
    if part is not None and part not in held:
        raise PredictionsError(f"part {part!r} is not among {name}'s; valid: {', '.join(held)}")
    return table if part is None else table[table["part"] == part]


def pairs(predictions: Mapping[str, pd.DataFrame], *, part: str, seed: int) -> list[Pair]:
    """Compare each two models on the songs that both have predictions of.

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
    list of Pair
        Their p-values are adjusted for how many pairs there are (:func:`holm`).
    """
    songs = {name: aggregation.songs(table) for name, table in predictions.items()}
    found = [
        paired(songs[left], songs[right], seed=seed, part=part, names=(left, right))
        for left, right in combinations(songs, 2)
    ]
    adjusted = holm([pair.p_value for pair in found])
    return [
        pair.model_copy(update={"p_adjusted": value}) for pair, value in zip(found, adjusted, strict=True)
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
    ascending = pd.Series(p_values, dtype=np.float64).sort_values(kind="stable")
    stepped = (ascending * np.arange(len(ascending), 0, -1)).cummax()
    return stepped.clip(upper=1.0).sort_index().to_list()


def groups(names: Sequence[str], *, pairs: Sequence[Pair]) -> list[list[str]]:
    """Find the largest sets of models none of which can be told apart from another.

    Parameters
    ----------
    names : sequence of str
        The models, best first.
    pairs : sequence of Pair
        Of each two of them.

    Returns
    -------
    list of list of str
        Sets of two or more, each in the order of ``names``; a model may be in several, since "cannot be
        told apart" does not carry over from one pair to the next.
    """
    import networkx as nx

    alike = nx.Graph([(pair.left, pair.right) for pair in pairs if not pair.apart])
    place = {name: number for number, name in enumerate(names)}
    cliques = [sorted(clique, key=place.__getitem__) for clique in nx.find_cliques(alike)]
    return sorted(cliques, key=lambda clique: [place[name] for name in clique])
