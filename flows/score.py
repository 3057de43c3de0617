"""Score a watched folder with the champion; an event where its songs have drifted from those of the training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event
from prefect.runtime import flow_run
from prefect.states import Completed, State

from components import atomic, watched_folder
from components.watched_folder import Scored
from flows import score_artifacts

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
        See :func:`components.voices.address`.
    window : int
        Songs that drift is measured over.

    Returns
    -------
    Scored
        What was done.
    """
    from components import params

    logger = get_run_logger()
    return watched_folder.run(
        Path(folder), params=params.load(), model=model, window=window, tell=logger.info
    )


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
    score_artifacts.check(threshold=threshold, window=window)
    logger = get_run_logger()
    scored = hear_task(folder, model=model, window=window)
    said = score_artifacts.sentence(scored, folder=folder)
    logger.info(said)
    if scored.model:
        create_table_artifact(
            score_artifacts.shares(scored),
            key="genre-shares",
            description="Songs by genre; files that cannot be heard",
        )
        create_markdown_artifact(
            score_artifacts.markdown(scored, folder=folder, threshold=threshold),
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
