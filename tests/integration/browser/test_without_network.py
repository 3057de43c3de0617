"""Every page that the project makes, opened where no name can be resolved: nothing is loaded, and none is empty."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.config.params import Params
from components.core.errors import ValidationError
from components.external_evaluation import page as evaluation_page
from components.stages import validate
from components.study import page as study_page
from tests.conftest import PROJECT
from tests.support import evaluated_models, finished_project
from tests.support.small_project import build_small_project
from tests.unit.study.workspace import make_plan, outcomes

pytestmark = pytest.mark.browser
#: Less text than this is an empty page.
FEWEST = 40


@pytest.fixture(scope="module")
def opened(browser: Any) -> Iterator[Callable[[Path], Any]]:
    """Open a file; fail if it asks for anything but files of this machine, reports an error, or is empty."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})

    def opened(page: Path) -> Any:
        tab = context.new_page()
        asked: list[str] = []
        errors: list[str] = []
        tab.on("request", lambda request: asked.append(request.url))
        tab.on(
            "console",
            lambda message: errors.append(message.text) if message.type in ("error", "warning") else None,
        )
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto(page.as_uri(), wait_until="load")
        assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
        assert errors == [], page
        assert len(tab.inner_text("body").strip()) > FEWEST, page
        return tab

    yield opened
    context.close()


def test_the_report(opened, five_models):
    opened(five_models[0] / "report" / "index.html")


def test_the_page_of_an_evaluation(opened, tmp_path, monkeypatch, demo_params):
    result = evaluated_models.result(tmp_path / "music", params=demo_params, monkeypatch=monkeypatch)
    (tmp_path / "index.html").write_text(evaluation_page.render(result), encoding="utf-8")
    opened(tmp_path / "index.html")


def test_the_study_s_page(opened, tmp_path):
    ran = outcomes("mlp", "mlp_best", "lstm", "mlp_best_no_log")
    html = study_page.render(study_page.collect(ran, plan=make_plan()))
    (tmp_path / "index.html").write_text(html, encoding="utf-8")
    opened(tmp_path / "index.html")


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory, demo_params: Params) -> Path:
    """The pages of a feature that failed its validation."""
    root = tmp_path_factory.mktemp("validated") / "data"
    build_small_project(root, seed=0)
    values = np.load(root / "features" / "mfcc_summary" / "values.npy")
    values[5, 3] = np.nan
    np.save(root / "features" / "mfcc_summary" / "values.npy", values)
    with pytest.raises(ValidationError):
        validate.run("mfcc_summary", params=demo_params, root=root)
    return root / "docs"


def test_every_page_of_data_docs(opened, docs):
    pages = sorted(docs.rglob("*.html"))
    assert len(pages) > 6
    for page in pages:
        tab = opened(page)
        if page.parents[1] != docs and page.parent != docs:
            # Bootstrap's grid: beside the pages, or nowhere.
            assert tab.evaluate("getComputedStyle(document.querySelector('.row')).display") == "flex"
        tab.close()


def test_great_expectations_filter_works(opened, docs):
    (page,) = docs.glob("mfcc_summary/validations/mfcc_summary/rows/**/*.html")
    tab = opened(page)
    shown = "() => [...document.querySelectorAll('.fa-check-circle')].filter(one => one.offsetParent).length"
    before = tab.evaluate(shown)
    tab.get_by_text("Failed Only").click()
    tab.wait_for_function(f"before => ({shown})() < before", arg=before)
    tab.close()


def test_what_failed_and_why_is_in_the_first_screen(opened, docs):
    tab = opened(docs / "index.html")
    first = tab.get_by_text("no NaN and no infinity").first
    box = first.bounding_box()
    assert box["y"] + box["height"] < 800
    tab.get_by_role("link", name="mfcc_summary").click()
    assert "What failed, and why" in tab.inner_text("body")
    tab.close()


@pytest.fixture(scope="module")
def plots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of `dvc plots diff` between two commits of a project with a report."""
    root = tmp_path_factory.mktemp("plots")
    for name in ("dvc.yaml", "params.yaml", ".gitattributes"):
        shutil.copy(PROJECT / name, root)
    shutil.copytree(PROJECT / ".dvc" / "plots", root / ".dvc" / "plots")
    shutil.copy(PROJECT / ".dvc" / "config", root / ".dvc")

    def run(*words: str) -> None:
        subprocess.run(words, cwd=root, check=True, capture_output=True)

    run("git", "init", "--quiet")
    for skill in (1, 2):
        finished_project.report(root / "data", genres=("a", "b", "c"), trials=0, seed=skill)
        run("git", "add", "--force", "dvc.yaml", "params.yaml", ".dvc", "data/report")
        run("git", "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", f"{skill}")
        shutil.rmtree(root / "data")
    run("git", "checkout", "--quiet", ".")
    run(sys.executable, "-m", "dvc", "plots", "diff", "HEAD~1", "HEAD")
    return root / "dvc_plots" / "index.html"


def test_dvc_s_plots_of_two_commits(opened, plots):
    tab = opened(plots)
    tab.wait_for_function("document.querySelectorAll('.vega-embed .marks').length == 5")
    heights = tab.eval_on_selector_all(
        ".vega-embed .marks", "all => all.map(one => one.getBoundingClientRect().height)"
    )
    assert min(heights) > 60
    # Nothing in a plot's menu leads to a server.
    assert (
        tab.eval_on_selector_all(
            ".vega-actions a", "all => all.filter(one => /^https?:/.test(one.href)).length"
        )
        == 0
    )
    tab.close()
