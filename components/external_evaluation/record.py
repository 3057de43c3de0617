"""The result of an external evaluation, ``evaluation.json``, as a typed record."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal, Self

from humanize import natural_list

from components.config.strict import Strict
from components.core import atomic, formatting
from components.evaluation.pair import Pair
from components.external_evaluation.recognition import TITLES, Group

#: What intervals are drawn over.
Drawn = Literal["artists", "songs", "artists, and songs without one"]


class Figures(Strict):
    """Figures of one model on one group of songs; shares are 0 to 1.

    Attributes
    ----------
    songs, segments, artists : int
        How many there are; ``artists`` counts the known ones.
    accuracy, accuracy_low, accuracy_high : float
        Share of songs that are right, and its 95 % interval.
    drawn : str
        What the interval's bootstrap draws.
    segment_accuracy : float
        Share of segments that are right.
    macro_f1, balanced_accuracy : float
        Over songs; means over the genres that occur.
    top2_accuracy : float
        Share of songs whose genre is one of the two likeliest.
    confidence, ece : float
        Mean of the songs' highest probabilities, and their expected calibration error.
    """

    songs: int
    segments: int
    artists: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    drawn: Drawn
    segment_accuracy: float
    macro_f1: float
    balanced_accuracy: float
    top2_accuracy: float
    confidence: float
    ece: float


class GenreFigures(Strict):
    """How many of a genre's headline songs one model names right.

    Attributes
    ----------
    songs, right, artists : int
        Counts.
    recall, recall_low, recall_high : float
        Share of the genre's songs that is right, 0 to 1, and its 95 % interval.
    precision : float or None
        Share of the songs named so that are of the genre; None where none was.
    """

    songs: int
    right: int
    artists: int
    recall: float
    recall_low: float
    recall_high: float
    precision: float | None


class Gap(Strict):
    """The headline of a model's training beside the accuracy measured here.

    Attributes
    ----------
    record, here : float
        Shares of songs, 0 to 1: of its test part (songs of artists in no earlier part), and of the headline songs here
        whose genres that headline covers.
    record_low, record_high : float
        95 % interval of ``record``.
    record_songs, here_songs : int
        How many songs each is of.
    points : float
        ``record - here``, in points of percent.
    without : list of str
        Genres that the record's headline leaves out as artist-confounded.
    """

    record: float
    record_low: float
    record_high: float
    record_songs: int
    here: float
    here_songs: int
    points: float
    without: list[str]

    @property
    def sentence(self) -> str:
        """The difference in one line."""
        return f"headline {100 * self.record:.1f} (record) − {100 * self.here:.1f} here = {self.points:.1f} points"

    @property
    def about(self) -> str:
        """What the two are of."""
        low, high = (f"{100 * end:.0f}" for end in (self.record_low, self.record_high))
        songs = f"record: {formatting.plural(self.record_songs, 'song')}, {low} to {high}; here: {self.here_songs}"
        left = (
            f"; without {natural_list(self.without)}, artist-confounded in training" if self.without else ""
        )
        return f"({songs}{left})"


class EvaluatedModel(Strict):
    """One model on the songs of the evaluation.

    Attributes
    ----------
    model, uri, run_id, model_id, weights_sha256 : str
        Its name, address, training run, logged model, and the hash of its weights.
    version : str
        ``''`` where the address names no registered version.
    marks : list of str
        To be shown wherever a figure of the model is.
    genres : list of str
        That it knows, in label order.
    chance : float
        Accuracy of always naming the largest genre: its share of the headline's songs.
    training_songs, training_artists, training_songs_without_artist : int
        What songs are recognised by: the songs that it was trained on.
    headline : str or None
        The group that the headline is of; None where no song is new.
    groups : dict of str to Figures
        Of each group that has songs.
    by_genre : dict of str to GenreFigures
        Of the headline's songs, by genre.
    confusion : dict of str to dict of str to int
        Headline songs by actual and predicted genre.
    reliability : list of dict
        Headline songs by confidence, from :func:`components.evaluation.metrics.reliability`.
    gap : Gap or None
        None where the training or this evaluation has no headline.
    """

    model: str
    uri: str
    version: str
    run_id: str
    model_id: str
    weights_sha256: str
    marks: list[str]
    genres: list[str]
    chance: float
    training_songs: int
    training_artists: int
    training_songs_without_artist: int
    headline: Group | None
    groups: dict[Group, Figures]
    by_genre: dict[str, GenreFigures]
    confusion: dict[str, dict[str, int]]
    reliability: list[dict[str, float]]
    gap: Gap | None

    @property
    def figures(self) -> Figures | None:
        """The headline's figures."""
        return self.groups[self.headline] if self.headline else None

    @property
    def title(self) -> str:
        """What the headline's songs are."""
        return TITLES[self.headline] if self.headline else "no new song"

    @property
    def sentence(self) -> str:
        """The headline in one line."""
        if self.figures is None:
            return (
                "every song, or another song of its artist, was part of its training: nothing new to measure"
            )
        found = self.figures
        share = formatting.percent(found.accuracy)
        return (
            f"{share} of {formatting.plural(found.songs, 'song')} ({self.title}), 95 % interval "
            f"{formatting.interval(found.model_dump(), 'accuracy')} over {found.drawn}"
        )


class Evaluation(Strict):
    """Several models on the same labelled songs.

    Attributes
    ----------
    name, labels : str
        The folder or manifest, and where the genres come from.
    fingerprint : str
        SHA-256 of the songs' contents and genres: figures are comparable only where it is equal.
    seed : int
        Of the bootstrap, and of what a limit draws.
    songs, songs_with_artist, artists : int
        Songs that every model has predicted, those with a known artist, and how many artists these are.
    genres : dict of str to int
        Songs by genre.
    unknown_genres : dict of str to int
        Songs of genres that a model does not know: left out.
    beyond_limit : int
        Songs that a limit left out.
    left_out : dict of str to str
        Files and rows that could not be used, each with the reason.
    models : dict of str to EvaluatedModel
        In the order in which they were named.
    pairs : list of Pair
        From :func:`components.evaluation.significance.pairs`, on the songs that both headlines count.
    notes : list of str
        What a reader must know before any figure.
    """

    FILE: ClassVar[str] = "evaluation.json"

    name: str
    labels: str
    fingerprint: str
    seed: int
    songs: int
    songs_with_artist: int
    artists: int
    genres: dict[str, int]
    unknown_genres: dict[str, int]
    beyond_limit: int
    left_out: dict[str, str]
    models: dict[str, EvaluatedModel]
    pairs: list[Pair]
    notes: list[str]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the record of an evaluation's folder."""
        return cls.model_validate_json((folder / cls.FILE).read_bytes())

    def write(self, path: Path) -> None:
        """Write the record as sorted, indented JSON, whole or not at all."""
        atomic.write_json(path, self.model_dump(mode="json"))
