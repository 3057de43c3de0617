"""Errors a person can act on: each message is one line that names the key or file, its value, and what is valid."""

from __future__ import annotations


class GenreError(Exception):
    """Root of every error this project raises on purpose.

    ``exit_status`` is what the command line ends with: 2 for input a person can correct, 1 for a run that failed.
    """

    exit_status = 1


class ParamsError(GenreError):
    """A key or value of ``params.yaml``, a preset, or a command-line argument is not valid."""

    exit_status = 2


class CorpusError(GenreError):
    """The collection cannot be used: folder missing, no genre folders, too few usable tracks."""

    exit_status = 2


class AudioError(GenreError):
    """One file cannot be used as audio; the message is the plain reason kept in the corpus table."""

    exit_status = 2


class TooLongError(AudioError):
    """A file is longer, or larger, than is accepted."""


class NotAudioError(AudioError):
    """A file's content is not sound of a kind that is decoded."""


class FeatureError(GenreError):
    """A feature could not be computed or read."""


class PretrainedError(GenreError):
    """Pretrained weights cannot be used."""

    exit_status = 2


class MissingWeightsError(PretrainedError):
    """Pretrained weights are missing; the message names which file goes where."""


class ValidationError(GenreError):
    """A feature did not pass its expectation suite, or the result of that cannot be read."""


class LeakError(GenreError):
    """Something of the test part reached training, tuning, scaling or model choice."""


class TuningError(GenreError):
    """A search ended without one scored trial."""


class TrainingError(GenreError):
    """A fit failed: not a fresh model, a loss that is not finite, no epoch completed."""


class ClusterError(GenreError):
    """A cluster cannot be reached, lost its scheduler or its workers, or a worker has other code or libraries."""


class StoreError(GenreError):
    """MLflow's store cannot be reached, is locked, or cannot be written."""


class RegistryError(GenreError):
    """The registry has no such model, version or alias, or what it holds does not load."""


class UnknownModelError(RegistryError):
    """An address names no model of the store."""

    exit_status = 2


class PredictionsError(GenreError):
    """A table of predictions lacks a column, a part or a genre, or holds what is no probability."""


class ComparisonError(GenreError):
    """There is nothing to compare, or a file of a finished stage does not hold together."""


class ScoringError(GenreError):
    """A folder cannot be scored: it does not exist, or another run is scoring it."""

    exit_status = 2


class EvaluationError(GenreError):
    """Labelled music cannot be evaluated: no song, no genre that the models know, or a model without its songs."""

    exit_status = 2


class TaggingError(GenreError):
    """Tags cannot be read, written or undone; of one file the message is the plain reason, without its name."""

    exit_status = 2
