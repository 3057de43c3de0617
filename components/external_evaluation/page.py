"""The page of an external evaluation: one HTML file that opens with no network and no other file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from components.core import palette
from components.external_evaluation.recognition import TITLES
from components.external_evaluation.record import EvaluatedModel
from components.reporting import figures, hardest
from components.reporting.environment import environment
from components.reporting.svg import inline

if TYPE_CHECKING:
    from components.external_evaluation.evaluate import Result

#: Songs in the list of the hardest, and files left out that are listed by name.
HARDEST, LISTED = 20, 200


def render(result: Result) -> str:
    """Render the page; every name of a file, genre, artist or model in it is escaped."""
    found = result.record
    colours = {label: palette.model(place) for place, label in enumerate(found.models)}
    return (
        environment(Path(__file__).parent)
        .get_template("page.html")
        .render(
            found=found,
            titles=TITLES,
            colours={label: palette.variable(place) for place, label in enumerate(found.models)},
            pictures={
                label: _pictures(label, model=model, colour=colours[label])
                for label, model in found.models.items()
                if model.headline
            },
            recalls=_recalls(found.models),
            pairs={(pair.left, pair.right): pair for pair in found.pairs},
            hardest=hardest.songs(result.songs[result.songs["headline"]], count=HARDEST),
            listed=LISTED,
        )
    )


def _pictures(label: str, *, model: EvaluatedModel, colour: str) -> dict[str, Any]:
    counts = pd.DataFrame.from_dict(model.confusion, orient="index")
    confusion = figures.confusion(counts, colour=colour)
    reliability = figures.reliability(pd.DataFrame(model.reliability), colour=colour, unit="song")
    return {
        "confusion": inline(confusion, label=f"Confusion matrix of {label}"),
        "reliability": inline(reliability, label=f"Reliability of {label}"),
    }


def _recalls(models: dict[str, EvaluatedModel]) -> list[str]:
    """Return the genres with headline songs, the hardest first."""
    table = pd.DataFrame(
        {
            label: {genre: row.recall for genre, row in model.by_genre.items()}
            for label, model in models.items()
        }
    )
    return [str(genre) for genre in table.mean(axis=1).sort_values(kind="stable").index]
