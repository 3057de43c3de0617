"""The flow that scores a folder: its artifacts, and one event where the songs drift away; the shipped automation."""

from __future__ import annotations

import fnmatch
import importlib
import inspect
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from components.core.errors import ParamsError
from components.serving.batch_score import Scored
from components.serving.drift import ColumnDrift, Drift
from flows import score
from tests.conftest import PROJECT


def scored(folder: Path, *, share: float | None = 0.8) -> Scored:
    """Two good songs and a bad one."""
    fresh = pd.DataFrame(
        {"file": ["a", "b", "c"], "genre": ["jazz", "jazz", ""], "reason": ["", "", "empty file"]}
    )
    column = ColumnDrift(column="tempo", distance=0.9, p=1e-9, drifted=True)
    drift = share and Drift(
        share=share, songs=9, reference=50, columns=[column], genres={"rock": 3, "jazz": 6}
    )
    folder.mkdir(exist_ok=True)
    return Scored("mlp", "models:/genre/3", folder, fresh, 4, {"d": "Permission denied"}, drift or None)


class TestWhatIsRead:
    def test_a_line(self, tmp_path):
        line = score.summary(scored(tmp_path), folder="in")
        assert line == (
            "mlp: 2 songs scored, 4 scored before, 2 could not be decoded; "
            "80% of the watched columns have drifted (9 songs against 50 of the training)"
        )

    def test_a_table_of_genres_and_faults(self, tmp_path):
        jazz, rock, bad, closed = score.genre_table(scored(tmp_path))
        assert jazz == {"genre": "jazz", "songs": 2, "share": 1.0, "newest songs": 6, "newest share": 0.667}
        assert rock["newest share"] == 0.333
        assert {bad["file"], closed["file"]} == {"c", "d"}

    @pytest.mark.parametrize(("share", "word"), [(0.8, "above"), (0.2, "below")])
    def test_a_page(self, tmp_path, share, word):
        page = score.page(scored(tmp_path, share=share), folder="in", threshold=0.5)
        assert f"{word} the threshold of 50%" in page
        assert "| tempo | 0.90 | 1e-09 | yes |" in page

    def test_a_page_without_a_reference(self, tmp_path):
        page = score.page(scored(tmp_path, share=None), folder="in", threshold=0.5)
        assert "Drift: not known" in page

    def test_an_empty_folder(self, tmp_path):
        assert score.summary(Scored("", "", tmp_path), folder="in") == "in holds no song"

    @pytest.mark.parametrize("bad", [{"threshold": 0.0}, {"threshold": 1.5}, {"window": 0}])
    def test_settings_out_of_range(self, bad):
        with pytest.raises(ParamsError, match="valid"):
            score.check(**({"threshold": 0.5, "window": 1} | bad))


class TestTheShippedDeployments:
    deployments = yaml.safe_load((PROJECT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]

    @pytest.mark.parametrize("deployment", deployments, ids=lambda one: one["name"])
    def test_entry_point_and_parameters_exist(self, deployment):
        path, name = deployment["entrypoint"].split(":")
        flow = getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)
        assert set(deployment["parameters"]) <= set(inspect.signature(flow.fn).parameters)

    def test_the_automation_waits_for_the_event_that_is_sent(self, tmp_path, monkeypatch):
        from prefect.events import DeploymentTriggerTypes
        from pydantic import TypeAdapter

        from flows import score as flow

        sent: list[dict[str, Any]] = []
        monkeypatch.setattr(flow, "emit_event", lambda **event: sent.append(event))
        monkeypatch.setattr(flow, "get_run_logger", lambda: __import__("logging").getLogger())
        found = scored(tmp_path)
        flow._send_event(found, found.drift, folder="in", threshold=0.5)
        (spec,) = next(one for one in self.deployments if one["name"] == "experiment")["triggers"]
        trigger = TypeAdapter(DeploymentTriggerTypes).validate_python(spec)
        assert trigger.expect == {sent[0]["event"]}
        (pattern,) = trigger.match.root.values()
        assert fnmatch.fnmatch(sent[0]["resource"]["prefect.resource.id"], pattern)
