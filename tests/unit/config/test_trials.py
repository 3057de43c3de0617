"""More trials: of one model alone, with the file's comments, and never fewer."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.config import params, presets, trials
from components.core.errors import ParamsError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "params.yaml"
    path.write_text(presets.compose("demo"), encoding="utf-8")
    return path


@pytest.mark.parametrize("model", ["mlp", "lstm"])
def test_one_model_has_more_trials_and_no_other_does(file: Path, model: str) -> None:
    before = params.load(file)
    assert trials.raise_to(50, model=model, path=file) == params.load(file)
    after = params.load(file)
    for name in before.models:
        budget = before.model(name).tuning
        expected = budget.model_copy(update={"max_trials": 50}) if name == model else budget
        assert after.model(name).tuning == expected
    assert "# trial 0 of the search" in file.read_text(encoding="utf-8")


def test_as_many_trials_as_there_are_is_refused_and_nothing_is_written(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    with pytest.raises(ParamsError, match="valid: more"):
        trials.raise_to(1, model="mlp", path=file)
    with pytest.raises(ParamsError):
        trials.raise_to(9, model="none", path=file)
    assert file.read_text(encoding="utf-8") == text
