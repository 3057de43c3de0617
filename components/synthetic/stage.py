"""The stage ``synthesise@NAME``: write a collection of composed tracks, whole or not at all."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, ValidationError, model_validator
from rich.console import Console
from rich.progress import track as progress_of

from components.atomic import replacing_folder
from components.errors import ParamsError
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
    """
    import soundfile

    if name not in params.synthetic:
        valid = ", ".join(sorted(params.synthetic)) or "none; this preset's corpus is not synthetic"
        raise ParamsError(f"synthetic corpus {name!r} is not in params.yaml; valid: {valid}")
    try:
        block = SyntheticParams.model_validate(params.synthetic[name])
    except ValidationError as error:
        raise ParamsError(f"params.yaml: synthetic.{name}: {describe(error)}") from error
    tracks = [(genre, number) for genre, count in sorted(block.counts().items()) for number in range(count)]
    target = Path(root) / "raw" / name
    console = Console(stderr=True)
    with replacing_folder(target) as folder:
        for genre in block.counts():
            (folder / genre).mkdir()
        for genre, number in progress_of(
            tracks, description=f"compose {name}", console=console, disable=not console.is_terminal
        ):
            # A track's seed depends on nothing but itself: more tracks, or fewer genres, change no other.
            rng = np.random.default_rng([block.seed, zlib.crc32(genre.encode()), number])
            wave = compose(genre, seconds=block.seconds, rng=rng)
            # Rounded here and not in the file library, so that its version changes no byte.
            samples = np.round(wave * 32767.0).astype(np.int16)
            soundfile.write(
                folder / genre / f"{genre}.{number:05d}.wav", samples, SAMPLE_RATE, subtype="PCM_16"
            )
    return target
