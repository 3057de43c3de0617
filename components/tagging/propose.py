"""What becomes of each file's genre: proposed by a model, kept, or left out with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from components.core.errors import TaggingError
from components.serving.predict import FilePrediction
from components.tagging import fields, tags
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
        See :func:`components.tagging.fields.check`.
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

    field: str = fields.GENRE
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
    own : tuple of str
        What of ``before`` is in the tags that are written, see :class:`components.tagging.tags.Held`.
    sure : bool
        Whether the model is sure enough of what is proposed, by the choice.
    """

    file: Path
    before: tuple[str, ...] = ()
    tagged: bool = False
    proposed: dict[str, float] | None = None
    outcome: Outcome = "kept"
    reason: str = ""
    seconds: float = 0.0
    state: State | None = None
    own: tuple[str, ...] = ()
    sure: bool = False

    @property
    def after(self) -> tuple[str, ...]:
        """What its field is to hold, or holds by now."""
        return tuple(self.proposed or ()) if self.outcome in ("proposed", "written") else self.before

    @property
    def genres(self) -> tuple[str, ...]:
        """What it counts as, in its tags or, where they cannot be written, beside them."""
        return self.after or (tuple(self.proposed or ()) if self.sure else ())


def read(file: Path, *, choice: Choice) -> Song:
    """Read what a file's field holds."""
    try:
        state = writing.state(file)
        held = tags.read(file, field=choice.field)
    except TaggingError as error:
        return Song(file, outcome="failed", reason=str(error))
    song = Song(file, held.values, held.tagged, state=state, own=held.own)
    if song.before and not choice.overwrite:
        return replace(song, outcome="kept", reason="has one already")
    try:
        writing.check(file)
    except TaggingError as error:
        return replace(song, outcome="failed", reason=str(error))
    return song


def propose(song: Song, *, found: FilePrediction, choice: Choice) -> Song:
    """Lay a prediction over what a file's tags hold."""
    if (prediction := found.prediction) is None:
        # What is left alone anyway is so for its own reason, as where nothing is predicted.
        return song if song.reason else replace(song, outcome="failed", reason=found.reason)
    ranked = sorted(prediction.probabilities.items(), key=lambda item: -item[1])
    (genre, best), *others = ranked
    further = [
        (name, share)
        for name, share in others[: choice.several - 1]
        if share >= choice.min_confidence and share > 1 / len(ranked)
    ]
    is_unsure = bool(prediction.unsure) and not choice.unsure
    song = replace(
        song,
        proposed=dict([(genre, best), *further]),
        seconds=prediction.seconds,
        sure=not is_unsure and best >= choice.min_confidence,
    )
    if song.outcome == "failed" or song.reason:
        return replace(song, reason=f"{song.reason}; unsure: {prediction.unsure}") if is_unsure else song
    if is_unsure:
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
    listed: bool = False,
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
    listed : bool
        Whether files without a genre that no tag can be written into are predicted too, for playlists.
    predict : callable
        Predicts the genre of files, in order.

    Yields
    ------
    Song
        In the order of the files.
    """
    read_ = [read(file, choice=choice) for file in files]

    def is_chosen(song: Song) -> bool:
        # What no tag can be written into is predicted too where one only looks.
        return all_of_them or not song.reason or (listed and song.outcome == "failed" and not song.before)

    predictions = predict([song.file for song in read_ if is_chosen(song)])
    for song in read_:
        if is_chosen(song):
            yield propose(song, found=next(predictions), choice=choice)
        else:
            yield song
