"""A run's page is at the server of the store, or where `genre mlflow-ui` opens; no address holds a password."""

from __future__ import annotations

import pytest

from components.tracking import pages


@pytest.mark.parametrize(
    ("store", "base"),
    [
        ("", "http://127.0.0.1:5000"),
        ("sqlite:///x.db", "http://127.0.0.1:5000"),
        ("https://mlflow:5000/", "https://mlflow:5000"),
        ("https://me:secret@mlflow/sub/", "https://mlflow/sub"),
        ("http://me:se@cret@[::1]:5000", "http://[::1]:5000"),
        ("postgresql+psycopg://me:secret@host/db", "http://127.0.0.1:5000"),
    ],
)
def test_a_run_is_found_where_its_store_is_shown(
    monkeypatch: pytest.MonkeyPatch, store: str, base: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    assert pages.run("7", "ab") == f"{base}/#/experiments/7/runs/ab?workflowType=machine_learning"
