"""Score a watched folder with the champion; an event where its songs have drifted from those of the training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event
from prefect.runtime import flow_run
from prefect.states import Completed, State

from components.core import atomic
from components.core.errors import ParamsError
from components.serving import batch_score, drift
from components.serving.batch_score import Scored

#: What the automation in ``prefect.yaml`` waits for.
EVENT = "genre.features.drifted"
#: Whether the last event was sent, so that one rise above the threshold starts one training, not one an hour.
TOLD = "_told.json"


@task(name="hear", task_run_name="hear {folder}", cache_policy=NO_CACHE)
def hear_task(folder: str, *, model: str | None, window: int) -> Scored:
    """Score what is new.

    Parameters
    ----------
    folder : str
        The watched folder.
    model : str or None
        See :func:`components.serving.load.address`.
    window : int
        Songs that drift is measured over.

    Returns
    -------
    Scored
        What was done.
    """
    from components.config import params

    logger = get_run_logger()
    return batch_score.run(Path(folder), params=params.load(), model=model, window=window, report=logger.info)


@flow(name="score", flow_run_name="score {folder}", persist_result=False)
def score(
    folder: str = "data/inbox", threshold: float = 0.5, window: int = 200, model: str | None = None
) -> State[Any]:
    """Score the songs that are new in a folder and measure their drift.

    Parameters
    ----------
    folder : str
        Searched at any depth.
    threshold : float
        Share of the model's watched feature columns, 0 to 1, from which drift is told as an event.
    window : int
        Songs, the newest, that drift is measured over.
    model : str, optional
        The champion by default.

    Returns
    -------
    State
        Completed, with what was done as its message.

    Raises
    ------
    GenreError
        If the folder or a model is not there.
    """
    check(threshold=threshold, window=window)
    logger = get_run_logger()
    scored = hear_task(folder, model=model, window=window)
    said = sentence(scored, folder=folder)
    logger.info(said)
    if scored.model:
        create_table_artifact(
            shares(scored),
            key="genre-shares",
            description="Songs by genre; files that cannot be heard",
        )
        create_markdown_artifact(
            markdown(scored, folder=folder, threshold=threshold),
            key="scores",
            description="What the champion said, and how far the songs have drifted",
        )
    if scored.drift:
        _tell(scored, folder=folder, threshold=threshold)
    return Completed(message=said)


def _tell(scored: Scored, *, folder: str, threshold: float) -> None:
    above, path = scored.drift["share"] >= threshold, scored.scores / TOLD
    if not above:
        path.unlink(missing_ok=True)
    elif not path.exists():
        version = scored.uri.removeprefix("models:/").replace("/", ".")
        emit_event(
            event=EVENT,
            resource={
                "prefect.resource.id": f"genre.model.{version}",
                "prefect.resource.name": f"{scored.model}, {scored.uri}",
            },
            related=[
                {
                    "prefect.resource.id": f"prefect.flow-run.{flow_run.id}",
                    "prefect.resource.role": "flow-run",
                }
            ],
            payload={
                "folder": folder,
                "share": scored.drift["share"],
                "threshold": threshold,
                "songs": scored.drift["songs"],
            },
        )
        atomic.write_json(path, {"share": scored.drift["share"], "threshold": threshold})
        get_run_logger().warning("drift is above the threshold: event %s", EVENT)


def check(*, threshold: float, window: int) -> None:
    """Refuse settings that could never or always raise the alarm.

    Parameters
    ----------
    threshold, window : float, int
        As of :func:`score`.

    Raises
    ------
    ParamsError
        If one is out of its range.
    """
    if not 0 < threshold <= 1:
        raise ParamsError(f"threshold is {threshold}; valid: above 0, at most 1")
    if window < 1:
        raise ParamsError(f"window is {window}; valid: 1 song or more")


def sentence(scored: Scored, *, folder: str) -> str:
    """Say in one line what a run did.

    Parameters
    ----------
    scored : Scored
        From :func:`components.serving.batch_score.run`.
    folder : str
        The watched folder.

    Returns
    -------
    str
        For the run's page and the terminal.
    """
    if not scored.model and not scored.unread:
        return f"{folder} holds no song"
    bad = faults(scored)
    good = len(scored.fresh) - (len(bad) - len(scored.unread))
    said = f"{scored.model}: {good} songs scored, {scored.known} known already"
    said += f", {len(bad)} could not be heard" if bad else ""
    return said + (f"; {share(scored.drift)}" if scored.drift else "")


def share(found: Mapping[str, Any]) -> str:
    """Say in words how far songs have drifted.

    Parameters
    ----------
    found : mapping
        :attr:`Scored.drift`.

    Returns
    -------
    str
        Without a full stop.
    """
    return (
        f"{found['share']:.0%} of the watched columns have drifted "
        f"({found['songs']} songs against {found['reference']} of the training)"
    )


def shares(scored: Scored) -> list[dict[str, Any]]:
    """Lay out songs by genre as a table.

    Parameters
    ----------
    scored : Scored
        From :func:`components.serving.batch_score.run`.

    Returns
    -------
    list of dict
        ``genre``, ``songs`` and ``share`` of this run, ``newest songs`` and ``newest share`` of the window; and
        each file that could not be heard, with its reason.
    """
    window = scored.drift.get("genres", {})
    rows: list[dict[str, Any]] = [
        {
            "genre": genre,
            "songs": scored.genres.get(genre, 0),
            "share": round(scored.genres.get(genre, 0) / max(sum(scored.genres.values()), 1), 3),
            "newest songs": window.get(genre, 0),
            "newest share": round(window.get(genre, 0) / max(sum(window.values()), 1), 3),
        }
        for genre in dict.fromkeys([*scored.genres, *window])
    ]
    return rows + [{"file": file, "reason": reason} for file, reason in faults(scored).items()]


def faults(scored: Scored) -> dict[str, str]:
    """Name the files of this run that could not be heard.

    Parameters
    ----------
    scored : Scored
        From :func:`components.serving.batch_score.run`.

    Returns
    -------
    dict of str to str
        The reason by file.
    """
    found = dict(scored.unread)
    if len(scored.fresh):
        bad = scored.fresh[scored.fresh["reason"] != ""]
        found |= dict(zip(bad["file"], bad["reason"], strict=True))
    return found


def text(scored: Scored, *, folder: str, threshold: float) -> str:
    """Write a run's result for a terminal.

    Parameters
    ----------
    scored : Scored
        From :func:`components.serving.batch_score.run`.
    folder : str
        The folder.
    threshold : float
        Share of drifted columns, 0 to 1, that calls for training.

    Returns
    -------
    str
        A line a genre, a line a file that could not be heard, and what was done.
    """
    lines = [f"{songs:6}  {genre}" for genre, songs in scored.genres.items()]
    lines += [f"     -  {file}: {reason}" for file, reason in faults(scored).items()]
    lines.append(sentence(scored, folder=folder))
    if scored.drift and scored.drift["share"] >= threshold:
        lines.append(f"drift is above {threshold:.0%}: put labelled songs into the corpus, then `genre run`")
    if scored.model:
        lines.append(f"answers: {scored.scores}")
    return "\n".join(lines)


def markdown(scored: Scored, *, folder: str, threshold: float) -> str:
    """Write a run's result as a page.

    Parameters
    ----------
    scored : Scored
        From :func:`components.serving.batch_score.run`.
    folder : str
        The watched folder.
    threshold : float
        From which drift is told.

    Returns
    -------
    str
        Markdown.
    """
    lines = [f"# {folder}", "", f"{sentence(scored, folder=folder)}.", ""]
    lines += [f"Champion: {scored.model}, {scored.uri}. Answers: `{scored.scores}`.", ""]
    if not scored.drift:
        return "\n".join([*lines, "Drift: not known; nothing was heard, or the model carries no reference."])
    above = "above" if scored.drift["share"] >= threshold else "below"
    lines += [
        "## Drift of what the model hears",
        "",
        f"{share(scored.drift)}, {above} the threshold of {threshold:.0%}. A column has drifted where the "
        "newest songs' distribution is both surely and considerably apart from the training's "
        f"(Kolmogorov-Smirnov distance of {drift.DISTANCE} or more, adjusted p below {drift.FALSE_SHARE}).",
        "",
        "| column | distance | p, adjusted | drifted |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {row['column']} | {row['distance']:.2f} | {row['p']:.2g} | {'yes' if row['drifted'] else 'no'} |"
        for row in scored.drift["columns"]
    ]
    return "\n".join(lines)
