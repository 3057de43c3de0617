"""One fit of one fresh model: the step that tuning and training share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from components import models
from components.arrays import Part
from components.errors import TrainingError

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

#: Batches run in one call of the compiled step: 1.5 times as fast for small models on two cores.
STEPS_PER_EXECUTION = 32

#: Called after each epoch with its number from 1 and its figures.
Report = Callable[[int, Mapping[str, float]], None]


def seed_everything(seed: int) -> None:
    """Fix every source of randomness of this process, and ask for deterministic kernels.

    Parameters
    ----------
    seed : int
        Given to Python, NumPy and TensorFlow.
    """
    import keras
    import tensorflow as tf

    # A search builds many models; TensorFlow warns of each.
    tf.get_logger().setLevel("ERROR")
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def batches(
    part: Part, *, classes: int, batch_size: int, shuffle: bool, mixup: float = 0.0
) -> tf.data.Dataset:
    """Feed a part in batches.

    Parameters
    ----------
    part : Part
        The rows.
    classes : int
        Number of genres, the length of each one-hot label.
    batch_size : int
        Rows a batch.
    shuffle : bool
        Deal the rows anew each epoch.
    mixup : float
        Parameter alpha of mixup (H. Zhang et al., ICLR 2018); 0 leaves rows as they are.

    Returns
    -------
    tf.data.Dataset
        Of ``(x, one-hot y)``.
    """
    import tensorflow as tf

    options = tf.data.Options()
    # With its autotuner on two cores, epochs stretch up to twofold at random.
    options.autotune.enabled = False
    labels = tf.one_hot(part.y, classes)
    data = tf.data.Dataset.from_tensor_slices((part.x, labels))
    if shuffle:
        data = data.shuffle(len(part.y), reshuffle_each_iteration=True)
    data = data.batch(batch_size)
    if mixup:

        def mix(x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            rows = tf.shape(x)[0]
            one, two = (tf.random.gamma([rows], mixup) for _ in range(2))
            weight = tf.math.divide_no_nan(one, one + two)
            order = tf.random.shuffle(tf.range(rows))
            wide = tf.reshape(weight, tf.concat([[rows], tf.ones(tf.rank(x) - 1, tf.int32)], 0))
            mixed = wide * x + (1 - wide) * tf.gather(x, order)
            return mixed, weight[:, None] * y + (1 - weight[:, None]) * tf.gather(y, order)

        data = data.map(mix)
    return data.prefetch(2).with_options(options)


def build(name: str, *, hp: Mapping[str, Any], train: Part, classes: int, epochs: int) -> keras.Model:
    """Build and compile a fresh model; standardisation layers see the train rows and nothing else.

    Parameters
    ----------
    name : str
        The model.
    hp : mapping
        Its hyperparameters, with ``learning_rate`` and ``batch_size``; ``label_smoothing``,
        ``weight_decay`` and ``schedule`` (``constant`` or ``cosine``) where given.
    train : Part
        The rows to adapt standardisation to.
    classes : int
        Number of genres.
    epochs : int
        Length of a cosine schedule.

    Returns
    -------
    keras.Model
        Compiled, never fitted.
    """
    import keras

    model = models.load(name).build(hp, input_shape=train.x.shape[1:], classes=classes)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            below = keras.Model(model.inputs, layer.input)
            layer.adapt(below.predict(train.x, batch_size=256, verbose=0))
    rate: Any = hp["learning_rate"]
    steps = -(-len(train.y) // hp["batch_size"])
    if hp.get("schedule", "constant") == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, decay_steps=steps * epochs)
    decay = hp.get("weight_decay", 0.0)
    model.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=decay) if decay else keras.optimizers.Adam(rate),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=hp.get("label_smoothing", 0.0)),
        metrics=["accuracy"],
        steps_per_execution=min(STEPS_PER_EXECUTION, steps),
        jit_compile=False,
    )
    return model


def fit(
    model: keras.Model,
    *,
    train: Part,
    validation: Part,
    hp: Mapping[str, Any],
    epochs: int,
    patience: int,
    monitor: str,
    report: Report | None = None,
) -> pd.DataFrame:
    """Fit a fresh model with early stopping on the validation part, and keep its best epoch's weights.

    Parameters
    ----------
    model : keras.Model
        From :func:`build`.
    train, validation : Part
        Rows to fit on, and rows that say when to stop.
    hp : mapping
        ``batch_size``, and ``mixup`` where given.
    epochs, patience : int
        At most so many epochs; stop after so many without a better ``monitor``.
    monitor : str
        ``val_accuracy`` or ``val_loss``.
    report : callable, optional
        Told each epoch's figures.

    Returns
    -------
    DataFrame
        One row an epoch: ``epoch`` (from 1), ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``,
        ``learning_rate``.

    Raises
    ------
    TrainingError
        If the model was fitted before, or its loss is not finite.
    """
    import keras

    if int(model.optimizer.iterations) != 0:
        raise TrainingError(f"model {model.name!r} was fitted before; a run begins with a fresh model")
    classes = model.output_shape[-1]
    history: list[dict[str, float]] = []

    def note(epoch: int, logs: Mapping[str, float]) -> None:
        row = {name: float(logs[name]) for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
        row["learning_rate"] = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
        history.append({"epoch": epoch + 1, **row})
        if report:
            report(epoch + 1, row)

    model.fit(
        batches(
            train, classes=classes, batch_size=hp["batch_size"], shuffle=True, mixup=hp.get("mixup", 0.0)
        ),
        validation_data=batches(validation, classes=classes, batch_size=256, shuffle=False),
        epochs=epochs,
        shuffle=False,  # the dataset does it
        verbose=0,
        callbacks=[
            keras.callbacks.TerminateOnNaN(),
            keras.callbacks.EarlyStopping(
                monitor=monitor,
                mode="max" if monitor.endswith("accuracy") else "min",
                patience=patience,
                restore_best_weights=True,
            ),
            keras.callbacks.LambdaCallback(on_epoch_end=note),
        ],
    )
    table = pd.DataFrame(history)
    if table.empty or not np.isfinite(table[["loss", "val_loss"]].to_numpy()).all():
        last = history[-1]["loss"] if history else "nothing"
        raise TrainingError(
            f"model {model.name!r}: the loss became {last} in epoch {max(len(history), 1)} with "
            f"learning_rate {hp['learning_rate']}; a smaller one, or standardised features, may help"
        )
    return table
