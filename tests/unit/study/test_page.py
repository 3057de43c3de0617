"""The study's page: every claim beside its figure, leaky figures marked, nothing taken from people's files as HTML."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from components.study import declarations, fits, page, plan, report, results
from components.study.materials import DATA
from components.study.results import Outcome
from tests.unit.study import workspace
from tests.unit.study.test_findings import outcome


def document(**changed: object) -> dict[str, object]:
    return {"budget": "full", "found": ["audio: 100 tracks in /music"], "synthetic": {}, "seed": 0} | changed


def outcomes(*names: str) -> dict[str, Outcome]:
    """All experiments; those named have a result."""
    found = {}
    for name, one in declarations.load().experiments.items():
        declared = one.model_dump(mode="json") | {"source": "audio"}
        found[name] = Outcome(name=name, declared=declared, reason="needs the <b>audio</b>")
    return found | {name: outcome(name) for name in names}


@pytest.fixture(scope="module")
def rendered() -> str:
    """The page of four models."""
    seen = outcomes("mlp", "mlp_best", "lstm", "mlp_best_no_log")
    collected = report.collect(seen, document=document())
    return page.render(collected)


def test_it_opens_alone_and_runs_nothing_from_elsewhere(rendered: str) -> None:
    assert "default-src 'none'" in rendered
    assert not re.search(r"(src|href)=\"(?!#)", rendered)


def test_the_study_s_figure_stands_beside_ours_and_the_leaky_one_is_marked(rendered: str) -> None:
    row = rendered[rendered.index("MLP, 57 features of 3\N{NO-BREAK SPACE}s<small>") :]
    row = row[: row.index("</tr>")]
    assert "88.9 %" in row
    assert 'data-label="segment (leaky)"' in row
    assert rendered.count("leaky") >= 6
    assert "leaky: songs on both sides" in rendered


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        (0.021, '"up">whole: +2.1<'),
        (-0.004, '"down">whole: -0.4<'),
        (0.0, '"">whole: the same<'),
        (-5e-17, '"">whole: the same<'),
    ],
)
def test_an_ablation_says_what_the_whole_scores_more(gain: float, said: str) -> None:
    collected = report.collect(outcomes("mlp_best", "mlp_best_no_log"), document=document())
    shared = collected["gains"]["mlp_best_no_log"]
    shared |= dict.fromkeys(shared, gain)
    html = page.render(collected)
    row = html[html.index("MLP without logarithms of the variances") :]
    assert row[: row.index("</tr>")].count(said) == html.count(said) == len(shared) > 0


def test_every_finding_has_its_claim_its_run_its_figures_and_a_verdict(rendered: str) -> None:
    for number in range(1, 15):
        card = rendered[rendered.index(f'id="finding-{number}"') :]
        card = card[: card.index("</div>")]
        assert card.count("<p") == 2
        assert re.search(r"pill ?[a-z]*\">(holds|does not hold|cannot be tested here)<", card)


def test_what_was_not_run_says_what_it_needs_and_names_are_escaped(rendered: str) -> None:
    assert "not run: needs the &lt;b&gt;audio&lt;/b&gt;" in rendered
    assert "<b>audio</b>" not in rendered


def test_composed_songs_and_untrained_encoders_are_marked() -> None:
    seen = outcomes() | {
        "yamnet": outcome("yamnet", encoder="yamnet", trained=False),
        "mlp": outcome("mlp"),
    }
    collected = report.collect(seen, document=document(synthetic={"study": {}}))
    html = page.render(collected)
    assert "these accuracies say nothing about music" in html
    assert html.count("untrained encoder") >= 2


def test_what_the_fits_said_of_themselves_is_told() -> None:
    seen = outcomes() | {"mlp": outcome("mlp")}
    seen["mlp"].fits[0]["warnings"] = ["Overfitting: train accuracy is 100.0%."]
    html = page.render(report.collect(seen, document=document()))
    assert "Overfitting: train accuracy is 100.0%." in html


def test_models_that_heard_the_same_are_compared_two_by_two() -> None:
    seen = outcomes() | {"mlp": outcome("mlp", accuracy=0.9), "lstm": outcome("lstm", accuracy=0.5)}
    (pair,) = report.collect(seen, document=document())["pairs"]["audio"]
    assert pair["apart"]
    assert "mlp names 40.0 points more of 100 songs right than lstm" in pair["sentence"]


def test_an_unchanged_study_gives_the_same_files_byte_for_byte(tmp_path: Path) -> None:
    workspace.build(tmp_path, experiments={"mlp": workspace.experiment(group="model", findings=[1])})
    fits.run("mlp", root=tmp_path)
    names = ("index.html", "results.json", "results.csv")
    written = []
    for _ in range(2):
        report.run(root=tmp_path)
        written.append([(tmp_path / DATA / name).read_bytes() for name in names])
    assert written[0] == written[1]
    rows = pd.read_csv(tmp_path / DATA / "results.csv")
    assert rows[rows["experiment"] == "mlp"]["protocol"].to_list() == ["track"]
    assert rows[rows["experiment"] == "lstm"]["reason"].to_list() == [results.NOT_YET]


def test_a_failed_experiment_s_row_says_why_and_shows_no_older_figure(tmp_path: Path) -> None:
    workspace.build(tmp_path, experiments={"mlp": workspace.experiment(group="model")})
    folder = tmp_path / DATA / "experiments" / "mlp"
    folder.mkdir(parents=True)
    (folder / "failure.json").write_text(json.dumps({"reason": "genre: a file is gone"}), encoding="utf-8")
    found = results.read(plan.read(tmp_path), root=tmp_path)["mlp"]
    assert found.reason == "failed: genre: a file is gone"
    assert found.figures == {}
