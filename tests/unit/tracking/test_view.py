"""The saved view: in the form of MLflow's page, short enough for its databases, and of figures that are logged."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path

from components import tracking
from components.tracking import store, view

#: ``SqlExperimentTag.value``, in characters.
LONGEST = 5000


def test_its_state_is_compressed_as_the_page_compresses_it() -> None:
    document = json.loads(view.saved())
    scheme, _, text = document["state"].partition(";")
    assert scheme == "deflate"
    assert json.loads(zlib.decompress(base64.b64decode(text))) == view.state()
    assert len(view.saved()) <= LONGEST


def test_every_chart_is_in_a_section_that_there_is() -> None:
    state = view.state()
    sections = {section["uuid"] for section in state["compareRunSections"]}
    assert {chart["metricSectionId"] for chart in state["compareRunCharts"]} <= sections


def test_it_is_saved_on_the_experiment_once(workspace: Path) -> None:
    client = tracking.connect()
    experiment = store.experiment(client, store.TRAINING)
    view.save(client, experiment)
    view.save(client, experiment)
    assert client.get_experiment(experiment).tags[view.TAG] == view.saved()
