"""The result's headline in one line, and its schema, which the page for users describes."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.config.params import Params
from components.external_evaluation.record import EvaluatedModel, Evaluation, Figures, GenreFigures
from tests.conftest import PROJECT
from tests.support import evaluated_models


def test_a_headline_names_its_songs_and_what_its_interval_draws(
    tmp_path: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = evaluated_models.result(tmp_path / "music", params=demo_params, monkeypatch=monkeypatch).record
    model = found.models["mlp"]
    assert "25.0 % of 4 songs (new artists)" in model.sentence and model.sentence.endswith("over artists")
    nothing = model.model_copy(update={"headline": None})
    assert nothing.figures is None and "nothing new" in nothing.sentence


@pytest.mark.parametrize("kind", [Evaluation, EvaluatedModel, Figures, GenreFigures])
def test_every_field_is_documented(kind: type) -> None:
    page = (PROJECT / "docs" / "evaluate.md").read_text(encoding="utf-8")
    assert [name for name in kind.model_fields if f"`{name}`" not in page] == []
