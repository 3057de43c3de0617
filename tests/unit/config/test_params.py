"""params.yaml: every wrong key and value is refused, in one line that names it and what would be valid."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
import yaml
from pydantic import Field, ValidationError

from components.config import presets
from components.config.params import describe, load, parse
from components.config.search_space import Boolean, Choice, FloatRange, IntRange
from components.config.strict import Strict
from components.core.errors import ParamsError

DEMO = presets.compose("demo")
UNITS = {"type": "int", "low": 8, "high": 64}
STUDY = "models.mlp.variants.study"


def changed(path: str, value: object) -> str:
    document = yaml.safe_load(DEMO)
    block = document
    *parents, last = path.split(".")
    for key in parents:
        block = block[key]
    block[last] = value
    return yaml.safe_dump(document)


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("sead", 3, "sead"),
        ("seed", "twenty", "seed is 'twenty'"),
        ("seed", -1, "seed is -1"),
        ("split.protocol", "songs", "split.protocol is 'songs'"),
        ("split.fold", 5, "0 to 4"),
        ("tuning.tuner", "guess", "tuning.tuner is 'guess'"),
        ("tuning.max_trials", -1, "tuning.max_trials is -1"),
        ("models.mlp.feature", "mfcc", "mfcc_summary"),
        ("promotion.registered_model", "rock's", 'registered_model is "rock\'s": valid: letters'),
        ("promotion.registered_model", "team/genre", "valid: letters"),
        ("promotion.registered_model", "", "valid: letters"),
        ("models.mlp.network", "../mlp", "models.mlp.network is '../mlp'"),
        ("models.mlp.variant", "better", "variant is 'better'; valid: best, study"),
        ("ensemble.members", ["mlp", "vgg99"], "ensemble.members has 'vgg99'; valid: lstm, mlp"),
        ("ensemble.members", ["mlp"], "'mlp' alone is no ensemble; valid: none, or two and more"),
        ("ensemble.members", ["mlp", "lstm", "mlp"], "'mlp' is named twice"),
        ("ensemble.shrinkage", -1.0, "ensemble.shrinkage is -1.0"),
        ("models.mlp.variants", {}, "models.mlp.variants"),
        (
            "models.mlp.variants.mine",
            {"fixed": {"learning_rate": 0.1}},
            "variants.mine: batch_size missing; valid: a value in fixed",
        ),
        (f"{STUDY}.start", {"activation": "relu"}, "units_1"),
        (f"{STUDY}.search.units_1", {"type": "range"}, f"{STUDY}.search.units_1"),
        (f"{STUDY}.search.units_1", {"low": 32}, "valid: a list of values, or {low: …, high: …, step: …}"),
        (f"{STUDY}.search.units_1", 32, f"{STUDY}.search.units_1 is 32: valid: a list of values"),
        (f"{STUDY}.search.units_1", [], f"{STUDY}.search.units_1"),
        (f"{STUDY}.search.units_1", [True], "[True] holds true or false; valid: [false, true] for both"),
        (
            f"{STUDY}.search.units_1",
            {"type": "choice", "values": [1, False]},
            "valid: [false, true] for both",
        ),
        (f"{STUDY}.search.units_1", {"low": 1, "high": 5, "step": None}, "units_1.int.step is None"),
        (f"{STUDY}.search.units_1", {"low": 64, "high": 8}, "low is 64; valid: up to high, 8"),
        (f"{STUDY}.search.dropout_rate", {"low": 0.5, "high": 0.1}, "low is 0.5; valid: up to high, 0.1"),
        (
            f"{STUDY}.search.units_1",
            {"low": 0, "high": 8, "sampling": "log"},
            "with sampling log valid: above 0",
        ),
        (f"{STUDY}.search.dropout_rate", {"low": 0.1, "high": 0.5, "step": 0.0}, "float.step is 0.0"),
        (
            f"{STUDY}.search.dropout_rate",
            {"low": 0.1, "high": 0.5, "step": 0.1, "sampling": "log"},
            "step is 0.1; with sampling log it is a factor, valid: above 1",
        ),
        (f"{STUDY}.search", {"units_1": UNITS}, "start names activation"),
        (f"{STUDY}.fixed", {"units_1": 8}, "units_1 is fixed and searched"),
        (f"{STUDY}.fixed", {"units_0": {"type": "int"}}, f"{STUDY}.fixed.units_0"),
        ("features.mel_image.reads", "data/corpus/video.parquet", "data/corpus/audio.parquet"),
        ("features.mel_image.unit", "bar", "features.mel_image.unit is 'bar'"),
        ("features.mel_image", None, "features.mel_image"),
        ("features", None, "features"),
        ("corpus.sources", {}, "corpus.sources"),
        ("corpus.sources", {"vinyl": {"path": "x"}}, "corpus.sources.vinyl"),
        ("segments.seconds", float("nan"), "segments.seconds"),
        ("validation.max_duplicates", 3, "'max_duplicates'; valid: max_duplicate_share"),
        ("validation.max_duplicate_share", 1.5, "validation.max_duplicate_share is 1.5"),
    ],
)
def test_a_wrong_value_is_named(path: str, value: object, named: str) -> None:
    with pytest.raises(ParamsError) as caught:
        parse(changed(path, value))
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (["relu", "tanh"], Choice(type="choice", values=["relu", "tanh"])),
        ([0.0, 1], Choice(type="choice", values=[0.0, 1])),
        ([True, False], Boolean(type="boolean")),
        (["True", "False"], Choice(type="choice", values=["True", "False"])),
        ([0, 1], Choice(type="choice", values=[0, 1])),
        ({"low": 8, "high": 64, "step": 8}, IntRange(type="int", low=8, high=64, step=8)),
        ({"low": 0.1, "high": 1, "step": 0.1}, FloatRange(type="float", low=0.1, high=1.0, step=0.1)),
        ({"type": "float", "low": 0, "high": 1}, FloatRange(type="float", low=0.0, high=1.0)),
        ({"type": "choice", "values": [1, 2]}, Choice(type="choice", values=[1, 2])),
    ],
)
def test_what_is_searched_is_a_list_or_a_range(written: object, meant: object) -> None:
    # One that the project itself does not read, so that it may be anything.
    document = yaml.safe_load(changed(f"{STUDY}.search.own", written))
    document["models"]["mlp"]["variants"]["study"]["start"]["own"] = 1
    params = parse(yaml.safe_dump(document))
    assert params.models["mlp"].variants["study"].search["own"] == meant


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "seed: [", "\t"])
def test_a_file_that_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ParamsError):
        parse(text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"nothing\.yaml"):
        load(tmp_path / "nothing.yaml")


def test_params_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse(DEMO).seed = 1  # type: ignore[misc]


def test_a_variant_without_budgets_takes_the_defaults() -> None:
    params = parse(DEMO)
    assert params.models["mlp"].variants["study"].tuning is None
    assert params.model("mlp").tuning == params.tuning
    assert params.model("lstm").tuning != params.tuning


def test_the_selected_variant_is_the_one_that_is_read() -> None:
    training = {"epochs": 7, "patience": 7, "monitor": "val_loss", "refit": True}
    mine = {
        "build": "build_best",
        "fixed": {"clip": 3.0, "learning_rate": 0.1, "batch_size": 32},
        "search": {"units_1": UNITS},
        "start": {"units_1": 16},
    }
    document = yaml.safe_load(changed("models.mlp.variants.mine", mine | {"training": training}))
    assert parse(yaml.safe_dump(document)).model("mlp").variant == "study"
    document["models"]["mlp"]["variant"] = "mine"
    params = parse(yaml.safe_dump(document))
    model = params.model("mlp")
    assert (model.name, model.network, model.build) == ("mlp", "mlp", "build_best")
    assert model.first_set == mine["fixed"] | {"units_1": 16}
    assert model.tuning == params.tuning
    assert model.training.refit


def test_what_genres_weigh_and_the_objective_hold_for_variants_with_budgets_of_their_own() -> None:
    budgets = {"fixed": {"learning_rate": 0.1, "batch_size": 32}}
    budgets["training"] = {"epochs": 7, "patience": 7, "monitor": "val_loss"}
    budgets["tuning"] = {
        "tuner": "grid",
        "max_trials": 1,
        "executions_per_trial": 1,
        "epochs": 1,
        "patience": 1,
    }
    document = yaml.safe_load(changed("models.mlp.variants.mine", budgets))
    document["models"]["mlp"]["variant"] = "mine"
    assert (own := parse(yaml.safe_dump(document)).model("mlp")).training.class_weight == "none"
    assert own.objective == "val_accuracy"
    document["training"]["class_weight"] = "balanced"
    document["tuning"]["objective"] = "val_balanced_accuracy"
    model = parse(yaml.safe_dump(document)).model("mlp")
    assert (model.training.class_weight, model.objective) == ("balanced", "val_balanced_accuracy")
    document["models"]["mlp"]["variants"]["mine"]["training"]["class_weight"] = "none"
    params = parse(yaml.safe_dump(document))
    assert params.model("mlp").training.class_weight == "none"
    # As a model's record keeps them.
    assert params.model_validate(params.model_dump(mode="json")) == params


def test_a_feature_is_made_by_the_file_of_its_name_or_by_another() -> None:
    block = {"extractor": "mfcc_sequence", "reads": "data/corpus/audio.parquet", "unit": "segment"}
    params = parse(changed("features.fine_sequence", block))
    assert params.feature("mfcc_sequence").extractor == "mfcc_sequence"
    assert params.feature("fine_sequence").extractor == "mfcc_sequence"


def test_an_unknown_model_is_named_with_the_known_ones() -> None:
    with pytest.raises(ParamsError, match=r"'cnn'.*lstm, mlp, musicnn, vgg16, yamnet, yamnet_lstm"):
        parse(DEMO).model("cnn")


@pytest.mark.parametrize(
    ("augment", "named"),
    [
        ([{}], "changes nothing; valid: one or more of gain, low, high"),
        ([{"gain": 0}], "changes nothing"),
        ([{"rate": 3}], "rate is 3: valid: a number of 0.5 to 2"),
        ([{"gain": [3, -3]}], "[3, -3]; valid: a number of -40 to 40"),
        ([{"gain": [3, 3]}], "[3, 3]; valid"),
        ([{"echo": 1}], "unknown key 'echo'; valid: gain"),
        ([{"gain": 3, "draws": 2}], "nothing is drawn"),
        ([{"gain": [0, 3]}, {"gain": [0, 3], "draws": 2}], "two entries are the same"),
    ],
)
def test_an_augmented_view_that_cannot_be_is_refused(augment: list[dict], named: str) -> None:
    with pytest.raises(ParamsError, match=r"features\.mfcc_sequence\.augment") as caught:
        parse(changed("features.mfcc_sequence.augment", augment))
    assert named in str(caught.value)


def test_views_are_one_a_draw() -> None:
    params = parse(changed("features.mfcc_sequence.augment", [{"rate": 0.9}, {"gain": [-6, 6], "draws": 2}]))
    views = params.feature("mfcc_sequence").views
    assert [(view.rate, view.gain, draw) for view, draw in views] == [
        (0.9, 0.0, 0),
        (1.0, (-6.0, 6.0), 0),
        (1.0, (-6.0, 6.0), 1),
    ]


class _Layers(Strict):
    layers: Annotated[tuple[Literal["tags", "mean_pool"], ...], Field(min_length=1)]


@pytest.mark.parametrize(
    ("layers", "faults"),
    [
        (["tag"], "layers.0 is 'tag': Input should be 'tags' or 'mean_pool'"),
        ([], "layers: Tuple should have at least 1 item after validation, not 0"),
    ],
)
def test_a_list_with_a_wrong_value_is_not_called_empty(layers: list[str], faults: str) -> None:
    with pytest.raises(ValidationError) as refused:
        _Layers.model_validate({"layers": layers})
    assert describe(refused.value) == faults
