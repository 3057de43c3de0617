"""What was heard, as HTML: numbers and places are worked out here, words and tags stand in result.html."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from humanize import natural_list

from components.core import formatting
from components.page.listening import Heard, Opinion
from components.tracking.ui import VIEW

if TYPE_CHECKING:
    from jinja2 import Template

#: Blocks of a timeline; more would be thinner than three pixels, so neighbours of one genre are joined.
BLOCKS = 80
#: Blocks of a timeline that are wide enough to bear their genre's name in a window of 1280 pixels, and of 1024; more
#: get a legend.
NAMED, ROOMY = 14, 10
#: Where a tick may lie, in seconds.
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600)
#: Degrees round the colour circle from one genre to the next: neighbours in label order stay far apart, and
#: ten are spread evenly.
TURN = 108
#: Where `genre mlflow-ui` listens.
MLFLOW = "http://127.0.0.1:5000"


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # Autoescape: names of genres come from folders.
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda share: f"{100 * share:.0f} %"
    return environment.get_template("result.html")


def result(heard: Heard) -> str:
    """Lay out what was said of a song.

    Parameters
    ----------
    heard : Heard
        From :meth:`components.page.listening.Panel.hear`.

    Returns
    -------
    str
        HTML; the first opinion is the verdict.
    """
    genres = list(dict.fromkeys(genre for opinion in heard.opinions for genre in opinion.probabilities))
    lanes = [_lane(opinion, seconds=heard.seconds) for opinion in heard.opinions]
    return _template().render(
        problem="",
        picture=heard.picture,
        seconds=heard.seconds,
        length=formatting.duration(heard.seconds),
        ticks=ticks(heard.seconds),
        verdict=lanes[0],
        lanes=lanes,
        most=max(len(lane["blocks"]) for lane in lanes),
        NAMED=NAMED,
        ROOMY=ROOMY,
        seen=dict.fromkeys(block["genre"] for lane in lanes for block in lane["blocks"]),
        agreement=agreement(heard.opinions),
        hues={genre: at * TURN % 360 for at, genre in enumerate(genres)},
    )


def problem(reason: str) -> str:
    """Say why there is no answer.

    Parameters
    ----------
    reason : str
        One sentence.

    Returns
    -------
    str
        HTML.
    """
    return _template().render(problem=reason)


def agreement(opinions: list[Opinion]) -> str:
    """Say in one sentence how far the models agree with the first of them.

    Parameters
    ----------
    opinions : list of Opinion
        At least one.

    Returns
    -------
    str
        Empty for one opinion.
    """
    first, *others = opinions
    if not others:
        return ""
    against: dict[str, list[str]] = {}
    for other in others:
        if other.genre != first.genre:
            against.setdefault(other.genre, []).append(other.choice.name)
    if not against:
        return f"All {len(opinions)} models agree."
    said = "; ".join(
        f"{natural_list(names)} {'says' if len(names) == 1 else 'say'} {genre}"
        for genre, names in against.items()
    )
    agreeing = len(opinions) - sum(len(names) for names in against.values())
    return f"{agreeing} of {len(opinions)} models say {first.genre}; {said}."


def ticks(seconds: float) -> list[dict[str, Any]]:
    """Place the marks of the time axis.

    Parameters
    ----------
    seconds : float
        The song's length.

    Returns
    -------
    list of dict
        ``place`` (percent from the left) and ``text`` (m:ss), at most seven.
    """
    step = next((step for step in STEPS if seconds / step <= 6), STEPS[-1])
    return [
        {"place": 100 * at / seconds, "text": f"{int(at) // 60}:{int(at) % 60:02d}"}
        for at in np.arange(0, seconds * 0.97, step)
    ]


def blocks(timeline: list[dict[str, Any]], *, seconds: float) -> list[dict[str, Any]]:
    """Turn a timeline into blocks.

    Parameters
    ----------
    timeline : list of dict
        ``start``, ``genre``, ``probability`` of each segment.
    seconds : float
        The song's length.

    Returns
    -------
    list of dict
        ``start``, ``stop`` (seconds), ``place``, ``width`` (percent), ``genre``, ``probability``; end to end.
    """
    stops = [moment["start"] for moment in timeline[1:]] + [seconds]
    found: list[dict[str, Any]] = []
    for moment, stop in zip(timeline, stops, strict=True):
        last = found[-1] if found else None
        if last and len(timeline) > BLOCKS and last["genre"] == moment["genre"]:
            # Weighted by length, as if the joined segments were one.
            before, own = last["stop"] - last["start"], stop - moment["start"]
            last["probability"] = (last["probability"] * before + moment["probability"] * own) / (
                before + own
            )
            last["stop"] = stop
        else:
            found.append({**moment, "stop": stop})
    for block in found:
        block["place"] = 100 * block["start"] / seconds
        block["width"] = 100 * (block["stop"] - block["start"]) / seconds
    return found


def _lane(opinion: Opinion, *, seconds: float) -> dict[str, Any]:
    choice = opinion.choice
    return {
        "name": choice.name,
        "version": choice.version,
        "uri": opinion.loaded.uri,
        "run_id": choice.run_id,
        "link": link(choice.experiment_id, choice.run_id, environment=os.environ),
        "marks": opinion.loaded.marks,
        "genre": opinion.genre,
        "probability": opinion.probabilities[opinion.genre],
        "bars": list(opinion.probabilities.items()),
        "blocks": blocks(opinion.timeline, seconds=seconds),
    }


def link(experiment_id: str, run_id: str, *, environment: Mapping[str, str]) -> str:
    """Give a run's address in MLflow.

    Parameters
    ----------
    experiment_id, run_id : str
        The run.
    environment : mapping
        A tracking server named by ``MLFLOW_TRACKING_URI`` is linked; otherwise the UI on loopback.

    Returns
    -------
    str
        Opens where that server is running.
    """
    server = environment.get("MLFLOW_TRACKING_URI", "")
    base = server.rstrip("/") if server.startswith(("http://", "https://")) else MLFLOW
    return f"{base}/#/experiments/{experiment_id}/runs/{run_id}{VIEW}"
