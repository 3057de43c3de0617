"""Rules: each finds from figures alone that its claim holds, does not hold, or what is missing to test it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from components.study import declarations, rules
from components.study.results import Outcome
from components.study.rules import Evidence
from tests.unit.study.workspace import outcome, outcomes


@pytest.fixture(scope="module")
def as_published() -> dict[str, Outcome]:
    """Outcomes under which every finding that can be tested without a GPU holds."""
    units = {"units_1": 8, "units_2": 8, "units_3": 8}
    ran = {
        "mlp": {"accuracy": 0.89, "train": 1.0, "validation": 0.7, "seconds": 3},
        "vgg16_audio": {
            "accuracy": 0.65,
            "seconds": 9,
            "memory": 4000,
            "encoder": "vgg16",
            "size": 40_000_000,
        },
        "yamnet": {"accuracy": 0.85, "seconds": 5, "encoder": "yamnet"},
        "lstm": {"accuracy": 0.77, "seconds": 200},
        "yamnet_lstm": {"accuracy": 0.84, "seconds": 30, "encoder": "yamnet"},
        "mlp_unscaled": {"accuracy": 0.12},
        "mlp_table_30_unscaled": {"accuracy": 0.11},
        "mlp_learning_rate_1": {"accuracy": 0.1},
        "mlp_shuffled": {"accuracy": 0.1},
        "mlp_contaminated": {"accuracy": 1.0},
        "mlp_dropout": {"validation": 0.75},
        "mlp_fewer_units": {"validation": 0.69},
        "mlp_tiny": {"train": 0.3, "validation": 0.4},
        "mlp_tiny_dropout": {"train": 0.3, "validation": 0.5},
        "mlp_narrow_search": {"validation": 0.5, "hyperparameters": units},
        "yamnet_untrained": {"accuracy": 0.4, "encoder": "yamnet", "trained": False},
        "vgg16_audio_untrained": {"accuracy": 0.5, "encoder": "vgg16", "trained": False},
        "vgg16_sample": {"accuracy": 0.7, "encoder": "vgg16"},
        "vgg16_cropped": {"accuracy": 0.3, "encoder": "vgg16"},
        "lstm_relu": {"accuracy": 0.5, "seconds": 900},
    }
    return outcomes() | {name: outcome(name, **given) for name, given in ran.items()}


def verdict(outcomes: dict[str, Outcome], number: int, *, gpu: bool = False) -> rules.Finding:
    return rules.decide(number, Evidence(outcomes, gpu=gpu))


def test_as_published_all_hold_but_the_one_that_needs_a_gpu(as_published: dict[str, Outcome]) -> None:
    findings = rules.decide_all(Evidence(as_published, gpu=False))
    assert [finding.number for finding in findings] == list(range(1, 15))
    assert {finding.number: finding.verdict for finding in findings if finding.verdict != "holds"} == {
        12: "cannot be tested here"
    }
    assert "there is no GPU here" in findings[11].came_out
    assert verdict(as_published, 12, gpu=True).verdict == "holds"


@pytest.mark.parametrize(
    ("number", "name", "changed"),
    [
        (1, "yamnet", {"accuracy": 0.95}),
        (1, "yamnet_lstm", {"seconds": 500}),
        (2, "mlp_learning_rate_1", {"accuracy": 0.6}),
        (3, "mlp_unscaled", {"accuracy": 0.2}),
        (3, "mlp_table_30_unscaled", {"accuracy": 0.2}),
        (4, "yamnet_untrained", {"accuracy": 0.85, "encoder": "yamnet", "trained": False}),
        (4, "lstm", {"accuracy": 0.77, "seconds": 1}),
        (5, "vgg16_audio_untrained", {"accuracy": 0.9, "encoder": "vgg16", "trained": False}),
        (5, "yamnet", {"accuracy": 0.5, "encoder": "yamnet"}),
        (6, "mlp", {"accuracy": 0.1}),
        (7, "lstm", {"size": 300_000_000}),
        (8, "mlp", {"train": 1.0, "validation": 0.95}),
        (8, "mlp_dropout", {"validation": 0.6}),
        (9, "mlp_tiny", {"train": 0.4, "validation": 0.4}),
        (10, "mlp_narrow_search", {"hyperparameters": {"units_1": 8, "units_2": 2}}),
        (11, "vgg16_cropped", {"accuracy": 0.6}),
        (13, "lstm", {"memory": 9000}),
        (14, "mlp_contaminated", {"accuracy": 0.9}),
    ],
)
def test_a_figure_against_it_makes_it_not_hold(
    as_published: dict[str, Outcome], number: int, name: str, changed: dict[str, Any]
) -> None:
    assert verdict({**as_published, name: outcome(name, **changed)}, number).verdict == "does not hold"


@pytest.mark.parametrize("number", [1, 2, 4, 5, 7, 8, 9, 10, 11, 13, 14])
def test_with_nothing_run_it_names_what_is_missing(as_published: dict[str, Outcome], number: int) -> None:
    nothing = {name: replace(one, reason="needs the audio", fits=[]) for name, one in as_published.items()}
    found = verdict(nothing, number)
    assert found.verdict == "cannot be tested here"
    assert "was not run: needs the audio" in found.came_out


def test_a_loss_that_is_not_finite_counts_as_guessing(as_published: dict[str, Outcome]) -> None:
    broken = {**as_published, "mlp_learning_rate_1": outcome("mlp_learning_rate_1", accuracy=None)}
    assert verdict(broken, 2).verdict == "holds"
    assert "no fit went through" in verdict(broken, 2).came_out


def test_an_untrained_encoder_tests_nothing_of_transfer(as_published: dict[str, Outcome]) -> None:
    untrained = outcome("yamnet", accuracy=0.5, encoder="yamnet", trained=False)
    for number in (4, 5):
        assert verdict({**as_published, "yamnet": untrained}, number).verdict == "cannot be tested here"


def test_every_declared_finding_has_its_rule() -> None:
    assert list(declarations.load().findings) == list(range(1, len(rules.RULES) + 1)) == list(range(1, 15))


def test_a_claim_about_accuracies_is_decided_again_with_artists_apart(
    as_published: dict[str, Outcome],
) -> None:
    findings = rules.decide_all(Evidence(as_published, gpu=False))
    costs = {7, 12, 13}
    assert {finding.number for finding in findings if finding.verdict_apart == ""} == costs
    assert {finding.verdict_apart for finding in findings if finding.number not in costs} == {"holds"}
    assert not any(finding.changes for finding in findings)
    assert "Artists apart" in findings[3].came_out_apart
    assert "Songs whole" in findings[3].came_out


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 14])
def test_where_artists_are_unknown_it_cannot_be(as_published: dict[str, Outcome], number: int) -> None:
    songs = {
        name: replace(one, fits=[fit for fit in one.fits if fit.protocol != "artist"])
        for name, one in as_published.items()
    }
    found = verdict(songs, number)
    assert (found.verdict, found.verdict_apart) == ("holds", "cannot be tested here")
    assert not found.changes


def test_the_verdict_with_artists_apart_is_by_its_own_figures(as_published: dict[str, Outcome]) -> None:
    good, bad = as_published["mlp"], outcome("mlp", accuracy=0.5)
    rows = [one.predictions for one in (good, bad)]
    torn = pd.concat([rows[0].query("protocol != 'artist'"), rows[1].query("protocol == 'artist'")])
    found = verdict({**as_published, "mlp": replace(good, predictions=torn)}, 1)
    assert (found.verdict, found.verdict_apart) == ("holds", "does not hold")
    assert found.changes


def test_a_fault_that_lets_no_fit_through_is_at_chance_with_artists_apart_too(
    as_published: dict[str, Outcome],
) -> None:
    broken = {**as_published, "mlp_learning_rate_1": outcome("mlp_learning_rate_1", accuracy=None)}
    assert verdict(broken, 2).verdict_apart == "holds"
