"""Promotion: the decision as a table, no comparison to promote from, and the champion in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.config.params import Params
from components.core.errors import ComparisonError, ParamsError
from components.registry import promote
from components.registry.criteria import Criterion
from components.registry.promote import Decision


def test_a_decision_is_a_table_of_its_criteria() -> None:
    criteria = [
        Criterion("better than guessing", True, "75 %"),
        Criterion("loads and predicts", False, "no file"),
    ]
    text = Decision(False, "mlp", "", "mlp was not promoted.", criteria).markdown()
    assert text.startswith("## Not promoted: mlp")
    assert "| better than guessing | yes | 75 % |" in text and "| loads and predicts | no | no file |" in text


def test_without_a_comparison_the_commands_that_make_one_are_named(
    tmp_path: Path, small_params: Params
) -> None:
    with pytest.raises(ComparisonError) as caught:
        promote.promote(params=small_params, root=tmp_path)
    line = str(caught.value)
    assert "`genre run`" in line and "`dvc repro compare`" in line and "Errno" not in line


class TestAnEmptyRegistry:
    @pytest.fixture(autouse=True)
    def store(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def test_there_is_no_champion(self, small_params: Params) -> None:
        assert promote.summary(params=small_params).startswith("Champion: none; `genre promote`")

    def test_no_version_can_be_taken_again(self, small_params: Params) -> None:
        with pytest.raises(ParamsError, match=r"'1'.*valid: none is registered"):
            promote.rollback("1", params=small_params)
