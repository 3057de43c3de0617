"""The view that MLflow's page of the training runs opens with: a saved one, as *Views > Save as new view* makes it."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow import MlflowClient

#: Name of the view, and its key in the address of the page.
NAME, KEY = "Models side by side", "models-side-by-side"
#: Tag of an experiment that holds a view (``MLFLOW_SHARED_VIEW_STATE_PREFIX`` in MLflow's page).
TAG = f"mlflow.sharedViewState.{KEY}"
#: Key of the picture of a run's confused songs.
CONFUSION = "confusion"
#: Columns of the table, in order.
COLUMNS = (
    "metrics.`validation/song_accuracy`",
    "metrics.`test/song_accuracy`",
    "metrics.`test/song_accuracy_low`",
    "metrics.`test/song_accuracy_high`",
    "metrics.`test/macro_f1`",
    "tags.`artists`",
    "metrics.`time/seconds`",
    "metrics.`size/parameters`",
    "metrics.`size/file_mib`",
    "tags.`dvc.experiment`",
)
#: Charts of the first section, three in a row: type, key of the metric or the picture, and title. MLflow draws no
#: interval at a bar, so its ends have bars of their own. Titles are cut after ten letters where the window is narrow.
CHARTS = (
    ("BAR", "test/song_accuracy_low", "test low"),
    ("BAR", "test/song_accuracy", "test songs"),
    ("BAR", "test/song_accuracy_high", "test high"),
    ("LINE", "epoch/val_accuracy", ""),
    ("IMAGE", CONFUSION, ""),
    ("BAR", "test/macro_f1", "macro F1"),
    ("BAR", "validation/song_accuracy", "validation"),
)
#: Further sections, in order: the page fills them with the metrics of that name.
SECTIONS = (
    "test",
    "validation",
    "test/recall",
    "validation/recall",
    "train",
    "epoch",
    "time",
    "size",
    "songs",
)


def state() -> dict[str, Any]:
    """Return what the page is to show."""
    sections = [{"uuid": NAME, "name": NAME, "display": True}]
    sections += [{"uuid": name, "name": name, "display": name == "test"} for name in SECTIONS]
    shown = {"isReordered": False, "deleted": False, "isGenerated": False}
    return {
        "searchFilter": "",
        "orderByKey": COLUMNS[0],
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "modelVersionFilter": "All Runs",
        "datasetsFilter": [],
        "selectedColumns": list(COLUMNS),
        "columnOrder": list(COLUMNS),
        # Pixels: three columns begin alike, and would be cut alike.
        "columnWidths": {column: 8 * len(column.split("`")[1]) + 20 for column in COLUMNS},
        "runsHiddenMode": "FIRST_20_RUNS",
        "isAccordionReordered": True,
        "compareRunSections": [{**shown, **section} for section in sections],
        "compareRunCharts": [_chart(*chart) for chart in CHARTS],
    }


def _chart(kind: str, key: str, title: str) -> dict[str, Any]:
    shown = {
        "uuid": f"{kind} {key}",
        "type": kind,
        "deleted": False,
        "isGenerated": False,
        "metricSectionId": NAME,
        "runsCountToCompare": 20,
    }
    if kind == "IMAGE":
        return {**shown, "imageKeys": [key], "step": 0, "showRunParams": False}
    if kind == "LINE":
        axes = {"xAxisKey": "step", "xAxisScaleType": "linear", "scaleType": "linear", "lineSmoothness": 0}
        return {**shown, **axes, "metricKey": key, "selectedMetricKeys": [key], "useGlobalXaxisKey": True}
    # The page of runs shows no ``displayName``. It heads a bar chart with the name of its metric, which may differ from
    # the key of the figures, as for metrics of a dataset.
    return {**shown, "metricKey": title, "dataAccessKey": key}


def saved() -> str:
    """Return the value of :data:`TAG`: short enough for the 5,000 characters of a database's column."""
    compressed = base64.b64encode(zlib.compress(json.dumps(state()).encode(), 9)).decode()
    document = {"name": NAME, "createdAt": 0, "updatedAt": 0, "state": f"deflate;{compressed}"}
    return json.dumps(document)


def save(client: MlflowClient, experiment_id: str) -> None:
    """Save the view on an experiment, unless it is there."""
    tags = client.get_experiment(experiment_id).tags
    if tags.get(TAG) != (value := saved()):
        client.set_experiment_tag(experiment_id, TAG, value)
