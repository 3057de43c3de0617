"""The training step of one set of hyperparameters, traced once, however often the set is fitted.

Tracing costs more than a short fit. What is traced belongs to a twin of the network, which takes over a fresh network's
state before each fit, all of it, and gives back what the fit has made of it: nothing passes from one fit to the next.
Its optimizer is :class:`components.training.adam.OneKernelAdam` in place of Keras' Adam or AdamW.
"""

from __future__ import annotations

import hashlib
import json
import random

import keras
import numpy as np

from components.training import recurrence
from components.training.adam import OneKernelAdam
from components.training.balanced_accuracy import BalancedAccuracy


class Traced:
    """A twin that is fitted in place of fresh networks, and kept while they are alike."""

    def __init__(self) -> None:
        self._twin: keras.Model | None = None
        self._kind = ""

    def begin(self, fresh: keras.Model, *, balanced: bool = False) -> keras.Model:
        """Return what is fitted in place of a fresh network: a twin, in the network's state.

        Parameters
        ----------
        fresh : keras.Model
            Compiled, never fitted.
        balanced : bool
            Whether its epochs are to measure accuracy with each genre counting alike, too.

        Returns
        -------
        keras.Model
            Compiled. It is traced already where the network before had the same layers, loss, optimizer and fitted
            preprocessing.
        """
        fresh.optimizer.build(fresh.trainable_variables)
        kind = f"{_kind(fresh)} {balanced}"
        if self._twin is None or kind != self._kind:
            self._twin, self._kind = _twin(fresh, balanced=balanced), kind
        _copy_state(fresh, self._twin)
        for layer in self._twin.layers:
            if isinstance(layer, keras.layers.Normalization):
                layer.finalize_state()
        return self._twin

    def end(self, fresh: keras.Model) -> None:
        """Hand the twin's state to the network in whose place it was fitted."""
        if self._twin is None:
            raise RuntimeError("end() follows begin()")
        _copy_state(self._twin, fresh)


def _copy_state(source: keras.Model, target: keras.Model) -> None:
    """Copy all that a fit changes: weights, seeds of dropout, the optimizer's moments, rate and count of steps."""
    own, other = ([*model.variables, *model.optimizer.variables] for model in (target, source))
    for variable, value in zip(own, other, strict=True):
        variable.assign(value)


def _kind(model: keras.Model) -> str:
    """Hash what a trace has in it beside variables; layers that were fitted to data may keep constants there."""
    config = {
        "model": model.get_config(),
        "optimizer": model.optimizer.get_config(),
        "loss": model.loss.get_config(),
        "steps_per_execution": model.steps_per_execution,
    }
    digest = hashlib.sha256(json.dumps(keras.saving.serialize_keras_object(config), sort_keys=True).encode())
    for weight in model.non_trainable_weights:
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()


def _twin(model: keras.Model, *, balanced: bool) -> keras.Model:
    """Return a compiled copy; the fit's random numbers are those that it would draw without one."""
    state = random.getstate()
    twin = recurrence.clone(model)
    random.setstate(state)
    optimizer = OneKernelAdam.from_config(model.optimizer.get_config())
    spare_biases(optimizer)
    twin.compile(
        optimizer=optimizer,
        loss=model.loss,
        weighted_metrics=["accuracy", *([BalancedAccuracy(twin.output_shape[-1])] if balanced else [])],
        steps_per_execution=model.steps_per_execution,
        jit_compile=False,
    )
    # Keras makes variables of the optimizer and of the metrics when it traces, and then traces again without.
    optimizer.build(twin.trainable_variables)
    row = np.zeros((1, twin.output_shape[-1]), dtype=np.float32)
    twin.compute_metrics(x=None, y=row, y_pred=row)
    twin.reset_metrics()
    return twin


def spare_biases(optimizer: keras.optimizers.Optimizer) -> None:
    """Let an optimizer's weight decay, where it has any, leave biases as they are."""
    if optimizer.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias"])
