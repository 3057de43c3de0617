"""The stage ``synthesise@NAME``: write a collection of composed tracks, whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import zlib
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, ValidationError, model_validator
from rich.console import Console
from rich.progress import track as progress_of

from components.atomic import replacing_folder
from components.errors import CorpusError, ParamsError
from components.params import Count, Params, Strict, describe
from components.synthetic.composition import compose
from components.synthetic.genres import STYLES
from components.synthetic.instruments import SAMPLE_RATE


class SyntheticParams(Strict):
    """One block of ``synthetic``.

    ``tracks_per_genre`` is a number for all ten genres, or a number for each genre that is wanted;
    ``seconds`` is the length of a track.
    """

    tracks_per_genre: Count | Annotated[dict[str, Count], Field(min_length=2)]
    seconds: Annotated[float, Field(ge=1.0, le=600.0)]
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 20

    @model_validator(mode="after")
    def _known_genres(self) -> SyntheticParams:
        if isinstance(self.tracks_per_genre, dict):
            unknown = sorted(self.tracks_per_genre.keys() - STYLES.keys())
            if unknown:
                raise ValueError(f"no rules for {', '.join(unknown)}; valid: {', '.join(STYLES)}")
        return self

    def counts(self) -> dict[str, int]:
        """Return how many tracks each genre has."""
        if isinstance(self.tracks_per_genre, dict):
            return self.tracks_per_genre
        return dict.fromkeys(STYLES, self.tracks_per_genre)


def block(name: str, *, params: Params) -> SyntheticParams:
    """Return the checked params of one synthetic collection.

    Parameters
    ----------
    name : str
        A key of ``synthetic``.
    params : Params
        That holds it.

    Returns
    -------
    SyntheticParams
        The block.

    Raises
    ------
    ParamsError
        If there is no such block, or a key of it is missing, unknown or out of range.
    """
    if name not in params.synthetic:
        valid = ", ".join(sorted(params.synthetic)) or "none; this preset's corpus is not synthetic"
        raise ParamsError(f"synthetic corpus {name!r} is not in params.yaml; valid: {valid}")
    try:
        return SyntheticParams.model_validate(params.synthetic[name])
    except ValidationError as error:
        raise ParamsError(f"params.yaml: synthetic.{name}: {describe(error)}") from error


def run(name: str, *, params: Params, root: Path = Path("data")) -> Path:
    """Compose one collection and write it to ``ROOT/raw/NAME/<genre>/<genre>.NNNNN.wav``.

    Parameters
    ----------
    name : str
        A key of ``synthetic``.
    params : Params
        For that block; see :class:`SyntheticParams`.
    root : Path
        The data folder.

    Returns
    -------
    Path
        The collection's folder: 22,050 Hz mono 16-bit WAV, the same bytes for the same block.

    Raises
    ------
    ParamsError
        If there is no such block, or a key of it is missing, unknown or out of range.
    CorpusError
        If the folder cannot be written.
    """
    checked = block(name, params=params)
    target = Path(root) / "raw" / name
    try:
        with replacing_folder(target) as folder:
            _write(checked, folder, label=f"compose {name}")
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CorpusError(f"{target} cannot be written: {reason}") from error
    return target


def _write(checked: SyntheticParams, folder: Path, *, label: str) -> None:
    import soundfile

    tracks = [(genre, number) for genre, count in sorted(checked.counts().items()) for number in range(count)]
    console = Console(stderr=True)
    quiet = not console.is_terminal
    for genre, number in progress_of(tracks, description=label, console=console, disable=quiet):
        (folder / genre).mkdir(exist_ok=True)
        # A track's seed depends on nothing but itself: more tracks, or fewer genres, change no other.
        rng = np.random.default_rng([checked.seed, zlib.crc32(genre.encode()), number])
        wave = compose(genre, seconds=checked.seconds, rng=rng)
        # Rounded here and not in the file library, so that its version changes no byte.
        samples = np.round(wave * 32767.0).astype(np.int16)
        path = folder / genre / f"{genre}.{number:05d}.wav"
        try:
            soundfile.write(path, samples, SAMPLE_RATE, subtype="PCM_16")
        except soundfile.SoundFileError as error:  # a full disk is no OSError to it, but a "System error."
            if shutil.disk_usage(folder).free < samples.nbytes:
                raise OSError(errno.ENOSPC, str(error)) from error
            raise OSError(str(error)) from error
