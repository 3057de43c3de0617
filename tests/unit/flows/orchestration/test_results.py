"""Where a person reads what a run has made."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.orchestration import results


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "data" / "report").mkdir(parents=True)
    (tmp_path / "data" / "report" / "index.html").touch()
    return tmp_path


def test_pages_are_links_where_they_are_served_and_files_elsewhere(root: Path) -> None:
    assert (
        results.page("docs/a b.html", root=root, served="http://h:1/")
        == "[data/docs/a b.html](http://h:1/docs/a%20b.html)"
    )
    assert str(root / "data/report/index.html") in results.page("report/index.html", root=root, served="")
    assert "](" not in results.page("report/index.html", root=root, served="")


def test_only_pages_that_are_there_are_listed(root: Path) -> None:
    text = results.markdown({}, root=root, served="http://h:1")
    assert "Report: [" in text and "Data Docs" not in text


def test_runs_are_linked_at_the_server_or_where_the_ui_opens(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for server, base in (("", "http://127.0.0.1:5000"), ("https://me:secret@mlflow/", "https://mlflow")):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
        text = results.markdown({"mlp": ("7", "abcdefghij")}, root=root, served="")
        assert f"[abcdefgh]({base}/#/experiments/7/runs/abcdefghij?" in text
        assert "secret" not in text
        assert ("genre mlflow-ui" in text) == (server == "")
