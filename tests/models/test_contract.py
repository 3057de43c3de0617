"""What every model promises, whichever file it is in."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from components import fitting, models, presets, search_space
from components.arrays import Part
from components.errors import ParamsError, TrainingError
from components.params import parse

PARAMS = parse(presets.compose("demo"))
#: A row's shape, small but of each feature's rank.
SHAPES = {
    "mfcc_summary": (57,),
    "mfcc_sequence": (20, 13),
    "vgg16_embedding": (64,),
    "yamnet_embedding": (6, 1024),
}
CLASSES = 3


def part(shape: tuple[int, ...], *, rows: int = 24) -> Part:
    import pandas as pd

    rng = np.random.default_rng(1)
    y = np.arange(rows) % CLASSES
    x = (rng.normal(0, 1, (rows, *shape)) + y.reshape(-1, *[1] * len(shape))).astype(np.float32)
    return Part(x=x, y=y, rows=pd.DataFrame({"track": [str(row) for row in range(rows)]}))


def small(name: str) -> dict[str, object]:
    """The published best set, its layers cut to eight units."""
    hp = search_space.space(PARAMS.models[name].search).values | PARAMS.models[name].study
    return {key: 8 if key.startswith("units") else value for key, value in hp.items()} | {"batch_size": 8}


@pytest.fixture(params=sorted(PARAMS.models))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def built(name: str) -> tuple[object, Part, dict[str, object]]:
    rows, hp = part(SHAPES[PARAMS.models[name].feature]), small(name)
    return fitting.build(name, hp=hp, train=rows, classes=CLASSES, epochs=2), rows, hp


def test_each_file_has_its_block() -> None:
    assert models.names() == sorted(PARAMS.models)


def test_the_output_is_a_distribution_over_genres(name: str) -> None:
    model, rows, _ = built(name)
    answer = model.predict(rows.x, verbose=0)
    assert answer.shape == (len(rows.y), CLASSES)
    np.testing.assert_allclose(answer.sum(axis=1), 1.0, atol=1e-5)


def test_the_published_best_set_has_the_published_layers(name: str) -> None:
    hp = search_space.space(PARAMS.models[name].search).values | PARAMS.models[name].study
    model = models.load(name).build(hp, input_shape=SHAPES[PARAMS.models[name].feature], classes=10)
    units = [layer.units for layer in model.layers if hasattr(layer, "units")]
    wanted = [hp["units_1"], hp["units_2"], hp["units_3"], 10]
    assert units == wanted


def test_it_reloads_in_safe_mode_with_equal_answers(name: str, tmp_path: Path) -> None:
    import keras

    model, rows, _ = built(name)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(model.predict(rows.x, verbose=0), again.predict(rows.x, verbose=0))


def test_a_fit_is_the_same_from_the_same_seed(name: str) -> None:
    histories = []
    for _ in range(2):
        fitting.seed_everything(7)
        model, rows, hp = built(name)
        histories.append(
            fitting.fit(
                model, train=rows, validation=rows, hp=hp, epochs=2, patience=2, monitor="val_accuracy"
            )
        )
    assert histories[0].equals(histories[1])


def test_a_fitted_model_is_not_fitted_again(name: str) -> None:
    model, rows, hp = built(name)
    budget = {"epochs": 1, "patience": 1, "monitor": "val_accuracy"}
    fitting.fit(model, train=rows, validation=rows, hp=hp, **budget)
    with pytest.raises(TrainingError, match="fresh model"):
        fitting.fit(model, train=rows, validation=rows, hp=hp, **budget)


def test_every_searched_value_builds(name: str) -> None:
    search = PARAMS.models[name].search
    flips = [key for key, kind in search.items() if kind.type == "boolean"]
    for flip in flips:
        hp = small(name)
        hp[flip] = not hp[flip]
        models.load(name).build(hp, input_shape=SHAPES[PARAMS.models[name].feature], classes=CLASSES)


def test_standardisation_sees_train_alone() -> None:
    rows, hp = part((57,)), small("mlp")
    model = fitting.build("mlp", hp=hp, train=rows, classes=CLASSES, epochs=1)
    mean = model.get_layer("standardise").mean.numpy().ravel()
    np.testing.assert_allclose(mean, rows.x.mean(axis=0), atol=1e-4)


def test_lstm_layers_keep_what_fast_kernels_need() -> None:
    """The conditions listed in the documentation of keras.layers.LSTM."""
    import keras

    for name in ("lstm", "yamnet_lstm"):
        model, _, _ = built(name)
        layers = [layer for layer in model.layers if isinstance(layer, keras.layers.LSTM)]
        assert len(layers) == 3
        for layer in layers:
            assert json.loads(json.dumps(layer.get_config()["activation"])) == "tanh"
            assert layer.get_config()["recurrent_activation"] == "sigmoid"
            assert layer.recurrent_dropout == 0
            assert not layer.unroll
            assert layer.use_bias


def test_a_loss_that_is_not_finite_ends_in_an_error() -> None:
    rows, hp = part((57,)), {**small("mlp"), "standardise": False, "learning_rate": 1e30}
    model = fitting.build("mlp", hp=hp, train=rows, classes=CLASSES, epochs=3)
    with pytest.raises(TrainingError, match="learning_rate"):
        fitting.fit(model, train=rows, validation=rows, hp=hp, epochs=3, patience=3, monitor="val_loss")


def test_an_unknown_model_is_named_with_the_known_ones() -> None:
    with pytest.raises(ParamsError, match=r"'cnn'.*mlp"):
        models.load("cnn")
