"""The prediction of one song: the record whose fields every form of it has."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from components.evaluation.aggregation import PREFIX


@dataclass(frozen=True)
class Segment:
    """The genre of one segment of a song.

    Attributes
    ----------
    start : float
        Where it begins, in seconds.
    genre : str
        The most probable one.
    probability : float
        Of the genre, 0 to 1.
    """

    start: float
    genre: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """The genre of a song, and how far it is to be relied on.

    JSON, CSV, Parquet, HTTP and MLflow have these fields in this order, with :attr:`confidence` after the genre. The
    defaults are what a table of scores holds for a song that cannot be decoded.

    Attributes
    ----------
    genre : str
        The genre of the highest mean probability.
    unsure : str
        Why it is not to be relied on; '' where it is. See :mod:`components.serving.certainty`.
    seconds : float
        Length of the song.
    coverage : float
        Share of a segment that the song fills: 1 for a song of a segment or more.
    lost : float
        Seconds of the song that could not be decoded.
    damage : str
        Why, or what else is wrong with its file; '' for a sound one.
    probabilities : dict of str to float
        Means over the song by genre, in label order; they add up to 1.
    timeline : list of Segment
        The segments of the song, from its beginning.
    """

    genre: str = ""
    unsure: str = ""
    seconds: float = 0.0
    coverage: float = 1.0
    lost: float = 0.0
    damage: str = ""
    probabilities: dict[str, float] = field(default_factory=dict)
    timeline: list[Segment] = field(default_factory=list)

    @property
    def confidence(self) -> float:
        """Probability of the genre; 0 where there is none."""
        return max(self.probabilities.values(), default=0.0)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON has them: ``probabilities`` is an object, ``timeline`` a list of objects."""
        return {"genre": self.genre, "confidence": self.confidence, **asdict(self)}

    def as_row(self) -> dict[str, Any]:
        """Return the fields as tables have them: each probability in a column ``probability.<genre>`` of its own."""
        row = self.as_dict()
        probabilities = row.pop("probabilities")
        return row | {PREFIX + genre: share for genre, share in probabilities.items()}


#: Columns of a table of predictions before those of the probabilities.
COLUMNS = tuple(Prediction().as_row())
