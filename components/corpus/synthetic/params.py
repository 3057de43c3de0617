"""Params of the synthetic corpus: the block ``synthetic`` of ``params.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from components.config.params import Count, Params, describe
from components.config.strict import Strict
from components.core.errors import ParamsError
from components.corpus.synthetic.styles import STYLES


class SyntheticParams(Strict):
    """One block of ``synthetic``.

    ``tracks_per_genre`` is a number for all ten genres, or a number for each selected genre;
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
