"""The comparison on disk: read whole or not at all, its best still in the params, its table in eighty columns."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from components.core.errors import ComparisonError
from components.reporting import comparison
from components.results.record import LEAKY
from tests.support import finished_project
from tests.support.pairs import pair


@pytest.fixture
def data(five_models, tmp_path) -> Path:
    """The comparison and the split of five models, to be damaged."""
    for name in ("report/comparison.json", "splits/split.json"):
        copy = tmp_path / "data" / name
        copy.parent.mkdir(parents=True)
        copy.write_bytes((five_models[0] / name).read_bytes())
    return tmp_path / "data"


def edit(path: Path, **changed) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))


def best(root: Path, **chosen) -> str:
    return comparison.best(params=finished_project.params(**chosen), root=root)


def test_it_is_read_as_it_was_written(five_models):
    root, result = five_models
    assert comparison.read(root=root) == result


def test_a_missing_or_damaged_one_names_its_stage(data):
    path = data / "report" / "comparison.json"
    edit(path, ranking="mlp")
    with pytest.raises(ComparisonError, match=r"ranking.*dvc repro compare"):
        comparison.read(root=data)
    path.unlink()
    with pytest.raises(ComparisonError, match=r"comparison.json is missing.*dvc repro compare"):
        comparison.read(root=data)


def test_its_best_is_the_first_of_the_ranking(data, five_models):
    assert best(data) == five_models[1].best == five_models[1].ranking[0]


def test_one_of_another_split_is_refused(data):
    edit(data / "splits" / "split.json", fingerprint="0" * 64)
    with pytest.raises(ComparisonError, match="0" * 12):
        best(data)


def test_a_best_that_left_the_params_is_refused(data, five_models):
    other = five_models[1].ranking[1]
    with pytest.raises(ComparisonError, match=f"{five_models[1].best}.*valid: {other}"):
        best(data, models=(other,))


def test_the_rivals_of_the_best_are_those_it_cannot_be_told_from(five_models):
    _, result = five_models
    names = result.ranking[1:3]
    pairs = [pair(result.best, name, apart=name != names[1]) for name in result.ranking[1:]]
    assert names[1] in result.model_copy(update={"pairs": pairs}).rivals()
    assert names[0] not in result.model_copy(update={"pairs": pairs}).rivals()
    apart = [pair(result.best, name, apart=True) for name in result.ranking[1:]]
    assert "every other" in result.model_copy(update={"pairs": apart}).rivals()
    assert result.model_copy(update={"ranking": [result.best]}).rivals() == ""


def printed(root: Path, **chosen) -> str:
    console = Console(file=io.StringIO(), width=80)
    comparison.show(params=finished_project.params(**chosen), root=root, console=console)
    return console.file.getvalue()


def test_the_table_has_each_model_with_its_interval_and_fits_eighty_columns(five_models):
    root, result = five_models
    text = printed(root)
    for name, row in result.models.items():
        low, high = row.test_songs_interval
        assert f"{100 * row.test_songs:.1f} ({100 * low:.0f} to {100 * high:.0f})" in text, name
    assert max(len(line) for line in text.splitlines()) <= 80
    assert f"{result.best} ★" in text


def test_under_the_table_is_which_models_are_equal_and_where_the_report_is(data):
    edit(data / "report" / "comparison.json", groups=[["mlp", "lstm"]])
    text = " ".join(printed(data).split())
    assert "mlp and lstm cannot be told apart on 20 test songs" in text
    assert "index.html" in text.replace(" ", "")  # the terminal may break a long path


def test_marks_and_notes_are_in_the_terminal_too(data, five_models):
    models = five_models[1].model_dump(mode="json")["models"]
    models["mlp"]["marks"], models["lstm"]["at_chance"] = [LEAKY], True
    edit(data / "report" / "comparison.json", models=models, notes=["lstm is left out: reason."], groups=[])
    text = printed(data)
    assert "leaky" in text and "at chance" in text and "lstm is left out" in text
    assert "every model can be told from every other" in text
