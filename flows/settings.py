"""Settings of a machine, which change no result: ``GENRE_*`` environment variables."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from components import models
from components.config import variables
from components.core import devices
from components.core.errors import ParamsError
from components.parallel import cluster as dask

#: More stages than this at once were never of use: each holds about 0.7 GB once TensorFlow is imported.
MOST_STAGES = 2
#: Of the presets' models, those whose search and fit take longest, the longest first.
LONGEST = ("lstm", "yamnet_lstm", "cnn_1d", "yamnet")


def _names(value: object) -> object:
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


class FlowSettings(BaseSettings):
    """How the flow runs on this machine. Each field is read from ``GENRE_<FIELD>``.

    Attributes
    ----------
    concurrency : int
        Stages that run side by side, 1 to 64; by default as many as cores, and a GPU's memory, allow: 1 or 2.
    first : tuple of str
        Models, separated by commas, whose searches and fits begin in this order, before other stages that could: the
        longest ones, so that none of them runs on alone at the end. A model's file that no model here has is passed
        over.
    retries : int
        Times a failed tuning or training is tried again, 0 to 10.
    retry_delay : float
        Seconds between two tries, 0 to 3600.
    wait : float
        Seconds a second flow in the same workspace waits for the first before it gives up, 0 or more.
    cluster : str
        Address of a Dask scheduler, ``tcp://HOST:PORT``, whose workers do what is parallel within a stage; '' for this
        machine. Stages read the variable themselves: :func:`components.parallel.cluster.address`.
    pages : str
        Address under which the project's ``data`` is served, ``http://HOST:PORT``, for links in Prefect's artifacts;
        '' for none: they name the files.
    deployments : dict of str to str
        Prefect deployments that run stages on other machines, by stage, or by model for its search and its fit. JSON.
    """

    model_config = SettingsConfigDict(env_prefix="GENRE_", frozen=True, extra="ignore", allow_inf_nan=False)

    concurrency: Annotated[int, Field(ge=1, le=64)] = Field(
        default_factory=lambda: devices.stages_at_once(most=MOST_STAGES)
    )
    first: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)] = LONGEST
    retries: Annotated[int, Field(ge=0, le=10)] = 1
    retry_delay: Annotated[float, Field(ge=0.0, le=3600.0)] = 5.0
    wait: Annotated[float, Field(ge=0.0)] = 15.0
    cluster: Annotated[str, AfterValidator(dask.check)] = ""
    pages: Annotated[str, Field(pattern=r"^(https?://\S+)?$", description="http://HOST:PORT")] = ""
    deployments: Annotated[
        dict[str, Annotated[str, Field(pattern=r"^[^/]+/[^/]+$")]],
        Field(description='JSON of FLOW/DEPLOYMENT by stage or model, such as {"vgg16": "stage/gpu"}'),
    ] = Field(default_factory=dict)

    def deployment(self, stage: str) -> str | None:
        """Return the deployment that runs a stage; None where it runs here."""
        kind, _, model = stage.partition("@")
        return self.deployments.get(stage) or (
            self.deployments.get(model) if kind in ("tune", "train") else None
        )

    def check_deployments(self, stages: Collection[str]) -> None:
        """Make sure that the deployments are for stages, or models, that there are.

        Raises
        ------
        ParamsError
            If one is not.
        """
        known = _models(stages)
        for name in self.deployments:
            if name not in known and name not in stages:
                raise ParamsError(
                    f"GENRE_DEPLOYMENTS names {name!r}, which is no stage and no model; valid: "
                    f"{', '.join(sorted(known))}, or a stage of dvc.yaml"
                )

    def check_first(self, stages: Collection[str]) -> None:
        """Make sure that the models that begin first are those of the pipeline's stages, or have a file.

        Raises
        ------
        ParamsError
            If one is not.
        """
        known = _models(stages)
        for name in self.first:
            if name not in known and name not in models.names():
                raise ParamsError(
                    f"GENRE_FIRST names {name!r}, which is no model; valid: {', '.join(sorted(known))}"
                )


def _models(stages: Collection[str]) -> set[str]:
    """Return the models that a pipeline's stages tune and train."""
    return {stage.partition("@")[2] for stage in stages if stage.startswith(("tune@", "train@"))}


def load() -> FlowSettings:
    """Read the settings from the environment.

    Raises
    ------
    ParamsError
        If a variable is not of its type or range; the message names it as ``GENRE_<FIELD>``.
    """
    return variables.read(FlowSettings)


def misspelt() -> list[str]:
    """Return a line for each ``GENRE_*`` variable that is no setting, but named almost as one.

    Others are left alone: a program beside this one may have a ``GENRE_…`` of its own. ``genre serve`` itself refuses
    those that begin as its own.
    """
    given = [name for name in os.environ if re.match(r"GENRE_(?!SERVE_)", name.upper())]
    if not given:
        return []
    from components.core import progress
    from components.corpus import locations
    from components.http.settings import ServeSettings
    from flows.process import preloaded

    known = [*variables.names(FlowSettings), *variables.names(ServeSettings)]
    known += [locations.CACHE, progress.MESSAGES, progress.VERBOSE, preloaded.ADDRESS]
    return variables.misspelt(given, known=known)
