"""One fit of one fresh model, which tuning and training share.

What lies before the mark of :func:`components.models.layers.prepared` is fitted to the train rows once, by
:func:`build`, and run once, by :func:`fit`; epochs then cost what comes after it alone.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from components.config.params import SelectedModel
from components.core import devices
from components.core.errors import TrainingError
from components.training import network, preprocessing
from components.training.balanced_accuracy import OF_VALIDATION
from components.training.dataset import Part
from components.training.input_pipeline import batches
from components.training.traced import Traced, spare_biases

#: Batches run in one call of the compiled step, in fits of more steps than :data:`SHORT`: 1.9 times as fast an epoch.
STEPS_PER_EXECUTION = 32
#: To trace the loop around the step takes as long as it saves in some 100 steps. Results are the same to the bit.
SHORT = 100
#: Share of a cosine schedule in which the learning rate rises from 0.
WARM_UP = 0.05
#: Hyperparameters that change rows on their way; see :func:`components.training.input_pipeline.batches`.
CHANGES = ("mixup", "mixup_within_genre", "mask_frames", "mask_channels")

#: Called after each epoch with its number from 1 and its figures.
Report = Callable[[int, Mapping[str, float]], None]


def seed_everything(seed: int) -> None:
    """Fix every source of randomness of this process, and choose deterministic kernels.

    A process that does so is about to fit, so a GPU's memory is shared with others from here on, and one that is not
    seen is named.

    Parameters
    ----------
    seed : int
        Given to Python, NumPy and TensorFlow.
    """
    # A search builds many models; TensorFlow warns of each.
    tf.get_logger().setLevel("ERROR")
    devices.share_memory()
    devices.find()
    devices.warn()
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def run_on_one_thread() -> None:
    """Have TensorFlow compute on one thread, where its runtime has not started and nothing else was set.

    Steps of networks this small are too short to divide: on two threads an epoch of the study's LSTM takes as long, and
    1.4 times the processor's time, which models that are fitted side by side need. Sums of wide layers may differ in
    their last bit from those of several threads.
    """
    for pool in ("INTRAOP", "INTEROP"):
        os.environ.setdefault(f"TF_NUM_{pool}_THREADS", "1")


def build(
    selected: SelectedModel, *, hp: Mapping[str, Any], train: Part, classes: int, epochs: int
) -> keras.Model:
    """Build and compile a fresh model; what is fitted to data before training sees the train rows alone.

    Parameters
    ----------
    selected : SelectedModel
        The model, for its network.
    hp : mapping
        Its hyperparameters, with ``learning_rate`` and ``batch_size``; ``label_smoothing``,
        ``weight_decay`` (of weights, not of biases) and ``schedule`` (``constant``, or ``cosine`` with a
        warm-up) where given.
    train : Part
        The rows to fit standardisation and principal components to.
    classes : int
        Number of genres.
    epochs : int
        Length of a cosine schedule.

    Returns
    -------
    keras.Model
        Compiled, never fitted.
    """
    model = network.build(selected, hp=hp, input_shape=train.x.shape[1:], classes=classes)
    preprocessing.adapt(model, train)
    rate: Any = hp["learning_rate"]
    rows = len(train.y) * (train.x.shape[1] if preprocessing.has_views(model) else 1)
    steps = -(-rows // hp["batch_size"])
    if hp.get("schedule", "constant") == "cosine":
        rising = round(steps * epochs * WARM_UP)
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, decay_steps=steps * epochs - rising, warmup_target=rate, warmup_steps=rising
        )
    decay = hp.get("weight_decay", 0.0)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=decay) if decay else keras.optimizers.Adam(rate)
    spare_biases(optimizer)
    model.compile(
        optimizer=optimizer,
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=hp.get("label_smoothing", 0.0)),
        weighted_metrics=["accuracy"],
        steps_per_execution=min(STEPS_PER_EXECUTION, steps) if steps * epochs > SHORT else 1,
        jit_compile=False,
    )
    return model


def fit(
    model: keras.Model,
    *,
    train: Part,
    validation: Part | None,
    hp: Mapping[str, Any],
    epochs: int,
    patience: int,
    monitor: str,
    report: Report | None = None,
    traced: Traced | None = None,
) -> pd.DataFrame:
    """Fit a fresh model; with a constant learning rate, stop early and keep the best epoch's weights.

    A cosine schedule is run to its end, where its learning rate is 0, and the last epoch's weights are kept.

    Parameters
    ----------
    model : keras.Model
        From :func:`build`.
    train : Part
        Rows to fit on.
    validation : Part or None
        Rows that stop the fit; None: all epochs are run. Loss and accuracy, of either part, are weighted as its rows
        are: songs count alike.
    hp : mapping
        ``batch_size``; ``schedule``, ``mixup``, ``mixup_within_genre``, ``mask_frames`` and ``mask_channels`` where
        given; ``augment`` false to leave the rows' augmented views out, where they have any.
    epochs, patience : int
        At most so many epochs; stop after so many without a better ``monitor``.
    monitor : str
        ``val_accuracy``, ``val_loss`` or ``val_balanced_accuracy``, which is measured where it is named.
    report : callable, optional
        Called with each epoch's figures.
    traced : Traced, optional
        Of an earlier fit of the same set, whose traced step this one then runs; the outcome is the same without.

    Returns
    -------
    DataFrame
        One row an epoch: ``epoch`` (from 1), ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy`` (both only
        with a validation part), ``val_balanced_accuracy`` (only where it is the monitor), ``learning_rate``.

    Raises
    ------
    TrainingError
        If the model was fitted before, its rows are masked and no sequences, or its loss is not finite.
    """
    if int(model.optimizer.iterations) != 0:
        raise TrainingError(f"model {model.name!r} was fitted before; a run begins with a fresh model")
    classes = model.output_shape[-1]
    history: list[dict[str, float]] = []
    figures = ["loss", "accuracy"] + (["val_loss", "val_accuracy"] if validation else [])
    if balanced := validation is not None and monitor == OF_VALIDATION:
        figures.append(monitor)

    def note(epoch: int, logs: Mapping[str, float]) -> None:
        row = {name: float(logs[name]) for name in figures}
        row["learning_rate"] = float(keras.ops.convert_to_numpy(twin.optimizer.learning_rate))
        history.append({"epoch": epoch + 1, **row})
        if report:
            report(epoch + 1, row)

    callbacks = [keras.callbacks.TerminateOnNaN(), keras.callbacks.LambdaCallback(on_epoch_end=note)]
    if validation and stops_early(hp):
        stopping = keras.callbacks.EarlyStopping(
            monitor=monitor, mode=_mode(monitor), patience=patience, restore_best_weights=True
        )
        callbacks.insert(1, stopping)
    if not hp.get("augment", True):
        train = replace(train, augmented=None)
    trained, train, validation = preprocessing.run(model, train=train, validation=validation)
    changed = {name: hp[name] for name in CHANGES if hp.get(name)}
    masks, axes = [name for name in changed if name.startswith("mask")], train.x.ndim - 1
    if masks and axes - preprocessing.has_views(model) < 2:
        raise TrainingError(
            f"model {model.name!r}: {masks[0]} is {changed[masks[0]]}, and what is trained takes no sequence; valid: 0"
        )
    fed = batches(train, classes=classes, batch_size=hp["batch_size"], shuffle=True, **changed)
    measured = validation and batches(validation, classes=classes, batch_size=256, shuffle=False)
    # TensorFlow has a copy of its own.
    del train, validation
    traced = traced or Traced()
    twin = traced.begin(trained, balanced=balanced)
    with warnings.catch_warnings():
        # Least squares alone: it is fitted already, and an epoch measures it.
        warnings.filterwarnings("ignore", message="The model does not have any trainable weights")
        twin.fit(
            fed,
            validation_data=measured,
            epochs=epochs,
            shuffle=False,  # the dataset does it
            verbose=0,
            callbacks=callbacks,
        )
    traced.end(trained)
    table, losses = pd.DataFrame(history), [name for name in figures if name.endswith("loss")]
    if table.empty or not np.isfinite(table[losses].to_numpy()).all():
        last = history[-1]["loss"] if history else "nothing"
        raise TrainingError(
            f"model {model.name!r}: the loss became {last} in epoch {max(len(history), 1)} with "
            f"learning_rate {hp['learning_rate']}; a smaller one, or standardised features, may help"
        )
    return table


def stops_early(hp: Mapping[str, Any]) -> bool:
    """Test whether a set's fit ends by early stopping; a cosine schedule is run to its end."""
    return hp.get("schedule", "constant") == "constant"


def kept_epoch(history: pd.DataFrame, *, hp: Mapping[str, Any], monitor: str) -> int:
    """Return the epoch whose weights a fit kept.

    Parameters
    ----------
    history : DataFrame
        From :func:`fit`, with a validation part.
    hp : mapping
        Its hyperparameters.
    monitor : str
        As of the fit.

    Returns
    -------
    int
        Its number, from 1: the last where ``schedule`` is ``cosine``, else the first with the best
        ``monitor``.
    """
    if not stops_early(hp):
        return int(history["epoch"].iloc[-1])
    return int(history["epoch"].loc[getattr(history[monitor], f"idx{_mode(monitor)}")()])


def _mode(monitor: str) -> str:
    return "max" if monitor.endswith("accuracy") else "min"
