"""MLflow's pages of the training runs in a browser: the saved view, and models of one split beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components import tracking
from components.tracking import pages, ui, view
from components.tracking.store import TRAINING
from tests.support.servers import MLflow

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: Milliseconds for a page of MLflow's to be drawn on a busy machine.
LIMIT = 120_000
FIGURES = {"mlp": 0.75, "lstm": 0.5}
#: How far from them the ends of their interval are.
MARGIN = 0.125
EXPERIMENT = "slow"


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server whose training runs have one figure each, and the view."""
    server = MLflow(tmp_path / "server")
    server.start()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
    client = tracking.connect()
    experiment = client.create_experiment(TRAINING)
    for name, figure in FIGURES.items():
        run = client.create_run(experiment, run_name=name)
        client.log_metric(run.info.run_id, "test/song_accuracy", figure)
        client.log_metric(run.info.run_id, "test/song_accuracy_low", figure - MARGIN)
        client.log_metric(run.info.run_id, "test/song_accuracy_high", figure + MARGIN)
        client.set_tag(run.info.run_id, "dvc.experiment", EXPERIMENT)
        client.set_terminated(run.info.run_id)
    view.save(client, experiment)
    yield f"{server.address}/#/experiments/{experiment}/runs{pages.TRAINING}{ui.CHARTS}"
    server.stop()


def test_the_saved_view_is_what_opens(browser: Any, address: str) -> None:
    context = browser.new_context(viewport={"width": 1500, "height": 950})
    context.set_default_timeout(LIMIT)
    tab = context.new_page()
    faults: list[str] = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.goto(address)
    # The view is named, and its charts have each run's bar.
    tab.get_by_role("button", name=view.NAME).first.wait_for()
    for figure in FIGURES.values():
        tab.get_by_text(f"{figure:.2f}", exact=True).first.wait_for()
    # Both ends of the interval beside them, each by its title.
    titles = [tab.get_by_text(title, exact=True).first.bounding_box() for _, _, title in view.CHARTS[:3]]
    assert len({box["y"] for box in titles}) == 1
    assert [box["x"] for box in titles] == sorted({box["x"] for box in titles})
    for name in FIGURES:
        assert tab.get_by_role("link", name=name, exact=True).count()
    tab.set_viewport_size({"width": 3000, "height": 950})
    tab.goto(address.replace("compareRunsMode=CHART", "compareRunsMode=TABLE"))
    tab.get_by_text(EXPERIMENT, exact=True).first.wait_for()
    assert not faults
    context.close()
