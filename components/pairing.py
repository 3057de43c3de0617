"""Two models on the same songs: which one is better, or that they cannot be told apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from components import intervals, votes

#: A difference counts where an exact test would see one as large in fewer than 5 of 100 equal pairs.
SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Paired:
    """Two models on the same songs.

    Attributes
    ----------
    left, right : str
        Names of the two models.
    songs : int
        Songs that both were asked.
    left_accuracy, right_accuracy : float
        Share of those songs each names right, 0 to 1.
    difference : float
        ``left_accuracy - right_accuracy``, -1 to 1.
    low, high : float
        95 % interval of the difference, by paired bootstrap over songs.
    left_only, right_only : int
        Songs that only that model names right: all that McNemar's test looks at.
    p_value : float
        Exact McNemar test, two-sided, 0 to 1.
    unshared : int
        Songs that only one of the two was asked, and that do not count.
    """

    left: str
    right: str
    songs: int
    left_accuracy: float
    right_accuracy: float
    difference: float
    low: float
    high: float
    left_only: int
    right_only: int
    p_value: float
    unshared: int

    @property
    def apart(self) -> bool:
        """Whether the two can be told apart: the p-value is below :data:`SIGNIFICANCE`."""
        return self.p_value < SIGNIFICANCE

    @property
    def sentence(self) -> str:
        """The finding in plain words."""
        count = f"{self.songs} song{'' if self.songs == 1 else 's'}"
        if not self.apart:
            return f"{self.left} and {self.right} cannot be told apart on {count}."
        ahead, behind = (self.left, self.right) if self.difference > 0 else (self.right, self.left)
        low, high = (self.low, self.high) if self.difference > 0 else (-self.high, -self.low)
        return (
            f"{ahead} names {100 * abs(self.difference):.1f} points more of {count} right than {behind} "
            f"(95 % interval {100 * low:.1f} to {100 * high:.1f}, p = {self.p_value:.2g})."
        )


def paired(
    left: pd.DataFrame,
    right: pd.DataFrame,
    *,
    seed: int,
    part: str | None = None,
    names: tuple[str, str] = ("left", "right"),
) -> Paired:
    """Compare two models on the songs that both were asked.

    Parameters
    ----------
    left, right : DataFrame
        Predictions of the two models, one row a segment or, where they have voted, a song; the two may cut
        songs differently.
    seed : int
        Seed of the bootstrap.
    part : str, optional
        Which part to compare on. May be left out where the tables hold only one.
    names : tuple of str
        What the sentence calls the two.

    Returns
    -------
    Paired
        Accuracies, difference with interval, exact McNemar p-value, and a plain sentence.

    Raises
    ------
    PredictionsError
        If the tables hold several parts and ``part`` is not given, they share no song, or they disagree on
        a song's genre.
    """
    sides = [_part(table, part=part, name=name) for table, name in zip((left, right), names, strict=True)]
    shared = sides[0].merge(sides[1], on=["part", "track"], suffixes=("_left", "_right"), validate="1:1")
    if shared.empty:
        raise votes.PredictionsError(f"{names[0]} and {names[1]} share no song; valid: the same split")
    differ = shared[shared["genre_left"] != shared["genre_right"]]
    if not differ.empty:
        row = differ.iloc[0]
        raise votes.PredictionsError(
            f"track {row['track']!r} is {row['genre_left']!r} for {names[0]} and {row['genre_right']!r} for "
            f"{names[1]}; valid: the same genre"
        )
    from scipy.stats import binomtest

    hits = [shared[f"correct_{side}"].to_numpy(dtype=np.float64) for side in ("left", "right")]
    only = [int((hits[0] > hits[1]).sum()), int((hits[1] > hits[0]).sum())]
    low, high = intervals.difference(hits[0], hits[1], seed=seed)
    return Paired(
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
        # Exact McNemar: of the songs where they disagree, is one side right more often than a coin?
        p_value=float(binomtest(only[0], sum(only)).pvalue) if sum(only) else 1.0,
        unshared=len(sides[0]) + len(sides[1]) - 2 * len(shared),
    )


def _part(predictions: pd.DataFrame, *, part: str | None, name: str) -> pd.DataFrame:
    table = votes.songs(predictions)
    held = sorted(table["part"].unique())
    if part is None and len(held) > 1:
        raise votes.PredictionsError(f"part is None and {name} holds {', '.join(held)}; valid: one of them")
    if part is not None and part not in held:
        raise votes.PredictionsError(f"part {part!r} is not among {name}'s; valid: {', '.join(held)}")
    return table if part is None else table[table["part"] == part]
