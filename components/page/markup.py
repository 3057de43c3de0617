"""Predictions of a song as HTML: numbers and places are computed here, words and tags stand in ``result.html``."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from humanize import natural_list

from components.page.models import ModelPrediction, Song
from components.reporting.environment import environment
from components.serving.prediction import Segment
from components.tracking import pages

if TYPE_CHECKING:
    from jinja2 import Template

#: Segments of a timeline; more would be thinner than twelve pixels, so neighbours of one genre are joined.
BLOCKS = 80
#: Parts that a longer timeline is cut into, of one genre each, so that none is thinner than four pixels.
PARTS = 240
#: Blocks of a timeline that are wide enough for their genre's name in a window of 1280 pixels, and of 1024; more
#: get a legend.
NAMED, ROOMY = 14, 10
#: Where a tick may lie, in seconds.
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600)
#: Degrees round the colour circle from one genre to the next: neighbours in label order stay far apart, and
#: ten are spread evenly.
TURN = 108


@lru_cache(maxsize=1)
def _template() -> Template:
    templates = environment(Path(__file__).parent)
    templates.filters["whole"] = lambda share: f"{100 * share:.0f} %"
    return templates.get_template("result.html")


def result(song: Song) -> str:
    """Render the predictions of a song; the first is the headline."""
    genres = dict.fromkeys(genre for by in song.predictions for genre in by.prediction.probabilities)
    lanes: list[dict[str, Any]] = [
        {
            "by": by,
            "blocks": blocks(by.prediction.timeline, seconds=song.seconds),
            "link": pages.run(by.choice.experiment_id, by.choice.run_id),
        }
        for by in song.predictions
    ]
    most = max(len(lane["blocks"]) for lane in lanes)
    return _template().render(
        problem="",
        song=song,
        first=song.predictions[0],
        lanes=lanes,
        ticks=ticks(song.seconds),
        density="g-many" if most > NAMED else "g-crowded" if most > ROOMY else "",
        seen=dict.fromkeys(block["genre"] for lane in lanes for block in lane["blocks"]),
        agreement=agreement(song.predictions),
        hues={genre: at * TURN % 360 for at, genre in enumerate(genres)},
    )


def problem(reason: str) -> str:
    """Render why there is no prediction."""
    return _template().render(problem=reason)


def agreement(predictions: list[ModelPrediction]) -> str:
    """Return in one sentence how far the models agree with the first; '' for a single one."""
    first, *others = predictions
    if not others:
        return ""
    against: dict[str, list[str]] = {}
    for other in others:
        if other.prediction.genre != first.prediction.genre:
            against.setdefault(other.prediction.genre, []).append(other.choice.name)
    if not against:
        return f"All {len(predictions)} models agree."
    rest = "; ".join(
        f"{natural_list(names)} {'predicts' if len(names) == 1 else 'predict'} {genre}"
        for genre, names in against.items()
    )
    agreeing = len(predictions) - sum(map(len, against.values()))
    return f"{agreeing} of {len(predictions)} models predict {first.prediction.genre}; {rest}."


def ticks(seconds: float) -> list[tuple[float, str]]:
    """Return at most seven marks of a song's time axis: percent from the left, and text (m:ss)."""
    step = next((step for step in STEPS if seconds / step <= 6), STEPS[-1])
    return [
        (100 * at / seconds, f"{int(at) // 60}:{int(at) % 60:02d}")
        for at in np.arange(0, seconds * 0.97, step)
    ]


def parts(timeline: list[Segment]) -> list[Segment]:
    """Cut a timeline of more than :data:`PARTS` segments into so many parts, each of the genre that is most of it.

    Parameters
    ----------
    timeline : list of Segment
        Of a :class:`components.serving.prediction.Prediction`.

    Returns
    -------
    list of Segment
        As ``timeline``; the probability of a part is the sum of its genre's, by the number of its segments.
    """
    if len(timeline) <= PARTS:
        return timeline
    found = []
    for some in np.array_split(np.arange(len(timeline)), PARTS):
        sums: Counter[str] = Counter()
        for at in some:
            sums[timeline[at].genre] += timeline[at].probability
        genre, most = sums.most_common(1)[0]
        found.append(Segment(timeline[some[0]].start, genre, most / len(some)))
    return found


def blocks(timeline: list[Segment], *, seconds: float) -> list[dict[str, Any]]:
    """Return a timeline as blocks from end to end of a song of so many seconds.

    Parameters
    ----------
    timeline : list of Segment
        Of a :class:`components.serving.prediction.Prediction`.
    seconds : float
        The song's length.

    Returns
    -------
    list of dict
        ``start``, ``stop`` (seconds), ``place``, ``width`` (percent), ``genre``, ``probability``.
    """
    timeline = parts(timeline)
    stops = [segment.start for segment in timeline[1:]] + [seconds]
    found: list[dict[str, Any]] = []
    for segment, stop in zip(timeline, stops, strict=True):
        last = found[-1] if found else None
        if last and len(timeline) > BLOCKS and last["genre"] == segment.genre:
            # Weighted by length, as if the joined segments were one.
            weights = last["stop"] - last["start"], stop - segment.start
            last["probability"] = np.average([last["probability"], segment.probability], weights=weights)
            last["stop"] = stop
        else:
            found.append({**asdict(segment), "stop": stop})
    for block in found:
        block["place"] = 100 * block["start"] / seconds
        block["width"] = 100 * (block["stop"] - block["start"]) / seconds
    return found
