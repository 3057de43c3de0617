"""One model's predictions of labelled songs, one row a song."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from components.core import progress
from components.core.progress import Place
from components.evaluation.aggregation import PREFIX
from components.external_evaluation.labels import Song
from components.serving import predict
from components.serving.load import LoadedModel

#: The part that external songs are, in tables that know parts.
PART = "external"


def table(
    songs: list[Song], *, model: LoadedModel, spelling: Mapping[str, str], to: Place = None
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Predict songs with one model.

    Parameters
    ----------
    songs : list of Song
        Their genres spelled as in ``spelling``.
    model : LoadedModel
        Knows the genre of each song.
    spelling : mapping of str to str
        Genres as they are to be written, by their casefolded name; others stay as the model writes them.
    to : TextIO or callable, optional
        Where progress is shown; see :func:`components.core.progress.counted`.

    Returns
    -------
    table : DataFrame
        One row a song that was predicted: the columns that :func:`components.evaluation.aggregation.songs` makes,
        ``artist``, ``album``, ``title``, ``seconds``, ``top2`` (whether the right genre is one of the two likeliest)
        and one ``probability.<genre>`` a genre of the model.
    left_out : dict of str to str
        Songs that were not predicted, by name, with the reason.
    """
    rows: list[dict[str, Any]] = []
    left_out = {}
    predictions = predict.predict([song.file for song in songs], model=model)
    predictions = progress.each(predictions, model.name, total=len(songs), unit="songs", to=to)
    for song, one in zip(songs, predictions, strict=True):
        if (prediction := one.prediction) is None:
            left_out[song.name] = one.reason
            continue
        shares = {
            spelling.get(genre.casefold(), genre): share for genre, share in prediction.probabilities.items()
        }
        segments = [spelling.get(part.genre.casefold(), part.genre) for part in prediction.timeline]
        likeliest = sorted(shares, key=lambda genre: -shares[genre])
        labels = {key: value for key, value in asdict(song).items() if key not in ("name", "file")}
        rows.append(
            {
                "part": PART,
                "track": song.name,
                **labels,
                "predicted": likeliest[0],
                "correct": likeliest[0] == song.genre,
                "top2": song.genre in likeliest[:2],
                "confidence": shares[likeliest[0]],
                "given": shares[song.genre],
                "seconds": prediction.seconds,
                "segments": len(segments),
                "segments_correct": segments.count(song.genre),
            }
            | {PREFIX + genre: share for genre, share in shares.items()}
        )
    return pd.DataFrame(rows), left_out
