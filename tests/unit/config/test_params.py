"""params.yaml: every wrong key and value is refused, in one line that names it and what would be valid."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from components.config import presets
from components.config.params import load, parse
from components.core.errors import ParamsError
from tests.conftest import PROJECT

DEMO = presets.compose("demo")
UNITS = {"type": "int", "low": 8, "high": 64}
#: The smallest block of a model.
BLOCK = {"feature": "mfcc_summary", "search": {}, "study": {}}


def changed(path: str, value: object) -> str:
    document = yaml.safe_load(DEMO)
    block = document
    *parents, last = path.split(".")
    for key in parents:
        block = block[key]
    block[last] = value
    return yaml.safe_dump(document)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("sead", 3, "sead"),
        ("seed", "twenty", "seed is 'twenty'"),
        ("seed", -1, "seed is -1"),
        ("split.protocol", "songs", "split.protocol is 'songs'"),
        ("split.fold", 5, "0 to 4"),
        ("tuning.tuner", "guess", "tuning.tuner is 'guess'"),
        ("tuning.max_trials", 0, "tuning.max_trials is 0"),
        ("models.mlp.feature", "mfcc", "mfcc_summary"),
        ("models.mlp.study", {"activation": "relu"}, "units_1"),
        ("models.mlp.search.units_1", {"type": "range"}, "models.mlp.search.units_1"),
        ("models.mlp.variant", "better", "models.mlp.variant is 'better'"),
        ("models.mlp", BLOCK | {"variant": "best"}, "no block best; valid: study"),
        ("models.mlp.best", {"search": {"units_1": UNITS}, "start": {}}, "start gives no value for units_1"),
        ("models.mlp.best", {"search": {}, "start": {"units_1": 8}}, "start names units_1"),
        ("features.mel_image.reads", "data/corpus/video.parquet", "data/corpus/audio.parquet"),
        ("features.mel_image.unit", "bar", "features.mel_image.unit is 'bar'"),
        ("corpus.sources", {}, "corpus.sources"),
        ("corpus.sources", {"vinyl": {"path": "x"}}, "corpus.sources.vinyl"),
        ("segments.seconds", float("nan"), "segments.seconds"),
    ],
)
def test_a_wrong_value_is_named(path: str, value: object, said: str) -> None:
    with pytest.raises(ParamsError) as caught:
        parse(changed(path, value))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


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


def test_a_model_without_budgets_takes_the_defaults() -> None:
    params = parse(DEMO)
    assert params.models["mlp"].tuning is None
    assert params.model("mlp").tuning == params.tuning
    assert params.model("lstm").tuning != params.tuning


def test_the_chosen_variant_is_the_one_that_is_read() -> None:
    budget = {"epochs": 7, "patience": 7, "monitor": "val_loss", "refit": True}
    best = {"search": {"units_1": UNITS}, "start": {"units_1": 16}, "training": budget}
    block = {"feature": "mfcc_summary", "search": {"units_2": UNITS}, "study": {"units_2": 64}, "best": best}
    params = parse(changed("models.mlp", block))
    assert params.model("mlp").study == {"units_2": 64}
    assert params.model("mlp").training == params.training
    chosen = parse(changed("models.mlp", block | {"variant": "best"})).model("mlp")
    assert (list(chosen.search), chosen.study, chosen.variant) == (["units_1"], {"units_1": 16}, "best")
    assert chosen.tuning == params.tuning
    assert chosen.training is not None
    assert chosen.training.refit


def test_an_unknown_model_is_named_with_the_known_ones() -> None:
    with pytest.raises(ParamsError, match=r"'cnn'.*lstm, mlp, vgg16, yamnet, yamnet_lstm"):
        parse(DEMO).model("cnn")


@pytest.mark.parametrize("name", presets.names())
def test_each_preset_is_valid_and_names_itself(name: str) -> None:
    assert parse(presets.compose(name)).preset == name


def test_the_repo_ships_with_the_demo() -> None:
    assert (PROJECT / "params.yaml").read_text(encoding="utf-8") == DEMO


def test_an_unknown_preset_is_named_with_the_known_ones() -> None:
    with pytest.raises(ParamsError, match=r"'gtzam'.*demo.*gtzan"):
        presets.compose("gtzam")


def test_use_writes_the_corpus_path(tmp_path: Path) -> None:
    target = tmp_path / "params.yaml"
    presets.use("gtzan-mini", target=target, corpus_path="/music/mine")
    assert load(target).corpus.sources["audio"].path == "/music/mine"


def test_the_study_s_best_sets_are_those_it_published() -> None:
    """Table of best hyperparameters in H. Wu, "Deep Learning Methods Explored for Music Genres Classification"."""
    models = parse(DEMO).models
    assert models["mlp"].study["units_1"] == 448
    assert models["mlp"].study["units_2"] == 672
    assert models["mlp"].study["batch_size"] == 12
    assert models["vgg16"].study["units_1"] == 3072
    assert models["yamnet"].study["batch_size"] == 52
    assert models["lstm"].study["units_1"] == 416
    assert models["yamnet_lstm"].study["units_1"] == 480
    assert models["yamnet_lstm"].study["dropout_rate1"] == 0.15


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_can_be_read_by_dvc(name: str) -> None:
    from dvc.utils.serialize import parse_yaml

    assert parse_yaml(presets.compose(name), "params.yaml") == yaml.safe_load(presets.compose(name))
