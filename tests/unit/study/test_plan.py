"""The plan: all that the data allows is in it, what is missing is named, and the same data gives the same plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from components.config import presets
from components.config.params import parse
from components.core.errors import ParamsError
from components.corpus import published_metadata
from components.study import declarations, fits, plan, protocols
from components.study.discovery import Collection, Found
from components.study.protocols import Run
from tests.conftest import PROJECT

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")


@pytest.fixture
def everything(tmp_path: Path) -> Found:
    """All of GTZAN, with lists, artists and weights."""
    sources = {
        name: Collection(path=Path("/elsewhere") / name, tracks=1000, genres=GENRES)
        for name in ("audio", "pictures", "table_30", "table_3")
    }
    (tmp_path / "lists").mkdir()
    for path in (
        tmp_path / "artists.txt",
        *(tmp_path / "lists" / name for name in published_metadata.LISTS.values()),
    ):
        path.touch()
    return Found(
        sources=sources,
        lists=tmp_path / "lists",
        artists=tmp_path / "artists.txt",
        weights={"yamnet": "handle", "vgg16": "imagenet"},
        at_hand={"yamnet": True, "vgg16": True},
    )


def test_with_all_of_the_data_nothing_is_left_out(everything: Found, tmp_path: Path) -> None:
    document = plan.make(everything, budget="full", root=tmp_path)
    assert document["not_run"] == {}
    assert list(document["experiments"]) == list(declarations.load().experiments)
    assert set(document["materials"]) == set(declarations.load().materials)
    assert all("fault_filtered" in document["experiments"][name]["protocols"] for name in ("mlp", "lstm"))


def test_what_is_missing_is_named_and_the_rest_is_run(everything: Found, tmp_path: Path) -> None:
    only = replace(everything, sources={"table_30": everything.sources["table_30"]})
    document = plan.make(only, budget="full", root=tmp_path)
    assert document["not_run"]["lstm"] == "the audio"
    assert document["not_run"]["vgg16"] == "the pictures"
    assert document["not_run"]["mlp_table_3"] == "the 3-s table"
    assert list(document["materials"]) == ["table_30"]
    assert set(document["experiments"]) == {
        name for name, one in declarations.load().experiments.items() if one.material == "table_30"
    }


def test_published_lists_and_artists_need_the_whole_collection(everything: Found, tmp_path: Path) -> None:
    few = replace(everything.sources["audio"], tracks=100)
    document = plan.make(
        replace(everything, sources={**everything.sources, "audio": few}), budget="full", root=tmp_path
    )
    assert "fault_filtered" not in document["experiments"]["mlp"]["protocols"]
    assert not document["experiments"]["mlp"]["artists"]
    assert "fault_filtered" in document["experiments"]["vgg16"]["protocols"]
    assert document["experiments"]["vgg16"]["artists"]


@pytest.mark.parametrize("name", ["artists.txt", "lists/test_filtered.txt"])
def test_another_list_of_the_same_name_is_another_plan(everything: Found, tmp_path: Path, name: str) -> None:
    before = plan.make(everything, budget="full", root=tmp_path)
    assert plan.make(everything, budget="full", root=tmp_path) == before
    (tmp_path / name).write_text("jazz.00001.wav", encoding="utf-8")
    assert plan.make(everything, budget="full", root=tmp_path) != before


def test_the_budget_says_how_often_and_dear_experiments_less(everything: Found, tmp_path: Path) -> None:
    quick, full, kfold = (
        plan.make(everything, budget=budget, root=tmp_path, kfold=kfold)["experiments"]
        for budget, kfold in (("quick", False), ("full", False), ("quick", True))
    )
    assert (quick["mlp"]["folds"], quick["lstm"]["folds"]) == (2, 1)
    assert (full["mlp"]["folds"], full["lstm"]["folds"], full["mlp_tiny"]["folds"]) == (5, 5, 2)
    assert {block["folds"] for block in kfold.values() if block["group"] == "model"} == {5}
    assert kfold["lstm_relu"]["folds"] == 1
    with pytest.raises(ParamsError, match="--budget is 'endless'; valid: quick, full"):
        plan.make(everything, budget="endless", root=tmp_path)


def test_the_same_data_gives_the_same_file(everything: Found, tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    assert plan.write(plan.make(everything, budget="quick", root=tmp_path), root=tmp_path)
    assert not plan.write(plan.make(everything, budget="quick", root=tmp_path), root=tmp_path)
    assert plan.read(tmp_path) == plan.make(everything, budget="quick", root=tmp_path)


def test_dvc_can_read_the_plan(everything: Found, tmp_path: Path) -> None:
    from dvc.utils.serialize import parse_yaml

    (tmp_path / "study").mkdir()
    document = plan.make(everything, budget="full", root=tmp_path)
    plan.write(document, root=tmp_path)
    assert parse_yaml((tmp_path / "study" / "params.yaml").read_text(), "params.yaml") == document


def test_a_path_in_the_project_is_named_from_the_pipeline_s_folder(everything: Found, tmp_path: Path) -> None:
    inside = replace(everything.sources["audio"], path=tmp_path / "data" / "raw" / "gtzan")
    document = plan.make(
        replace(everything, sources={**everything.sources, "audio": inside}), budget="quick", root=tmp_path
    )
    assert document["sources"]["audio"]["path"] == "../data/raw/gtzan"
    assert document["sources"]["pictures"]["path"] == "/elsewhere/pictures"
    chosen = plan.params(document, material="audio_vgg16", root=tmp_path)
    assert chosen.corpus.sources["audio"].path == str(tmp_path / "data" / "raw" / "gtzan")
    assert chosen.features["vgg16_embedding"].reads == "data/features/mel_image"


@pytest.mark.parametrize("name", list(declarations.load().experiments))
def test_every_experiment_makes_valid_params_and_changes_what_its_model_has(
    name: str, everything: Found, tmp_path: Path
) -> None:
    document = plan.make(everything, budget="quick", root=tmp_path)
    experiment = document["experiments"][name]
    params = fits.experiment_params(document, experiment=experiment, root=tmp_path)
    block = params.model(experiment["model"])
    assert block.variant == experiment["variant"]
    assert block.feature == experiment["feature"]
    # A hyperparameter that is only used where it is given, such as mixup, may be set by name too.
    known = block.first_set.keys() | {
        "mixup",
        "label_smoothing",
        "mask_frames",
        "mask_channels",
        "weight_decay",
        "bins",
    }
    assert experiment["set"].keys() <= known


def test_the_study_s_rows_take_its_published_sets(everything: Found, tmp_path: Path) -> None:
    document = plan.make(everything, budget="quick", root=tmp_path)
    published = parse(presets.compose("gtzan"))
    for name in ("mlp", "vgg16", "yamnet", "lstm", "yamnet_lstm"):
        params = fits.experiment_params(document, experiment=document["experiments"][name], root=tmp_path)
        assert params.model(name).start == published.models[name].variants["study"].start


def test_a_best_row_takes_the_variant_of_its_preset(everything: Found, tmp_path: Path) -> None:
    document = plan.make(everything, budget="quick", root=tmp_path)
    for name, preset in (("mlp_table_30_best", "gtzan-table"), ("mlp_best", "gtzan-mini")):
        params = fits.experiment_params(document, experiment=document["experiments"][name], root=tmp_path)
        assert params.model("mlp").first_set == parse(presets.compose(preset)).model("mlp").first_set


def test_every_finding_is_served_by_an_experiment() -> None:
    served = {number for one in declarations.load().experiments.values() for number in one.findings}
    assert served == set(range(1, 15))


def test_each_fold_is_a_run_and_each_seed_where_the_parts_are_given() -> None:
    experiment = {"protocols": ["segment", "track", "fault_filtered"], "folds": 2, "seeds": 3}
    assert protocols.runs(experiment, seed=7) == [
        Run("segment", 0, 7),
        Run("segment", 1, 7),
        Run("track", 0, 7),
        Run("track", 1, 7),
        Run("fault_filtered", 0, 7),
        Run("fault_filtered", 0, 8),
        Run("fault_filtered", 0, 9),
    ]


def test_artists_are_kept_whole_where_songs_are() -> None:
    params = parse(presets.compose("gtzan"))
    for protocol, expected in (
        ("segment", {}),
        ("track", {"artists": "artists.txt"}),
        ("fault_filtered", {"lists": "lists"}),
    ):
        laid = protocols.overlay(params, run=Run(protocol, 0, 3), lists="lists", artists="artists.txt")
        assert (laid.split.protocol, laid.corpus.published) == (protocol, expected)
        assert laid.seed == 3


def test_the_shipped_plan_holds_nothing_so_that_the_main_pipeline_is_alone() -> None:
    shipped = yaml.safe_load((PROJECT / "study" / "params.yaml").read_text())
    assert shipped["experiments"] == shipped["materials"] == shipped["sources"] == {}
