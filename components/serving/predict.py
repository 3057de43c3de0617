"""``genre predict``: which files are heard, and a model's answers, a batch of files at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.core.errors import AudioError, GenreError
from components.serving.load import Voice

#: Songs whose segments the network is asked at once; more would not be faster, and would answer later.
BATCH = 16
#: What a folder is searched for: the endings of components.corpus.audio.FORMATS, as files carry them.
ENDINGS = (".wav", ".au", ".flac", ".ogg", ".oga", ".mp3", ".aif", ".aiff")


@dataclass(frozen=True)
class Answer:
    """What was said of one file: a genre, or the reason why there is none.

    Attributes
    ----------
    file : Path
        The file.
    genre : str
        Empty where there is a reason.
    probabilities : dict of str to float
        By genre, in label order; adds up to 1.
    timeline : list of dict
        ``start`` (seconds), ``genre``, ``probability`` of each segment.
    reason : str
        Empty where there is an answer.
    """

    file: Path
    genre: str = ""
    probabilities: dict[str, float] = field(default_factory=dict)
    timeline: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""


def listed(songs: Sequence[Path]) -> list[Path]:
    """Replace each folder by the audio files below it.

    Parameters
    ----------
    songs : sequence of Path
        Files and folders.

    Returns
    -------
    list of Path
        Files, a folder's in order of name. A file that was named is kept whatever its ending; one named twice
        is heard once.

    Raises
    ------
    AudioError
        If a folder holds no audio file.
    """
    files: list[Path] = []
    for song in songs:
        if not song.is_dir():
            files.append(song)
            continue
        found = inside(song)
        if not found:
            raise AudioError(f"{song} holds no audio file; valid: {', '.join(ENDINGS)}")
        files += found
    return list(dict.fromkeys(files))


def inside(folder: Path) -> list[Path]:
    """List the audio files below a folder, by their endings.

    Parameters
    ----------
    folder : Path
        Searched at any depth; hidden files are left out, as programs that copy give unfinished ones such names.

    Returns
    -------
    list of Path
        In order of name.
    """
    return sorted(path for path in folder.rglob("[!.]*") if path.suffix.lower() in ENDINGS and path.is_file())


def answers(files: Sequence[Path], *, voice: Voice) -> Iterator[Answer]:
    """Let a model answer for each file, in order.

    Parameters
    ----------
    files : sequence of Path
        From :func:`listed`.
    voice : Voice
        From :func:`components.serving.load.load`.

    Yields
    ------
    Answer
        One a file. The network is asked once for :data:`BATCH` files.
    """
    for first in range(0, len(files), BATCH):
        batch = files[first : first + BATCH]
        for file, row in zip(batch, voice.model.answers(batch), strict=True):
            if isinstance(row, GenreError):
                yield Answer(file, reason=str(row))
            else:
                chances = {genre: row[f"probability.{genre}"] for genre in voice.model.record.genres}
                yield Answer(file, row["genre"], chances, row["timeline"])
