"""The contract of a model, in each of its variants."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pytest

from components import models
from components.config import hyperparameters, presets
from components.config.params import SelectedModel, parse
from components.config.search_space import Choice
from components.core.errors import ParamsError, TrainingError
from components.features import mfcc_summary
from components.models import layers, mlp
from components.training import fit, input_pipeline, stored_rows
from components.training.dataset import Part
from tests.support.stored import stored

if TYPE_CHECKING:
    import keras
    import pandas as pd

PARAMS = parse(presets.compose("gtzan"))
#: A row's shape, small but of the feature's rank; of any other feature, frames of a few bands.
SHAPES = {"mfcc_summary": (57,), "vgg16_embedding": (64,), "yamnet_embedding": (6, 1024)}
SHAPES |= {"musicnn_embedding": (1003,), "encoders_embedding": (2027,)}
SEQUENCE = (20, 13)
CLASSES = 3


def part(shape: tuple[int, ...], *, rows: int = 24) -> Part:
    import pandas as pd

    rng = np.random.default_rng(1)
    y = np.arange(rows) % CLASSES
    x = (rng.normal(0, 1, (rows, *shape)) + y.reshape(-1, *[1] * len(shape))).astype(np.float32)
    return Part(x=x, y=y, rows=pd.DataFrame({"track": [str(row) for row in range(rows)]}))


@dataclass(frozen=True)
class Case:
    """One variant of one model, on rows of one shape."""

    name: str
    variant: str
    shape: tuple[int, ...]
    more: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        words = [self.name, self.variant, "x".join(map(str, self.shape))]
        return "-".join(words + [f"{key}={value}" for key, value in self.more])

    @property
    def block(self) -> SelectedModel:
        model = PARAMS.models[self.name].model_copy(update={"variant": self.variant})
        return PARAMS.model_copy(update={"models": {self.name: model}}).model(self.name)

    def hp(self) -> dict[str, Any]:
        """The set that is tried first, whatever it counts cut to eight."""
        hp = self.block.first_set | dict(self.more)
        return {key: min(value, 8) if type(value) is int else value for key, value in hp.items()}

    def build(self, hp: dict[str, Any], rows: Part, *, epochs: int = 2) -> keras.Model:
        return fit.build(self.block, hp=hp, train=rows, classes=CLASSES, epochs=epochs)


CASES = [
    *(
        Case(name, variant, SHAPES.get(model.feature, SEQUENCE))
        for name, model in PARAMS.models.items()
        for variant in model.variants
    ),
    # Several views of a row: windows of a picture, speeds of a clip.
    Case("vgg16", "best", (3, 64)),
    Case("yamnet", "best", (3, 4, 32)),
    Case("yamnet_lstm", "best", (3, 4, 32)),
    Case("yamnet_lstm", "attention", (3, 4, 32)),
    Case("mlp", "best", SHAPES["mfcc_summary"], more=(("bins", 4),)),
]

#: Dense, recurrent with masks, and convolutional layers: each its own kernels.
ONE_OF_A_KIND = [
    next(case for case in CASES if (case.name, case.variant) == (name, "best"))
    for name in ("mlp", "lstm", "cnn_1d")
]
#: Masks, mixup, bins, principal components, least squares, and views that are rows of their own or are not.
ON_DISK = [
    Case("mlp", "best", SHAPES["mfcc_summary"], more=(("bins", 4),)),
    Case("vgg16", "best", (3, 64)),
    Case("yamnet", "study", SHAPES["yamnet_embedding"]),
    Case("lstm", "best", SEQUENCE),
    Case("musicnn", "best", SHAPES["musicnn_embedding"]),
]
BUDGET: dict[str, Any] = {"epochs": 2, "patience": 2, "monitor": "val_loss"}


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


def fitted(case: Case, rows: Part) -> tuple[keras.Model, pd.DataFrame]:
    fit.seed_everything(7)
    hp, model = case.hp(), case.build(case.hp(), rows)
    return model, fit.fit(model, train=rows, validation=rows, hp=hp, **BUDGET)


def test_a_fitted_model_gives_a_distribution_over_genres_and_reloads_in_safe_mode(
    case: Case, tmp_path: Path
) -> None:
    import keras

    rows = part(case.shape)
    model, history = fitted(case, rows)
    probabilities = model(rows.x).numpy()
    assert probabilities.shape == (len(rows.y), CLASSES)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-5)
    # What was trained behind the frozen layers is the whole model.
    kept = fit.kept_epoch(history, hp=case.hp(), monitor=BUDGET["monitor"])
    hits = probabilities.argmax(axis=1) == rows.y
    assert hits.mean() == pytest.approx(history.set_index("epoch").loc[kept, "val_accuracy"])
    if model.trainable_weights:
        with pytest.raises(TrainingError, match="fresh model"):
            fit.fit(model, train=rows, validation=rows, hp=case.hp(), **BUDGET)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(again(rows.x).numpy(), probabilities)


@pytest.mark.parametrize("case", ONE_OF_A_KIND, ids=str)
def test_a_fit_is_the_same_from_the_same_seed(case: Case) -> None:
    rows = part(case.shape)
    (_, first), (_, second) = fitted(case, rows), fitted(case, rows)
    assert first.equals(second)


@pytest.mark.parametrize(
    "case",
    [case if case in ON_DISK else pytest.param(case, marks=pytest.mark.slow) for case in CASES],
    ids=str,
)
def test_a_fit_on_rows_that_are_on_disk_is_the_same_to_the_bit(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = part(case.shape)
    if case in ONE_OF_A_KIND:
        rows = replace(rows, augmented=[rows.x + 1, rows.x - 1])
    model, history = fitted(case, rows)
    monkeypatch.setattr(stored_rows, "IN_MEMORY", 0)
    again, same = fitted(case, stored(rows, tmp_path))
    if any(layer.name == layers.LEAST_SQUARES for layer in model.layers):
        # Sums of pieces in place of one product.
        np.testing.assert_allclose(again(rows.x), model(rows.x), atol=1e-4)
        return
    assert same.equals(history)
    for one, other in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", [case.name for case in CASES if case.variant == "study"])
def test_the_study_s_best_set_has_the_published_layers(name: str) -> None:
    case = next(case for case in CASES if (case.name, case.variant) == (name, "study"))
    hp = case.block.first_set
    model = models.load(case.block.network)(hp, input_shape=case.shape, classes=10)
    units = [layer.units for layer in model.layers if hasattr(layer, "units")]
    assert units == [hp["units_1"], hp["units_2"], hp["units_3"], 10]


@pytest.mark.parametrize(
    ("name", "shape"), [("vgg16", (3, 64)), ("yamnet", (3, 4, 32)), ("yamnet_lstm", (3, 4, 32))]
)
def test_of_several_views_the_studys_variant_takes_the_row_itself(name: str, shape: tuple[int, ...]) -> None:
    case, rows = Case(name, "study", shape), part(shape)
    network = models.load(case.block.network, build=case.block.build)
    model = network(case.hp(), input_shape=shape, classes=CLASSES)
    before = model(rows.x).numpy()
    rows.x[:, 1:] = 0
    np.testing.assert_array_equal(model(rows.x).numpy(), before)


def test_every_switch_and_every_layer_that_may_be_left_out_builds(case: Case) -> None:
    hp = case.hp()
    others = [{key: not hp[key]} for key, kind in case.block.search.items() if kind.type == "boolean"]
    others += [
        {key: 0} for key, kind in case.block.search.items() if isinstance(kind, Choice) and 0 in kind.values
    ]
    network = models.load(case.block.network, build=case.block.build)
    for other in others:
        network(hp | other, input_shape=case.shape, classes=CLASSES)


def test_standardisation_sees_train_alone() -> None:
    case = Case("mlp", "study", (57,))
    rows = part(case.shape)
    mean = case.build(case.hp(), rows).get_layer("standardise").mean.numpy().ravel()
    np.testing.assert_allclose(mean, rows.x.mean(axis=0), atol=1e-4)


def test_principal_components_are_those_of_the_whole_pictures_of_train() -> None:
    import keras
    from sklearn.decomposition import PCA

    case = Case("vgg16", "best", (3, 64))
    rows, hp = part(case.shape, rows=60), case.hp() | {"components": 5, "clip": 1e6}
    model = case.build(hp, rows)
    whole = rows.x[:, 0]
    expected = PCA(5).fit_transform((whole - whole.mean(axis=0)) / whole.std(axis=0))
    given = keras.Model(model.inputs, model.get_layer("prepared").output).predict(rows.x, verbose=0)[:, 0]
    assert np.mean(given**2) == pytest.approx(1.0, rel=1e-3)
    np.testing.assert_allclose(np.abs(given), np.abs(expected) / np.sqrt(np.mean(expected**2)), atol=0.01)


def test_with_fewer_rows_than_components_the_further_ones_are_0() -> None:
    case = Case("vgg16", "best", (64,))
    layer = case.build(case.hp() | {"components": 12}, part(case.shape, rows=9)).get_layer(
        "principal_components"
    )
    assert not layer.get_weights()[0][:, 9:].any()


def test_what_is_fixed_before_training_is_not_trained() -> None:
    case = Case("vgg16", "best", (3, 64))
    rows, hp = part(case.shape), case.hp()
    model = case.build(hp, rows)
    fixed = [model.get_layer(name).get_weights() for name in ("standardise", "principal_components")]
    trained = model.get_layer("dense_1").get_weights()[0]
    fit.fit(model, train=rows, validation=rows, hp=hp, epochs=1, patience=1, monitor="val_loss")
    for name, before in zip(("standardise", "principal_components"), fixed, strict=True):
        for one, other in zip(before, model.get_layer(name).get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
    assert np.abs(model.get_layer("dense_1").get_weights()[0] - trained).max() > 0


def test_lstm_layers_keep_what_fast_kernels_need() -> None:
    """The conditions listed in the documentation of keras.layers.LSTM."""
    import keras

    for case in (case for case in CASES if case.name.endswith("lstm")):
        network = models.load(case.block.network, build=case.block.build)
        model = network(case.hp(), input_shape=case.shape, classes=CLASSES)
        wrapped = [layer for layer in model.layers if isinstance(layer, keras.layers.TimeDistributed)]
        every = [*model.layers, *(inner for layer in wrapped for inner in layer.layer.layers)]
        both = [layer for layer in every if isinstance(layer, keras.layers.Bidirectional)]
        layers = [layer for layer in every if isinstance(layer, keras.layers.LSTM)]
        layers += [one for layer in both for one in (layer.forward_layer, layer.backward_layer)]
        assert len(layers) == (3 if case.variant == "study" else 2)
        for layer in layers:
            assert json.loads(json.dumps(layer.get_config()["activation"])) == "tanh"
            assert layer.get_config()["recurrent_activation"] == "sigmoid"
            assert layer.recurrent_dropout == 0
            assert not layer.unroll
            assert layer.use_bias


def test_a_cosine_schedule_rises_falls_to_0_and_is_run_to_its_end() -> None:
    case = Case("mlp", "best", (57,))
    rows, hp = part(case.shape, rows=160), case.hp() | {"learning_rate": 0.5}
    history = fit.fit(
        case.build(hp, rows, epochs=10),
        train=rows,
        validation=rows,
        hp=hp,
        epochs=10,
        patience=1,
        monitor="val_loss",
    )
    rates = history["learning_rate"]
    assert len(rates) == 10
    assert 0.4 < rates.max() <= 0.5
    assert rates.iloc[-1] == pytest.approx(0.0, abs=1e-6)
    assert fit.kept_epoch(history, hp=hp, monitor="val_loss") == 10


def test_regularisation_of_each_best_variant_is_in_its_search() -> None:
    descended = {"dropout_rate", "weight_decay", "label_smoothing"}
    for name, model in PARAMS.models.items():
        search = model.variants["best"].search.keys()
        assert descended <= search or "ridge" in search, name


def test_attention_is_a_weighted_mean_over_time_whose_weights_depend_on_the_frames() -> None:
    import keras

    inputs = keras.layers.Input((5, 3))
    model = keras.Model(inputs, layers.attention(inputs, units=4))
    x = np.random.default_rng(0).normal(size=(8, 5, 3)).astype(np.float32)
    summed = model(x).numpy()
    # The same frames in another order are the same sum; five times the same frame is that frame.
    np.testing.assert_allclose(model(x[:, ::-1]).numpy(), summed, atol=1e-6)
    constant = np.repeat(x[:, :1], 5, axis=1)
    np.testing.assert_allclose(model(constant).numpy(), x[:, 0], atol=1e-6)
    assert np.abs(summed - x.mean(axis=1)).max() > 1e-3
    assert (summed <= x.max(axis=1)).all()
    assert (summed >= x.min(axis=1)).all()
    # Where the weights of all frames are equal, it is their mean.
    model.get_layer("attention_weight").set_weights([np.zeros((4, 1))])
    np.testing.assert_allclose(model(x).numpy(), x.mean(axis=1), atol=1e-6)


def test_masks_are_refused_where_no_sequence_is_trained_on() -> None:
    for shape in ((4, 32), (3, 4, 32)):
        case = Case("yamnet", "best", shape)
        rows, hp = part(shape), case.hp() | {"mask_frames": 2}
        with pytest.raises(TrainingError, match="mask_frames is 2"):
            fit.fit(case.build(hp, rows), train=rows, validation=rows, hp=hp, **BUDGET)


@pytest.mark.parametrize("shape", [(4, 32), (3, 4, 32)])
def test_frames_of_an_embedding_are_masked_too_and_augmented_rows_fitted_on(shape: tuple[int, ...]) -> None:
    case = Case("yamnet_lstm", "attention", shape)
    rows, hp = part(shape), case.hp() | {"mask_frames": 2, "mask_channels": 3}
    rows = replace(rows, augmented=rows.x[None] * 1.5)
    for augment in (True, False):
        fit.seed_everything(7)
        fresh = case.build(hp, rows)
        fit.fit(fresh, train=rows, validation=rows, hp=hp | {"augment": augment}, **BUDGET)
        assert fresh.input_shape[-1] == 32


def test_masks_cover_neighbours_and_leave_the_rest() -> None:
    fit.seed_everything(3)
    rows = part((20, 13), rows=40)
    fed = input_pipeline.batches(
        rows, classes=CLASSES, batch_size=40, shuffle=False, mask_frames=6, mask_channels=3
    )
    ((x, _),) = fed.as_numpy_iterator()
    masked = x == 0
    np.testing.assert_array_equal(x[~masked], rows.x[~masked])
    frames, channels = masked.all(axis=2).sum(axis=1), masked.all(axis=1).sum(axis=1)
    assert set(frames) <= set(range(7))
    assert set(channels) <= set(range(4))
    assert frames.max() >= 5
    assert channels.max() == 3
    for row in masked.all(axis=2):
        assert np.abs(np.diff(row.astype(int))).sum() <= 2


@pytest.mark.parametrize("masks", [{"mask_frames": 6}, {"mask_channels": 3}])
def test_of_several_views_each_is_masked_alike(masks: dict[str, int]) -> None:
    rows = part((2, 20, 13), rows=40)
    ((x, _),) = input_pipeline.batches(
        rows, classes=CLASSES, batch_size=40, shuffle=False, **masks
    ).as_numpy_iterator()
    assert x.shape == rows.x.shape
    masked = x == 0
    assert masked.any()
    np.testing.assert_array_equal(x[~masked], rows.x[~masked])
    np.testing.assert_array_equal(masked[:, 0], masked[:, 1])


def test_a_loss_that_is_not_finite_ends_in_an_error() -> None:
    case = Case("mlp", "study", (57,))
    rows, hp = part(case.shape), {**case.hp(), "standardise": False, "learning_rate": 1e30}
    with pytest.raises(TrainingError, match="learning_rate"):
        fit.fit(
            case.build(hp, rows), train=rows, validation=rows, hp=hp, epochs=3, patience=3, monitor="val_loss"
        )


def test_an_unknown_model_is_named_with_the_known_ones() -> None:
    with pytest.raises(ParamsError, match=r"'cnn'.*mlp"):
        models.load("cnn")


def test_an_unknown_function_of_a_model_s_file_is_named_with_the_known_ones() -> None:
    with pytest.raises(ParamsError, match=r"'build_worse'.*build, build_best"):
        models.load("mlp", build="build_worse")


def test_variances_are_those_of_the_public_table_s_columns() -> None:
    named = [column.endswith("_var") for column in mfcc_summary.NAMES]
    assert np.flatnonzero(named).tolist() == mlp.VARIANCES.tolist()
    with pytest.raises(ParamsError, match="64 columns"):
        mlp.build_best({"log_variances": True}, input_shape=(64,), classes=CLASSES)


def test_a_hyperparameter_that_a_network_cannot_take_is_named_with_the_model_and_its_value() -> None:
    case = Case("mlp", "best", SHAPES["mfcc_summary"])
    with pytest.raises(TrainingError, match=r"model 'mlp': build_best of .*mlp\.py fails with .*clip 'abc'"):
        case.build(case.hp() | {"clip": "abc"}, part(case.shape))
    lacking = {name: value for name, value in case.hp().items() if name != "clip"}
    with pytest.raises(
        TrainingError, match=r"model 'mlp': build_best of .*mlp\.py reads 'clip'.*there are .*units_1"
    ):
        case.build(lacking, part(case.shape))


def test_keras_knows_each_activation_that_params_may_name() -> None:
    import keras

    for name in get_args(hyperparameters.KNOWN["activation"][0]):
        values = np.array([[-2.0, 0.5]], dtype=np.float32)
        assert keras.activations.get(name)(values).shape == values.shape
