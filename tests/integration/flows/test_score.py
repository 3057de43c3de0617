"""The flow that scores a folder, on a Prefect server: its artifacts, and one event where the songs drift away."""

from __future__ import annotations

from typing import Any

import pytest

from components.config import params
from components.serving import batch_score
from tests.unit.flows.test_score import scored


class TestTheFlow:
    @pytest.fixture
    def run(self, server: None, tmp_path, monkeypatch):
        """Run the flow on a given drift; returns the events sent."""
        from flows import score as flow

        events: list[dict[str, Any]] = []
        monkeypatch.setattr(params, "load", lambda: None)
        monkeypatch.setattr(flow, "emit_event", lambda **event: events.append(event))

        def run(share: float | None) -> list[dict[str, Any]]:
            monkeypatch.setattr(batch_score, "run", lambda *_, **__: scored(tmp_path / "scores", share=share))
            state = flow.score("in", return_state=True)
            assert state.is_completed(), state.message
            assert "2 songs scored" in str(state.message)
            return events

        return run

    def test_an_event_is_sent_once_until_it_has_passed(self, run):
        assert len(run(0.2)) == 0
        (event,) = run(0.8)
        assert event["payload"]["share"] == 0.8
        assert len(run(0.9)) == 1
        assert len(run(0.1)) == 1
        assert len(run(0.6)) == 2

    def test_it_leaves_a_table_and_a_page(self, run):
        from prefect.artifacts import Artifact

        run(None)
        assert "Drift: not known" in str(Artifact.get("scores").data)
        assert "jazz" in str(Artifact.get("genre-shares").data)
