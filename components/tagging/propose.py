"""What becomes of each file's genre: proposed by a model, kept, or left out with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from components.core.errors import TaggingError
from components.serving.predict import FilePrediction
from components.tagging import tags
from components.tagging import write as writing
from components.tagging.write import State

#: What becomes of a file: it is to be written, or was; it has a genre, or this one already; the model is too unsure;
#: or it cannot be decoded or written.
Outcome = Literal["proposed", "written", "kept", "same", "unsure", "failed"]


@dataclass(frozen=True)
class Choice:
    """Which genres are proposed.

    Attributes
    ----------
    field : str
        See :func:`components.tagging.tags.check`.
    overwrite : bool
        Whether files with a value get another one.
    min_confidence : float
        Probability, 0 to 1, below which nothing is proposed.
    several : int
        Genres a file at most, 1 or more. The second and further ones are at least as probable as ``min_confidence``,
        and more than a genre drawn at random would be.
    unsure : bool
        Whether songs are written too that the model is unsure of, see :mod:`components.serving.certainty`.
    """

    field: str = tags.GENRE
    overwrite: bool = False
    min_confidence: float = 0.0
    several: int = 1
    unsure: bool = False


@dataclass(frozen=True)
class Song:
    """One file.

    Attributes
    ----------
    file : Path
        The file.
    before : tuple of str
        What its field holds.
    tagged : bool
        Whether it has tags at all.
    proposed : dict of str to float
        Genres and their probabilities, the most probable first.
    outcome : Outcome
        What becomes of it.
    reason : str
        Why, where it is not ``proposed`` or ``written``.
    seconds : float
        Its length; 0 where it was not decoded.
    state : State, optional
        Of the file, before it was decoded.
    """

    file: Path
    before: tuple[str, ...] = ()
    tagged: bool = False
    proposed: dict[str, float] | None = None
    outcome: Outcome = "kept"
    reason: str = ""
    seconds: float = 0.0
    state: State | None = None

    @property
    def after(self) -> tuple[str, ...]:
        """What its field is to hold, or holds by now."""
        return tuple(self.proposed or ()) if self.outcome in ("proposed", "written") else self.before


def read(file: Path, *, choice: Choice) -> Song:
    """Read what a file's field holds."""
    try:
        state = writing.state(file)
        before, tagged = tags.read(file, field=choice.field)
    except TaggingError as error:
        return Song(file, outcome="failed", reason=str(error))
    if before and not choice.overwrite:
        return Song(file, before, tagged, outcome="kept", reason="has one already", state=state)
    return Song(file, before, tagged, state=state)


def propose(song: Song, *, found: FilePrediction, choice: Choice) -> Song:
    """Lay a prediction over what a file's tags hold."""
    if (prediction := found.prediction) is None:
        return replace(song, outcome="failed", reason=found.reason)
    ranked = sorted(prediction.probabilities.items(), key=lambda item: -item[1])
    (genre, best), *others = ranked
    further = [
        (name, share)
        for name, share in others[: choice.several - 1]
        if share >= choice.min_confidence and share > 1 / len(ranked)
    ]
    song = replace(song, proposed=dict([(genre, best), *further]), seconds=prediction.seconds)
    if song.outcome == "failed" or song.reason:
        return song
    if prediction.unsure and not choice.unsure:
        return replace(song, outcome="unsure", reason=f"unsure: {prediction.unsure}")
    if best < choice.min_confidence:
        reason = f"{best:.0%} is below --min-confidence {choice.min_confidence:.0%}"
        return replace(song, outcome="unsure", reason=reason)
    if tuple(song.proposed or ()) == song.before:
        return replace(song, outcome="same", reason="has this one already")
    return replace(song, outcome="proposed")


def songs(
    files: Sequence[Path],
    *,
    choice: Choice,
    all_of_them: bool,
    predict: Callable[[list[Path]], Iterator[FilePrediction]],
) -> Iterator[Song]:
    """Read each file's tags, and predict its genre.

    Parameters
    ----------
    files : sequence of Path
        Audio files.
    choice : Choice
        Which genres are proposed.
    all_of_them : bool
        Whether files whose genre is kept are predicted too, to be compared.
    predict : callable
        Predicts the genre of files, in order.

    Yields
    ------
    Song
        In the order of the files.
    """
    read_ = [read(file, choice=choice) for file in files]
    # What no tag can be written into is predicted too where one only looks.
    chosen = [song for song in read_ if all_of_them or not song.reason]
    predictions = predict([song.file for song in chosen])
    for song in read_:
        if all_of_them or not song.reason:
            yield propose(song, found=next(predictions), choice=choice)
        else:
            yield song
