"""Runs of an experiment: begun, filled, ended, and found again by what they were logged from."""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.core import dvc_experiment, lineage, processes
from components.tracking import heartbeat, keys, store

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities import DatasetInput, Run

    from components.tracking import reader

#: Tag that holds the hash of what a run was logged from.
IDENTITY = "genre.identity"
#: Tag whose text MLflow shows as a run's description.
NOTE = "mlflow.note.content"
#: Tags that name the process which writes to a run, and its machine.
PROCESS, HOST = "genre.process", "genre.host"
#: MLflow takes at most so many metrics in one batch (REST API, runs/log-batch).
BATCH = 1000


class Runs:
    """The runs of one experiment in MLflow's store.

    Parameters
    ----------
    experiment : str
        A key of :data:`components.tracking.store.EXPERIMENTS`; made where missing.
    """

    def __init__(self, experiment: str) -> None:
        self.client = store.connect()
        self.experiment_id = store.experiment(self.client, experiment)

    def find(self, identity: str) -> str | None:
        """Find the finished run logged from files of a hash; delete what killed or failed attempts left.

        Returns
        -------
        str or None
            The run's id, if there is one; of several the one that was finished first.
        """
        for run in self._search("attributes.status = 'RUNNING'"):
            if run.data.tags.get(PROCESS) != processes.own() and abandoned(run):
                self.discard(run)
        finished = []
        for run in self._search(f"tags.`{IDENTITY}` = '{identity}'"):
            if run.info.status == "FINISHED":
                finished.append((run.info.end_time, run.info.run_id))
            elif abandoned(run):
                self.discard(run)
        return str(min(finished)[1]) if finished else None

    def _search(self, condition: str) -> list[Run]:
        return list(self.client.search_runs([self.experiment_id], filter_string=condition))

    @contextmanager
    def open(self, name: str, *, tags: Mapping[str, str], **more: Any) -> Iterator[str]:
        """Create a run, as :meth:`begin` does, and give signs of life for it until the block ends.

        The block ends the run: by :meth:`finish`, or by the client. Where it fails, the run is left as it is: it is
        deleted before it is logged again.

        Yields
        ------
        str
            The run's id.
        """
        run_id = self.begin(name, tags=tags, **more)

        def renew() -> None:
            self.client.set_tag(run_id, heartbeat.TAG, heartbeat.now())

        with heartbeat.beating(renew, every=heartbeat.INTERVAL):
            yield run_id

    def begin(
        self,
        name: str,
        *,
        tags: Mapping[str, str],
        identity: str = "",
        parent: str = "",
        seconds: float = 0.0,
        params: Mapping[str, Any] | None = None,
        metrics: Mapping[str, float] | None = None,
        history: pd.DataFrame | None = None,
    ) -> str:
        """Create a run that goes on.

        Parameters
        ----------
        name : str
            What to call it.
        tags : mapping
            Its tags.
        identity : str
            Hash of the files that it is logged from.
        parent : str
            Run it belongs under.
        seconds : float
            How long it took.
        params, metrics : mapping, optional
            Its hyperparameters and settings, and its figures: by any name, see :mod:`components.tracking.keys`.
        history : DataFrame, optional
            Figures by ``epoch``, logged as curves.

        Returns
        -------
        str
            The run's id.
        """
        from mlflow.entities import Metric, Param

        own = {PROCESS: processes.own(), HOST: platform.node(), heartbeat.TAG: heartbeat.now()}
        own |= {**source_tags(), **dvc_experiment.tags(), **tags}
        own |= {"mlflow.source.name": "genre", "mlflow.source.type": "PROJECT"}
        optional = {IDENTITY: identity, "mlflow.parentRunId": parent}
        own |= {key: value for key, value in optional.items() if value}
        began = int((time.time() - seconds) * 1000)
        run = self.client.create_run(self.experiment_id, start_time=began, run_name=name, tags=own)
        run_id = str(run.info.run_id)
        now = int(time.time() * 1000)
        points = [Metric(keys.metric(name), float(value), now, 0) for name, value in (metrics or {}).items()]
        if history is not None:
            points += [
                Metric(keys.metric(f"{keys.CURVES}.{column}"), float(value), now, int(epoch))
                for column in history.columns.drop("epoch")
                for epoch, value in zip(history["epoch"], history[column], strict=True)
            ]
        settings = [Param(keys.param(name), str(value)) for name, value in (params or {}).items()]
        self.client.log_batch(run_id, params=settings)
        for start in range(0, len(points), BATCH):
            self.client.log_batch(run_id, metrics=points[start : start + BATCH])
        return run_id

    def measure(
        self, run_id: str, figures: Mapping[str, float], *, model_id: str | None, dataset: DatasetInput
    ) -> None:
        """Log figures of a model on a dataset: they stand on the run's page and on the logged model's.

        Parameters
        ----------
        run_id : str
            The run.
        figures : mapping
            By any name, see :mod:`components.tracking.keys`.
        model_id : str, optional
            The logged model.
        dataset : DatasetInput
            What it was measured on.
        """
        from mlflow.entities import Metric

        about = {
            "model_id": model_id,
            "dataset_name": dataset.dataset.name,
            "dataset_digest": dataset.dataset.digest,
            "run_id": run_id,
        }
        now = int(time.time() * 1000)
        points = [Metric(keys.metric(name), float(value), now, 0, **about) for name, value in figures.items()]
        for start in range(0, len(points), BATCH):
            self.client.log_batch(run_id, metrics=points[start : start + BATCH])

    def finish(self, run_id: str, *, identity: str) -> str:
        """End a run; where another workspace has finished one from equal files meanwhile, that one stays.

        Returns
        -------
        str
            Id of the run that stays.
        """
        self.client.set_terminated(run_id)
        first = self.find(identity) or run_id
        if first != run_id:
            self.discard(self.client.get_run(run_id))
        return first

    def discard(self, run: Run) -> None:
        """Delete a run, the runs below it, the model it logged, and their files where they lie on this machine."""
        client, run_id = self.client, run.info.run_id
        if client.get_run(run_id).info.lifecycle_stage != "active":
            return  # taken away with the run above it
        for below in self._search(f"tags.`mlflow.parentRunId` = '{run_id}'"):
            self.discard(below)
        where = [self.experiment_id]
        for model in client.search_logged_models(where, filter_string=f"source_run_id = '{run_id}'"):
            client.delete_logged_model(model.model_id)
            _remove(model.artifact_location)
        if run.info.status in ("RUNNING", "SCHEDULED"):
            client.set_terminated(run_id, status="KILLED")
        client.delete_run(run_id)
        _remove(run.info.artifact_uri)


def abandoned(run: Run | reader.Run) -> bool:
    """Return whether no process writes to a run any more: of this machine by its process, else by its heartbeat."""
    if run.info.status in ("FAILED", "KILLED"):
        return True
    if run.data.tags.get(HOST) != platform.node():
        return heartbeat.lost(run.data.tags)
    mark = run.data.tags.get(PROCESS, "")
    return mark == processes.own() or not processes.alive(mark)


def _remove(address: str) -> None:
    from mlflow.utils.file_utils import local_file_uri_to_path

    # A server keeps its artifacts itself: `mlflow gc` there removes those of deleted runs.
    if address.startswith("file:"):
        shutil.rmtree(local_file_uri_to_path(address), ignore_errors=True)


def source_tags() -> dict[str, str]:
    """Return the git commit of the code that this process began with, and whether files differed, as tags."""
    return dict(_source_tags(Path.cwd()))


@lru_cache(maxsize=4)
def _source_tags(root: Path) -> dict[str, str]:
    commit, changed = lineage.commit(root)
    if not commit:
        return {}
    return {"mlflow.source.git.commit": commit, "genre.uncommitted_code": str(changed).lower()}
