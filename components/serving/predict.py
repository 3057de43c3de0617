"""Predictions for files and folders, a batch of files at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from components.core import progress
from components.core.errors import AudioError, GenreError
from components.core.formatting import printable, some
from components.core.progress import Place
from components.corpus import audio, links
from components.corpus.audio import SUFFIXES
from components.parallel import cluster, executors
from components.serving import drift, genre_model
from components.serving.genre_model import Extracted, GenreModel
from components.serving.load import LoadedModel
from components.serving.prediction import Prediction

#: Songs whose segments go through the network at once; more would not be faster, and the first would come later.
BATCH = 16
#: Paths that a message names.
SHOWN = 5


@dataclass(frozen=True)
class FilePrediction:
    """The prediction of one file, or the reason why there is none.

    Attributes
    ----------
    file : Path
        The file.
    prediction : Prediction or None
        None where there is a reason.
    reason : str
        Empty where there is a prediction.
    watched : dict of str to float
        The feature columns that drift is measured on, from :func:`components.serving.drift.summary`.
    """

    file: Path
    prediction: Prediction | None = None
    reason: str = ""
    watched: dict[str, float] = field(default_factory=dict)


def audio_files(songs: Sequence[Path], *, follow_links: bool = False, to: Place = None) -> list[Path]:
    """Replace each folder by the audio files below it, in order of name.

    A file that is named itself is kept whatever its suffix; one named twice is decoded once. Both
    ``follow_links`` and ``to`` are as of :func:`below`.

    Raises
    ------
    AudioError
        If a folder holds no audio file, or nothing that can be opened is at a path.
    """
    if wrong := [f"{song}: {why}" for song in songs if not song.is_dir() and (why := audio.missing(song))]:
        more = f" … and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise AudioError(
            f"{'; '.join(wrong[:SHOWN])}{more}; valid: audio files, and folders of them, on this machine"
        )
    files: list[Path] = []
    for song in songs:
        found = below(song, follow_links=follow_links, to=to) if song.is_dir() else [song]
        if not found:
            raise AudioError(f"{song} holds no audio file; valid: {some(SUFFIXES)}")
        files += found
    return list(dict.fromkeys(files))


def below(folder: Path, *, follow_links: bool = False, to: Place = None) -> list[Path]:
    """List the audio files below a folder, in order of name.

    Hidden files are left out: programs that copy give unfinished ones such names. So is what lies in hidden folders
    (``.Trash``, ``.git``), as in a listing of a corpus.

    Parameters
    ----------
    folder : Path
        Searched at any depth.
    follow_links : bool
        Whether links to folders are entered (``corpus.follow_links``).
    to : TextIO or callable, optional
        Where a line says which are not; see :func:`components.core.progress.counted`.

    Returns
    -------
    list of Path
        Each below ``folder``.

    Raises
    ------
    AudioError
        If a folder cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise AudioError(
            f"folder {error.filename} cannot be read ({error.strerror}); valid: one whose folders can be, "
            "or those of them by name"
        ) from error

    files, passed_over = [], []
    for place, names, linked in links.walk(folder, follow=follow_links, failed=refuse):
        files += [
            path
            for name in names
            if (path := place / name).suffix.lower() in SUFFIXES
            # A link to nothing is named when it is opened; a pipe or a device is no file at all.
            and (path.is_file() or not path.exists())
        ]
        passed_over += [printable(str((place / name).relative_to(folder))) for name in linked]
    if passed_over:
        more = f" … and {len(passed_over) - SHOWN} more" if len(passed_over) > SHOWN else ""
        progress.line(
            f"{folder}: folders behind links were not entered: {', '.join(passed_over[:SHOWN])}{more}; {links.REMEDY}",
            to=to,
        )
    return sorted(files)


def predict(files: Sequence[Path], *, model: LoadedModel) -> Iterator[FilePrediction]:
    """Predict the genre of each file, in order, :data:`BATCH` files at a time.

    The features of more than one batch are extracted on a cluster where one is named; the network runs here.
    """
    features = model.model.record.features
    columns = drift.names(features)
    batches = [files[first : first + BATCH] for first in range(0, len(files), BATCH)]
    for batch, extracted in zip(batches, _extracted(batches, model=model.model), strict=True):
        predictions = model.model.predict_extracted(extracted)
        for file, song, prediction in zip(batch, extracted, predictions, strict=True):
            if isinstance(prediction, GenreError) or isinstance(song, GenreError):
                yield FilePrediction(file, reason=str(prediction))
            else:
                summary = drift.summary([song.rows[feature.feature].values for feature in features])
                watched = dict(zip(columns, summary.tolist(), strict=True))
                yield FilePrediction(file, prediction, watched=watched)


def _extracted(
    batches: Sequence[Sequence[Path]], *, model: GenreModel
) -> Iterator[list[Extracted | GenreError]]:
    if len(batches) < 2 or not cluster.address():
        yield from map(model.extract, batches)
        return
    make = partial(genre_model.Extraction, features=model.record.features, params=model.params)
    extract = partial(genre_model.extract, limits=model.params.corpus, make=make)
    files = (file.absolute() for batch in batches for file in batch)
    with executors.executor(ThreadPoolExecutor) as pool:
        songs = executors.ordered(pool, extract, files)
        for batch in batches:
            yield list(itertools.islice(songs, len(batch)))
