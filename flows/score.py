"""Scoring of a watched folder with the champion; an event where its songs have drifted from those of the training."""

from __future__ import annotations

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
from components.core.formatting import plural
from components.serving import batch_score, drift
from components.serving.batch_score import Scored
from components.serving.drift import Drift

#: What the automation in ``prefect.yaml`` waits for.
EVENT = "genre.features.drifted"
#: Noted once the event was sent, so that one rise above the threshold starts one training, not one an hour.
SENT = "_drift_event.json"


@task(name="score-songs", task_run_name="score {folder}", cache_policy=NO_CACHE)
def score_task(folder: str, *, model: str | None, window: int) -> Scored:
    """Score what is new; see :func:`components.serving.batch_score.run`."""
    from components.config import params

    logger = get_run_logger()
    return batch_score.run(Path(folder), params=params.load(), model=model, window=window, to=logger.info)


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
        Share of the model's watched feature columns, above 0 to 1, from which drift is sent as an event.
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
    scored = score_task(folder, model=model, window=window)
    done = summary(scored, folder=folder)
    get_run_logger().info(done)
    if scored.model:
        about = "Songs by genre; files that cannot be decoded"
        create_table_artifact(genre_table(scored), key="genre-shares", description=about)
        text = page(scored, folder=folder, threshold=threshold)
        about = "The champion's predictions, and how far the songs have drifted"
        create_markdown_artifact(text, key="scores", description=about)
    if scored.drift:
        _send_event(scored, scored.drift, folder=folder, threshold=threshold)
    return Completed(message=done)


def _send_event(scored: Scored, found: Drift, *, folder: str, threshold: float) -> None:
    above, sent = found.share >= threshold, scored.scores / SENT
    if not above:
        sent.unlink(missing_ok=True)
    elif not sent.exists():
        version = scored.uri.removeprefix("models:/").replace("/", ".")
        run = {"prefect.resource.id": f"prefect.flow-run.{flow_run.id}", "prefect.resource.role": "flow-run"}
        emit_event(
            event=EVENT,
            resource={
                "prefect.resource.id": f"genre.model.{version}",
                "prefect.resource.name": f"{scored.model}, {scored.uri}",
            },
            related=[run],
            payload={
                "folder": folder,
                "threshold": threshold,
                "share": found.share,
                "songs": found.songs,
            },
        )
        atomic.write_json(sent, {"share": found.share, "threshold": threshold})
        get_run_logger().warning("drift is above the threshold: event %s", EVENT)


def check(*, threshold: float, window: int) -> None:
    """Refuse settings that could never or always raise the alarm.

    Raises
    ------
    ParamsError
        If one is out of its range.
    """
    if not 0 < threshold <= 1:
        raise ParamsError(f"--threshold is {threshold}; valid: above 0, at most 1")
    if window < 1:
        raise ParamsError(f"--window is {window}; valid: 1 song or more")


def undecoded(scored: Scored) -> dict[str, str]:
    """Return the files of this run that could not be decoded, each with the reason."""
    found = dict(scored.unread)
    if len(scored.fresh):
        bad = scored.fresh[scored.fresh["reason"] != ""]
        found |= dict(zip(bad["file"], bad["reason"], strict=True))
    return found


def summary(scored: Scored, *, folder: str) -> str:
    """Summarise a run in one line, for its page and the terminal."""
    if not scored.model and not scored.unread:
        return f"{folder} holds no song"
    bad = undecoded(scored)
    good = len(scored.fresh) - (len(bad) - len(scored.unread))
    line = f"{scored.model}: {plural(good, 'song')} scored, {scored.known} scored before"
    line += (
        f", {'1 copy' if scored.copies == 1 else f'{scored.copies} copies'} of others"
        if scored.copies
        else ""
    )
    line += f", {len(bad)} could not be decoded" if bad else ""
    return line + (f"; {_drifted(scored.drift)}" if scored.drift else "")


def _drifted(found: Drift) -> str:
    return (
        f"{found.share:.0%} of the watched columns have drifted "
        f"({found.songs} songs against {found.reference} of the training)"
    )


def genre_table(scored: Scored) -> list[dict[str, Any]]:
    """Lay out songs by genre: of this run, and of the newest songs; then each file that could not be decoded."""
    fresh, newest = scored.genres, scored.drift.genres if scored.drift else {}
    rows: list[dict[str, Any]] = [
        {
            "genre": genre,
            "songs": fresh.get(genre, 0),
            "share": round(fresh.get(genre, 0) / max(sum(fresh.values()), 1), 3),
            "newest songs": newest.get(genre, 0),
            "newest share": round(newest.get(genre, 0) / max(sum(newest.values()), 1), 3),
        }
        for genre in dict.fromkeys([*fresh, *newest])
    ]
    return rows + [{"file": file, "reason": reason} for file, reason in undecoded(scored).items()]


def terminal(scored: Scored, *, folder: str, threshold: float) -> str:
    """Write a run's result for a terminal: a line a genre, a line a file not decoded, and what was done."""
    lines = [f"{songs:6}  {genre}" for genre, songs in scored.genres.items()]
    lines += [f"     -  {file}: {reason}" for file, reason in undecoded(scored).items()]
    lines.append(summary(scored, folder=folder))
    if scored.drift and scored.drift.share >= threshold:
        lines.append(f"drift is above {threshold:.0%}: put labelled songs into the corpus, then `genre run`")
    if scored.model:
        lines.append(f"predictions: {scored.scores}")
    return "\n".join(lines)


def page(scored: Scored, *, folder: str, threshold: float) -> str:
    """Write a run's result as Markdown."""
    from components.reporting.environment import environment

    return (
        environment(Path(__file__).parent)
        .get_template("score.md")
        .render(
            folder=folder,
            summary=summary(scored, folder=folder),
            scored=scored,
            drifted=_drifted(scored.drift) if scored.drift else "",
            threshold=threshold,
            distance=drift.DISTANCE,
            false_share=drift.FALSE_SHARE,
        )
        .rstrip()
    )
