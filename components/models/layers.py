"""Layers that networks share: Keras' own and its operations alone, so that a saved model loads in safe mode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import KerasTensor, Model, layers, ops, regularizers

from components.core.errors import ParamsError
from components.models import Hyperparameters

#: Name of the layer behind which training begins. All before it is fitted once, on train rows, and then frozen:
#: :mod:`components.training.fit` runs it once and trains what comes after on its output.
PREPARED = "prepared"
#: Name of the layer that :mod:`components.training.preprocessing` sets to the principal components of the train rows.
COMPONENTS = "principal_components"
#: Name of the layer that :mod:`components.training.preprocessing` sets to the quantiles of the train rows.
PIECEWISE = "piecewise"
#: Name of the layer that :mod:`components.training.preprocessing` sets to the least-squares fit of the train rows.
LEAST_SQUARES = "least_squares"
#: Logarithms are taken of no less; the smallest variance of the public tables is 1e-9.
SMALLEST = 1e-12
#: Rectified encoder frames lie between 0 and about 5, most below 0.1: log(1 + 5 x) spreads the low ones.
COMPRESSION = 5.0


def begin(input_shape: tuple[int, ...], *, axes: int, views: bool) -> tuple[Any, Any]:
    """Begin a network whose rows may come in several views: a picture and its windows, a clip at several speeds.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of a row, or ``(views, ...)`` where it has one axis more than ``axes``; the first is the row itself.
    axes : int
        Axes of one view.
    views : bool
        Whether they are used: each is a row of its own in training, and :func:`average_views` ends the network.

    Returns
    -------
    inputs : tensor
        The network's input. Where there are several views their number is open, for training on one of them at
        a time; a network that reads sequences takes no other number than the one it was first called with.
    x : tensor, shape (rows, ...) or (rows, views, ...)
        What goes on from there.
    """
    if len(input_shape) == axes:
        inputs = layers.Input(input_shape)
        return inputs, inputs
    inputs = layers.Input((None, *input_shape[1:]))
    return inputs, inputs if views else inputs[:, 0]


def average_views(outputs: Any) -> Any:
    """Average the probabilities of a row's views, where it has any."""
    return ops.mean(outputs, axis=1) if len(outputs.shape) == 3 else outputs


def log_columns(x: Any, *, columns: np.ndarray) -> Any:
    """Take the logarithm of some columns; values below :data:`SMALLEST` count as that.

    Parameters
    ----------
    x : tensor, shape (rows, columns)
        Values.
    columns : ndarray of bool, shape (columns,)
        Which of them.

    Returns
    -------
    tensor
        Of the same shape.
    """
    mask = columns.astype(np.float32)
    logs = ops.log(ops.maximum(x, SMALLEST))
    return logs * mask + x * (1.0 - mask)


def compress(x: Any) -> Any:
    """Spread small values: log(1 + 5 x), for values of 0 and up."""
    return ops.log1p(ops.relu(x) * COMPRESSION)


def standardise(x: Any, *, clip: float | None = None) -> Any:
    """Bring each column to mean 0 and deviation 1 over the train rows, cut off at ``clip`` deviations."""
    x = layers.Normalization(name="standardise")(x)
    return x if clip is None else ops.clip(x, -clip, clip)


def principal_components(x: Any, *, count: int) -> Any:
    """Project onto the first principal components of the train rows, all scaled alike (not whitened).

    Parameters
    ----------
    x : tensor, shape (..., columns)
        Standardised values.
    count : int
        Components; where there are fewer train rows, the further ones are 0.

    Returns
    -------
    tensor, shape (..., count)
        Over the train rows the mean square of its elements is 1.
    """
    return layers.Dense(count, trainable=False, name=COMPONENTS)(x)


