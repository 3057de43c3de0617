"""Documents read by libyaml hold what PyYAML's own reader finds in them."""

from __future__ import annotations

import pytest
import yaml

from components.config import presets
from components.core.yaml_loader import explain, load_yaml
from tests.conftest import PROJECT


@pytest.mark.parametrize(
    "text", [*map(presets.compose, presets.names()), (PROJECT / "dvc.yaml").read_text(encoding="utf-8"), ""]
)
def test_the_values_are_those_of_the_other_reader(text: str) -> None:
    assert load_yaml(text) == yaml.safe_load(text)


@pytest.mark.parametrize("text", ["folds: [5\n", b"folds: [5\n"])
def test_what_is_no_yaml_is_an_error_in_one_line(text: str | bytes) -> None:
    with pytest.raises(yaml.YAMLError) as raised:
        load_yaml(text)
    assert explain(raised.value) == (
        "while parsing a flow sequence, line 1, column 8 did not find expected ',' or ']', line 2, column 1"
    )


def test_a_key_that_stands_twice_is_an_error_with_its_line() -> None:
    with pytest.raises(yaml.YAMLError, match=r"'seed' stands twice(?s:.*)line 3"):
        load_yaml("seed: 20\nsplit: {fold: 0}\nseed: 21")


def test_a_key_may_stand_once_in_each_mapping_and_beside_a_merged_one() -> None:
    assert load_yaml("a: &a {fold: 0, folds: 5}\nb: {<<: *a, fold: 1}") == {
        "a": {"fold": 0, "folds": 5},
        "b": {"fold": 1, "folds": 5},
    }
