"""Selection of the study's experiments by name, model or group."""

from pathlib import Path

import pytest

from components.core.errors import ParamsError
from components.study import discovery, plan, selection
from components.study.selection import StudyOptions


def test_names_stand_for_experiments_models_and_groups(tmp_path: Path) -> None:
    document = plan.make(discovery.embedded(tmp_path), budget="quick", root=tmp_path)

    def chosen(*words: str) -> list[str]:
        return selection.chosen(StudyOptions(only=words), document=document)

    assert chosen("lstm") == ["lstm"]
    assert set(chosen("side")) >= {"mlp_shuffled", "lstm_relu"}
    assert chosen("model") == chosen("kfold")
    assert chosen("mlp", "lstm_relu") == ["mlp", "lstm_relu"]
    assert chosen("vgg16_raw") == []  # there are no pictures


def test_a_list_names_the_fits_of_the_selected_experiments_and_what_they_lack(tmp_path: Path) -> None:
    document = plan.make(discovery.embedded(tmp_path), budget="quick", root=tmp_path)
    options = StudyOptions(only=("lstm", "vgg16_raw"), budget="quick")
    lines = selection.listing(document, names=selection.named(options))
    assert [line.split()[0] for line in lines] == ["lstm", "vgg16_raw"]
    assert "segment x 1" in lines[0]
    assert "not run: needs" in lines[1]


def test_an_unknown_name_is_named_with_the_valid_ones() -> None:
    with pytest.raises(ParamsError, match=r"'vgg99'.*valid: kfold, ablation, model, side, mlp"):
        selection.named(StudyOptions(only=("vgg99",)))


def test_a_folder_without_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=str(tmp_path)):
        selection.look(StudyOptions(data=tmp_path), root=tmp_path)
