"""Two models on the same songs, and whether they differ, as a typed record."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, computed_field

#: A difference counts where an exact test would see one as large in fewer than 5 of 100 equal pairs.
SIGNIFICANCE = 0.05


class Pair(BaseModel):
    """Two models on the same songs; its JSON has ``apart`` and ``sentence`` too.

    Attributes
    ----------
    left, right : str
        Names of the two models.
    songs : int
        Songs that both have predictions of.
    left_accuracy, right_accuracy : float
        Share of those songs each names right, 0 to 1.
    difference : float
        ``left_accuracy - right_accuracy``, -1 to 1.
    low, high : float
        95 % interval of the difference, by paired bootstrap over artists where they are known, else songs.
    left_only, right_only : int
        Songs that only that model names right: all that McNemar's test looks at.
    p_value : float
        Exact McNemar test, two-sided, 0 to 1.
    p_adjusted : float
        The same, adjusted for how many pairs are looked at.
    unshared : int
        Songs that only one of the two has, and that do not count.
    """

    model_config = ConfigDict(frozen=True)

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
    p_adjusted: float
    unshared: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def apart(self) -> bool:
        """Whether the two differ: the adjusted p-value is below :data:`SIGNIFICANCE`, the interval off 0.

        McNemar's test takes songs for independent; the interval, which draws artists, does not.
        """
        return self.p_adjusted < SIGNIFICANCE and not self.low <= 0.0 <= self.high

    @computed_field  # type: ignore[prop-decorator]
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
            f"(95 % interval {100 * low:.1f} to {100 * high:.1f}, p = {self.p_adjusted:.2g})."
        )
