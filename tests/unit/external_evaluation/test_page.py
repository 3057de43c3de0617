"""The page: every model, genre and file left out is on it, escaped."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.config.params import Params
from components.external_evaluation import page
from components.external_evaluation.evaluate import Result
from tests.support import evaluated_models


@pytest.fixture
def result(tmp_path: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch) -> Result:
    return evaluated_models.result(tmp_path / "music", params=demo_params, monkeypatch=monkeypatch)


def test_what_a_reader_looks_for_is_there(result: Result) -> None:
    text = page.render(result)
    for words in (
        "mlp names 1 of 4 songs by new artists right",
        "artists it was trained on",
        "songs it was trained on",
    ):
        assert words in text
    assert result.record.models["mlp"].gap.sentence in text
    assert result.record.pairs[0].sentence in text
    assert text.count("Confusion matrix of") == text.count("Reliability of") == 2
    assert "http://" not in text.replace("http://www.w3.org", "")


def test_names_from_outside_are_escaped(result: Result) -> None:
    record = result.record.model_copy(
        update={"name": "<script>x</script>", "left_out": {"<b>.wav": "no <i>"}, "unknown_genres": {"<u>": 1}}
    )
    text = page.render(Result(record, result.songs.assign(artist="<s>")))
    for tag in ("<script>x", "<b>.wav", '<i>"', "<u>", "<s>"):
        assert tag not in text


def test_where_nothing_is_new_there_are_no_pictures(
    tmp_path: Path, demo_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = evaluated_models.music(tmp_path / "music")
    known = [{"sha256": evaluated_models.known_by(file)["sha256"]} for file in folder.rglob("*.wav")]
    evaluated_models.without_store(monkeypatch, songs=evaluated_models.training(*known))
    text = page.render(evaluated_models.evaluate.run(folder, params=demo_params))
    assert "Nothing here is new to mlp" in text and "<svg" not in text
