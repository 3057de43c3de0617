"""Leak checks of feature values and fitted models: each raises :class:`components.core.errors.LeakError`.

Equal rows under other names are found by :func:`components.training.dataset.check_equal_rows`; a model that was fitted
before is refused by :func:`components.training.fit.fit`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from components.core.errors import LeakError

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from components.splits.artists import Artists
    from components.training.dataset import Part

#: How far adapted weights may lie from those of the rows fitted on, relative to their largest: the same sums in
#: another order differ in the last bits of float32.
TOLERANCE = 1e-4


def check_parts(parts: Mapping[str, Part], *, protocol: str, artists: Artists) -> None:
    """Fail where a row is in two of the parts that a model was fitted on, stopped at and tested on.

    Parameters
    ----------
    parts : mapping of str to Part
        What was used as ``train``, ``validation`` and ``test``.
    protocol : str
        But for ``segment``, a song counts as one.
    artists : str
        Of the split's record; where they are ``unknown``, headlines count all songs, also those of the few artists that
        are known.

    Raises
    ------
    LeakError
        Naming a song, and the two parts; or one that headlines count, though its artist is in an earlier part.
    """
    columns = ["track", "segment"] if protocol == "segment" else ["track"]
    held = {name: set(part.rows[columns].itertuples(index=False, name=None)) for name, part in parts.items()}
    for left, right in combinations(held, 2):
        if both := sorted(held[left] & held[right]):
            what = f"{both[0][0]!r}" + (f" segment {both[0][1]}" if protocol == "segment" else "")
            raise LeakError(f"{len(both)} of {right} are in {left} too, {what} among them")
    if artists == "unknown":
        return
    for left, right in combinations(parts, 2):
        later = parts[right].rows.query("headline and artist != ''")
        shared = later[later["artist"].isin(parts[left].rows["artist"])]
        if len(shared):
            raise LeakError(
                f"{shared['track'].iloc[0]!r} of {right} counts for the headline, and {left} has songs of its "
                f"artist, {shared['artist'].iloc[0]!r}"
            )


def check_preprocessing(model: keras.Model, *, fitted: Part, genres: Sequence[str]) -> None:
    """Fail where a scaler, principal components, least squares or the label order are not those of the rows fitted on.

    Parameters
    ----------
    model : keras.Model
        After its fit.
    fitted : Part
        The rows it was fitted on.
    genres : sequence of str
        Its label order.

    Raises
    ------
    LeakError
        Naming the layer, or the genre that only other rows have.
    """
    import keras

    from components.training import preprocessing

    if list(genres) != (own := sorted(set(fitted.rows["genre"]))):
        other = sorted(set(genres).symmetric_difference(own)) or list(genres)
        raise LeakError(f"the label order was not taken from the rows fitted on: {', '.join(other)}")
    fresh = keras.models.clone_model(model)
    preprocessing.adapt(fresh, fitted)
    for layer, again in zip(model.layers, fresh.layers, strict=True):
        if layer.trainable_weights or isinstance(layer, keras.Model):
            continue
        for mine, theirs in zip(layer.get_weights(), again.get_weights(), strict=True):
            limit = TOLERANCE * max(float(np.abs(theirs).max(initial=0.0)), 1e-12)
            if mine.shape != theirs.shape or not np.allclose(mine, theirs, rtol=TOLERANCE, atol=limit):
                raise LeakError(
                    f"layer {layer.name!r} of model {model.name!r} is not adapted to the {len(fitted.y)} rows "
                    "fitted on, but to others"
                )


def check_champion(songs: pd.DataFrame, *, fitted: pd.DataFrame, name: str) -> None:
    """Fail where a champion is compared with a challenger on songs that it was fitted on.

    Parameters
    ----------
    songs : DataFrame
        Songs that both are compared on: columns ``track``, ``sha256`` (of the file) and ``sound_sha256``.
    fitted : DataFrame
        Songs that the champion was fitted on, with the same hashes as far as they were logged.
    name : str
        What to call the champion.

    Raises
    ------
    LeakError
        Naming one such song.
    """
    known = {key: set(fitted[key]) - {""} for key in ("sha256", "sound_sha256") if key in fitted}
    if both := sorted(
        {track for key, of in known.items() for track in songs.loc[songs[key].isin(of), "track"]}
    ):
        raise LeakError(
            f"{name} was fitted on {len(both)} of the songs it is compared on, {both[0]!r} among them"
        )
