"""The study's page: every claim beside its figure, leaky figures marked, nothing taken from people's files as HTML."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest

from components.study import page
from tests.unit.study.workspace import make_plan, outcome, outcomes


@pytest.fixture(scope="module")
def rendered() -> str:
    """The page of four models."""
    ran = outcomes("mlp", "mlp_best", "lstm", "mlp_best_no_log", reason="needs the <b>audio</b>")
    return page.render(page.collect(ran, plan=make_plan()))


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
    ("gain", "shown"),
    [
        (0.021, '"up">whole: +2.1<'),
        (-0.004, '"down">whole: -0.4<'),
        (0.0, '"">whole: the same<'),
        (-5e-17, '"">whole: the same<'),
    ],
)
def test_an_ablation_shows_what_the_whole_scores_more(gain: float, shown: str) -> None:
    collected = page.collect(outcomes("mlp_best", "mlp_best_no_log"), plan=make_plan())
    shared = collected["gains"]["mlp_best_no_log"]
    shared |= dict.fromkeys(shared, gain)
    html = page.render(collected)
    row = html[html.index("MLP without logarithms of the variances") :]
    assert row[: row.index("</tr>")].count(shown) == html.count(shown) == len(shared) > 0


def test_every_finding_has_its_claim_its_run_its_figures_and_a_verdict(rendered: str) -> None:
    for number in range(1, 15):
        card = rendered[rendered.index(f'id="finding-{number}"') :]
        card = card[: card.index("</div>")]
        accuracies = number not in (7, 12, 13)
        assert card.count("<p") == 2 + accuracies
        verdicts = re.findall(r"pill ?[a-z]*\">(holds|does not hold|cannot be tested here)<", card)
        assert len(verdicts) == 1 + accuracies


def test_what_was_not_run_says_what_it_needs_and_names_are_escaped(rendered: str) -> None:
    assert "not run: needs the &lt;b&gt;audio&lt;/b&gt;" in rendered
    assert "<b>audio</b>" not in rendered


def test_composed_songs_and_untrained_encoders_are_marked() -> None:
    ran = outcomes("mlp") | {"yamnet": outcome("yamnet", encoder="yamnet", trained=False)}
    html = page.render(page.collect(ran, plan=make_plan(synthetic={"study": {}})))
    assert "No music was found" in html
    assert html.count("untrained encoder") >= 2


def test_warnings_of_the_fits_are_shown() -> None:
    ran = outcomes("mlp")
    warned = {"warnings": ["Overfitting: train accuracy is 100.0%."]}
    first, *others = ran["mlp"].fits
    ran["mlp"] = replace(ran["mlp"], fits=[first.model_copy(update=warned), *others])
    html = page.render(page.collect(ran, plan=make_plan()))
    assert "Overfitting: train accuracy is 100.0%." in html


def test_the_table_has_a_row_a_protocol_and_one_for_what_was_not_run() -> None:
    rows = page.table(page.collect(outcomes("mlp"), plan=make_plan()))
    assert rows[rows["experiment"] == "mlp"]["protocol"].to_list() == [
        "segment",
        "track",
        "artist",
        "fault_filtered",
    ]
    assert rows[rows["experiment"] == "lstm"]["reason"].to_list() == ["needs the audio"]


def test_figures_with_artists_apart_have_their_column_and_the_page_says_of_which_songs_they_are(
    rendered: str,
) -> None:
    assert rendered.count('data-label="artists apart"') > 0
    assert (
        "audio (mlp, lstm, mlp_best): 80 songs by 40 artists of g0, g1, g2, g3, g4, g5, g6 and g7" in rendered
    )
    assert "g8 and g9" in rendered


def test_findings_that_change_with_artists_apart_are_listed_at_the_top() -> None:
    ran = outcomes() | {"mlp": outcome("mlp"), "mlp_contaminated": outcome("mlp_contaminated", accuracy=1.0)}
    known = page.collect(ran, plan=make_plan())
    assert known["changes"] == []
    assert "none of the" in known["changes_sentence"]
    both = [
        outcome("mlp_contaminated", accuracy=accuracy).predictions.query(f"protocol {which} 'artist'")
        for accuracy, which in ((1.0, "!="), (0.5, "=="))
    ]
    torn = replace(ran["mlp_contaminated"], predictions=pd.concat(both))
    changed = page.collect(ran | {"mlp_contaminated": torn}, plan=make_plan())
    assert changed["changes"] == [14]
    html = page.render(changed)
    assert "With artists apart, finding 14 changes its verdict." in html[: html.index("<main>")]
    unknown = page.changes_sentence([], decided=0)
    assert "No finding was decided" in unknown
    assert "findings 1 and 4 change their verdict" in page.changes_sentence([1, 4], decided=9)


def test_the_terminal_gets_the_main_table_and_what_changes() -> None:
    lines = page.lines(page.collect(outcomes("mlp", "mlp_dropout"), plan=make_plan()))
    assert lines[0].split()[0] == "mlp"
    assert "artists apart 80.0 %" in lines[0]
    assert len(lines) == 3
    assert "apart" in lines[-1]