def piecewise(x: Any, *, bins: int, columns: int) -> Any:
    """Encode how far through each bin of its column a value has come (Gorishniy et al., arXiv:2203.05556).

    A bin holds as many train rows as another. A first Dense layer then has a slope of its own in every bin, where
    it has one for a whole column otherwise.

    Parameters
    ----------
    x : tensor, shape (rows, columns)
        Standardised values.
    bins : int
        Bins a column, 1 and up.
    columns : int
        Number of columns.

    Returns
    -------
    tensor, shape (rows, bins * columns)
        Bin by bin: -0.5 before the bin, 0.5 behind it; up to one width further outside the first and the last.
    """
    before, behind = np.zeros((bins, columns)), np.ones((bins, columns))
    before[0] -= 1.0
    behind[-1] += 1.0
    passed = layers.Dense(bins * columns, trainable=False, name=PIECEWISE)(x)
    within = ops.maximum(passed, before.ravel().astype(np.float32))
    return ops.minimum(within, behind.ravel().astype(np.float32)) - 0.5


def scale_blocks(x: Any, *, widths: Sequence[int]) -> Any:
    """Scale blocks of standardised columns so that each block weighs the same, however many columns it has.

    Parameters
    ----------
    x : tensor, shape (rows, columns)
        Standardised values.
    widths : sequence of int
        Columns of each block, in order.

    Returns
    -------
    tensor
        Of the same shape; over the train rows the variances of a block add up to 1.

    Raises
    ------
    ParamsError
        If the widths do not add up to the columns.
    """
    if sum(widths) != x.shape[-1]:
        raise ParamsError(
            f"blocks is {list(widths)}, {sum(widths)} columns in all; valid: widths that add up to the "
            f"{x.shape[-1]} columns of a row"
        )
    return x * np.concatenate([np.full(width, width**-0.5, dtype=np.float32) for width in widths])


def least_squares(x: Any, *, classes: int, ridge: float) -> Any:
    """Score genres by ridge regression on 1 for a row's own genre and 0 for the others; genres count alike.

    Parameters
    ----------
    x : tensor, shape (rows, columns)
        Values.
    classes : int
        Number of genres.
    ridge : float
        Penalty of squared coefficients beside the sum over songs, in units of the train rows' mean squared distance
        from their centre.

    Returns
    -------
    tensor, shape (rows, classes)
        Scores; each row sums to 1.
    """
    penalty = regularizers.L2(ridge)
    return layers.Dense(classes, trainable=False, kernel_regularizer=penalty, name=LEAST_SQUARES)(x)


def prepared(x: Any) -> Any:
    """Mark where training begins."""
    return layers.Identity(name=PREPARED)(x)


def pool(x: Any, *, statistics: Sequence[str]) -> Any:
    """Sum up a sequence over time.

    Parameters
    ----------
    x : tensor, shape (..., frames, channels)
        A sequence.
    statistics : sequence of str
        Of ``mean``, ``std``, ``max``.

    Returns
    -------
    tensor, shape (..., channels * statistics)
        One after the other.
    """
    parts = [getattr(ops, name)(x, axis=-2) for name in statistics]
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)


def attention(x: Any, *, units: int) -> Any:
    """Sum up a sequence over time by a weighted mean whose weights are learnt.

    The gated attention of M. Ilse, J. Tomczak and M. Welling, "Attention-based deep multiple instance learning",
    ICML 2018: frames that distinguish genres weigh more.

    Parameters
    ----------
    x : tensor, shape (..., frames, channels)
        A sequence.
    units : int
        Width of the two Dense layers that a frame's weight comes out of.

    Returns
    -------
    tensor, shape (..., channels)
        Weights are 0 and up and sum to 1 over time.
    """
    hidden = layers.Dense(units, activation="tanh", name="attention_hidden")(x)
    gate = layers.Dense(units, activation="sigmoid", name="attention_gate")(x)
    weights = ops.softmax(layers.Dense(1, use_bias=False, name="attention_weight")(hidden * gate), axis=-2)
    return ops.sum(weights * x, axis=-2)


