"""The plan: all that the data allows is in it, what is missing is named, and the same data gives the same plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from components.core.errors import ParamsError
from components.study import declarations, discovery, plan
from components.study.discovery import Found
from components.study.plan import StudyOptions
from tests.conftest import PROJECT


def test_with_all_of_the_data_nothing_is_left_out(everything: Found, tmp_path: Path) -> None:
    made = plan.make(everything, budget="full", root=tmp_path)
    study = declarations.load()
    assert made.not_run == {}
    assert list(made.experiments) == list(study.experiments)
    assert made.features.keys() == study.features.keys()
    assert made.sources.keys() == study.sources.keys()
    assert all("fault_filtered" in made.experiments[name].protocols for name in ("mlp", "lstm"))


def test_what_is_missing_is_named_and_the_rest_is_run(everything: Found, tmp_path: Path) -> None:
    only = replace(everything, sources={"table_30": everything.sources["table_30"]})
    made = plan.make(only, budget="full", root=tmp_path)
    assert made.not_run["lstm"] == "the audio"
    assert made.not_run["vgg16"] == "the pictures"
    assert made.not_run["mlp_table_3"] == "the 3-s table"
    assert list(made.features) == list(made.sources) == ["table_30"]
    assert set(made.experiments) == {
        name for name, one in declarations.load().experiments.items() if one.feature == "table_30"
    }


def test_a_feature_brings_the_one_that_it_is_made_from(everything: Found, tmp_path: Path) -> None:
    made = plan.make(everything, budget="quick", root=tmp_path)
    assert list(plan.chain("audio_vgg16", features=made.features)) == ["audio_mel_image", "audio_vgg16"]
    assert list(plan.chain("audio_yamnet", features=made.features)) == ["audio_yamnet"]


def test_a_feature_names_its_own_encoder_s_weights(everything: Found, tmp_path: Path) -> None:
    features = plan.make(everything, budget="quick", root=tmp_path).features
    assert features["audio_yamnet"].pretrained == {"yamnet": "handle"}
    assert features["audio_vgg16_untrained"].pretrained == {"vgg16": plan.UNTRAINED}
    assert features["audio_mfcc_summary"].pretrained == {}


def test_published_lists_need_the_whole_collection(everything: Found, tmp_path: Path) -> None:
    few = replace(everything.sources["audio"], tracks=100)
    found = replace(everything, sources={**everything.sources, "audio": few})
    experiments = plan.make(found, budget="full", root=tmp_path).experiments
    assert "fault_filtered" not in experiments["mlp"].protocols
    assert "fault_filtered" in experiments["vgg16"].protocols


def test_artists_apart_needs_the_artists_of_most_songs(everything: Found, tmp_path: Path) -> None:
    found = replace(everything, known={**everything.known, "audio": 500, "table_30": 501})
    experiments = plan.make(found, budget="full", root=tmp_path).experiments
    assert "artist" not in experiments["mlp"].protocols
    assert not experiments["mlp"].artists
    assert "artist" in experiments["mlp_table_30"].protocols
    assert experiments["mlp_table_30"].artists
    assert all(
        "artist" in one.protocols for one in declarations.load().experiments.values() if one.group == "model"
    )


@pytest.mark.parametrize("name", ["artists.txt", "lists/test_filtered.txt"])
def test_another_list_of_the_same_name_is_another_plan(everything: Found, tmp_path: Path, name: str) -> None:
    before = plan.make(everything, budget="full", root=tmp_path)
    assert plan.make(everything, budget="full", root=tmp_path) == before
    (tmp_path / name).write_text("jazz.00001.wav", encoding="utf-8")
    assert plan.make(everything, budget="full", root=tmp_path) != before


def test_the_budget_is_how_often_and_dear_experiments_are_run_less(everything: Found, tmp_path: Path) -> None:
    quick, full, kfold = (
        plan.make(everything, budget=budget, root=tmp_path, kfold=kfold).experiments
        for budget, kfold in (("quick", False), ("full", False), ("quick", True))
    )
    assert (quick["mlp"].folds, quick["lstm"].folds) == (2, 1)
    assert (full["mlp"].folds, full["lstm"].folds, full["mlp_tiny"].folds) == (5, 5, 2)
    assert {block.folds for block in kfold.values() if block.group == "model"} == {5}
    assert kfold["lstm_relu"].folds == 1
    with pytest.raises(ParamsError, match="'endless'; valid: quick, full"):
        plan.make(everything, budget="endless", root=tmp_path)


def test_the_same_data_gives_the_same_file(everything: Found, tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    made = plan.make(everything, budget="quick", root=tmp_path)
    assert plan.write(made, root=tmp_path)
    assert not plan.write(made, root=tmp_path)
    assert plan.read(tmp_path) == made


@pytest.mark.parametrize("text", [None, "- a list", "budget: [", "budget: quick"])
def test_what_is_no_plan_is_refused_by_the_file_s_name(tmp_path: Path, text: str | None) -> None:
    (tmp_path / "study").mkdir()
    if text is not None:
        (tmp_path / "study" / "params.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ParamsError, match=r"study/params\.yaml"):
        plan.read(tmp_path)


def test_a_name_that_is_not_in_the_plan_is_refused_with_those_that_are(
    everything: Found, tmp_path: Path
) -> None:
    made = plan.make(everything, budget="quick", root=tmp_path)
    for kind in ("sources", "features", "experiments"):
        with pytest.raises(ParamsError, match=r"'other' .*valid: [a-z0-9_]+, "):
            made.named(kind, "other")  # type: ignore[arg-type]


def test_dvc_can_read_the_plan(everything: Found, tmp_path: Path) -> None:
    from dvc.utils.serialize import parse_yaml

    (tmp_path / "study").mkdir()
    made = plan.make(everything, budget="full", root=tmp_path)
    plan.write(made, root=tmp_path)
    text = (tmp_path / "study" / "params.yaml").read_text(encoding="utf-8")
    assert parse_yaml(text, "params.yaml") == made.model_dump(mode="json")


def test_a_path_in_the_project_is_named_from_the_pipeline_s_folder(everything: Found, tmp_path: Path) -> None:
    inside = replace(everything.sources["audio"], path=tmp_path / "data" / "raw" / "gtzan")
    found = replace(everything, sources={**everything.sources, "audio": inside})
    made = plan.make(found, budget="quick", root=tmp_path)
    assert made.sources["audio"].path == "../data/raw/gtzan"
    assert made.sources["pictures"].path == "/elsewhere/pictures"


def test_songs_beside_a_source_are_listed_in_its_workspace(everything: Found, tmp_path: Path) -> None:
    clips = replace(everything.sources["audio"], path=Path("/elsewhere/short"))
    made = plan.make(replace(everything, beside={"audio": clips}), budget="quick", root=tmp_path)
    assert made.sources["clips"].path == "/elsewhere/short"
    assert {name: source.workspace for name, source in made.sources.items()} == {
        name: "audio" if name == "clips" else name for name in made.sources
    }
    assert made.experiments["mlp"].beside == ["clips"]
    assert made.experiments["vgg16"].beside == []


def test_the_shipped_plan_holds_nothing_so_that_the_main_pipeline_is_alone() -> None:
    shipped = plan.read(PROJECT)
    assert shipped.experiments == shipped.features == shipped.sources == {}
    pipeline = yaml.safe_load((PROJECT / "study" / "dvc.yaml").read_text(encoding="utf-8"))
    assert all("foreach" in stage for stage in pipeline["stages"].values())


def test_names_stand_for_experiments_models_and_groups(tmp_path: Path) -> None:
    document = plan.make(discovery.synthetic(tmp_path), budget="quick", root=tmp_path)

    def chosen(*words: str) -> list[str]:
        return plan.chosen(StudyOptions(only=words), document=document)

    assert chosen("lstm") == ["lstm"]
    assert set(chosen("side")) >= {"mlp_shuffled", "lstm_relu"}
    assert chosen("model") == chosen("kfold")
    assert chosen("mlp", "lstm_relu") == ["mlp", "lstm_relu"]
    assert chosen("vgg16_raw") == []  # there are no pictures


def test_a_list_names_the_fits_of_the_selected_experiments_and_what_they_lack(tmp_path: Path) -> None:
    document = plan.make(discovery.synthetic(tmp_path), budget="quick", root=tmp_path)
    options = StudyOptions(only=("lstm", "vgg16_raw"), budget="quick")
    lines = plan.listing(document, names=plan.named(options))
    assert [line.split()[0] for line in lines] == ["lstm", "vgg16_raw"]
    assert "segment x 1" in lines[0]
    assert "not run: needs" in lines[1]


def test_an_unknown_name_is_named_with_the_valid_ones() -> None:
    with pytest.raises(ParamsError, match=r"'vgg99'.*valid: kfold, ablation, model, side, mlp"):
        plan.named(StudyOptions(only=("vgg99",)))


def test_a_folder_without_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=str(tmp_path)):
        plan.look(StudyOptions(data=tmp_path), root=tmp_path)
