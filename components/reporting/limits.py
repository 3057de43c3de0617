"""What limits every figure of a model: by mark, the words that its card and the report share.

They are not beside the marks, since a model would be fitted again wherever a sentence changes.
"""

from __future__ import annotations

from dataclasses import dataclass

from components.results.record import (
    ARTISTS_ON_BOTH_SIDES,
    ARTISTS_UNKNOWN,
    COMPOSED,
    LEAKY,
    UNTRAINED,
)


@dataclass(frozen=True)
class Limit:
    """A limit in words.

    Attributes
    ----------
    title : str
        Two or three words.
    sentence : str
        What is the case, and what that makes of the figures; it goes on behind the title and a colon.
    remedy : str
        What in ``params.yaml`` changes it, for whoever can run the project; '' where nothing does.
    """

    title: str
    sentence: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.title}: {self.sentence}."

    @property
    def note(self) -> str:
        """Title, sentence and remedy."""
        return f"{self.title}: {self.sentence}; {self.remedy}." if self.remedy else str(self)


#: In the order in which they are read: what makes figures mean least comes first.
LIMITS = {
    COMPOSED: Limit(
        "Composed songs",
        "trained and tested on songs that were composed by code, so that the workflow can run with nothing to "
        "download; these accuracies mean nothing about music",
    ),
    UNTRAINED: Limit(
        "Untrained encoder",
        "no pretrained weights were found, so random ones stand in, and these figures do not show what the "
        "architecture can do",
    ),
    LEAKY: Limit(
        "Leaky",
        "segments of one song are on both sides of the split, so these accuracies are higher than they would be on "
        "songs that no model was fitted on",
    ),
    ARTISTS_ON_BOTH_SIDES: Limit(
        "Artists on both sides",
        "songs of one artist are in train and in test, so figures of all test songs measure artists as much as genres",
        "split.protocol artist keeps them apart",
    ),
    ARTISTS_UNKNOWN: Limit(
        "Artists unknown",
        "songs of one artist may be on both sides, so these figures may be those of artists",
        "corpus.published.artists names a table of them",
    ),
}