def head(x: Any, hp: Hyperparameters, *, classes: int, depth: int = 9) -> KerasTensor:
    """End a network: Dense layers, dropout behind them, and a softmax.

    Parameters
    ----------
    x : tensor, shape (..., values)
        What is known of a row.
    hp : mapping
        ``activation``, ``units_1``, ``units_2`` ... as far as there are any (0 units: no further layer),
        ``dropout_rate``, and, where not every layer has dropout, ``dropout_1``, ``dropout_2`` ... or ``dropout``.
    classes : int
        Number of genres.
    depth : int
        Layers at most.

    Returns
    -------
    tensor, shape (..., classes)
        Probabilities.
    """
    for number in range(1, depth + 1):
        if not (units := hp.get(f"units_{number}", 0)):
            break
        x = layers.Dense(units, activation=hp["activation"], name=f"dense_{number}")(x)
        if hp.get(f"dropout_{number}", hp.get("dropout", True)):
            x = layers.Dropout(hp["dropout_rate"], name=f"dropout_{number}")(x)
    return layers.Dense(classes, activation="softmax", name="genre")(x)


def lstm_stack(x: Any, hp: Hyperparameters, *, units: Sequence[int], classes: int) -> KerasTensor:
    """Read a sequence through LSTM layers, one above the other, and end the network with the last one's last output.

    Parameters
    ----------
    x : tensor, shape (rows, frames, channels)
        A sequence.
    hp : mapping
        ``activation``, and ``dropout_1``, ``dropout_rate1`` ... of the layers but the last.
    units : sequence of int
        Of each layer.
    classes : int
        Number of genres.

    Returns
    -------
    tensor, shape (rows, classes)
        Probabilities.
    """
    *below, last = units
    for number, count in enumerate(below, start=1):
        x = layers.LSTM(count, activation=hp["activation"], return_sequences=True, name=f"lstm_{number}")(x)
        if hp.get(f"dropout_{number}"):
            x = layers.Dropout(hp[f"dropout_rate{number}"], name=f"dropout_{number}")(x)
    x = layers.LSTM(last, activation=hp["activation"], name="lstm_last")(x)
    return layers.Dense(classes, activation="softmax", name="genre")(x)


def read_both_ways(x: Any, hp: Hyperparameters, *, classes: int) -> KerasTensor:
    """Read a sequence from both ends by LSTM layers, sum it up over time, and end the network.

    Where a row has several views, each is read on its own. The layers keep what cuDNN's kernels need (see the
    documentation of ``keras.layers.LSTM``).

    Parameters
    ----------
    x : tensor, shape (rows, frames, channels) or (rows, views, frames, channels)
        A sequence.
    hp : mapping
        ``lstm_1``, ``lstm_2`` (units each way; 0 is no layer), ``lstm_dropout`` (of a layer's input),
        ``statistics`` (see :func:`pool`) of the last layer's output, ``attention`` (units of :func:`attention` to
        it, joined to them; none where it is 0 or not given), ``input_statistics`` (of ``x`` itself, joined to them),
        and those of :func:`head`. Of statistics there may be none.
    classes : int
        Number of genres.

    Returns
    -------
    tensor, shape (rows, classes) or (rows, views, classes)
        Probabilities.
    """
    if len(x.shape) == 4:
        view = layers.Input(x.shape[2:])
        reader = Model(view, read_both_ways(view, hp, classes=classes), name="reader")
        return layers.TimeDistributed(reader, name="each_view")(x)
    read = x
    for number in (1, 2):
        if units := hp[f"lstm_{number}"]:
            read = layers.Dropout(hp["lstm_dropout"], name=f"lstm_dropout_{number}")(read)
            one_way = layers.LSTM(units, return_sequences=True)
            read = layers.Bidirectional(one_way, name=f"lstm_{number}")(read)
    parts = []
    if hp["statistics"]:
        parts.append(pool(read, statistics=hp["statistics"]))
    if units := hp.get("attention", 0):
        parts.append(attention(read, units=units))
    if hp["input_statistics"]:
        parts.append(pool(x, statistics=hp["input_statistics"]))
    summed = parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)
    summed = layers.Dropout(hp["dropout_rate"], name="dropout")(summed)
    return head(summed, hp, classes=classes)
