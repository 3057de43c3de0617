"""Frozen preprocessing layers of a model: fitted to the train rows once, and run once.

A model marks the place by a layer named :data:`components.models.layers.PREPARED`; one that does not is trained whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import keras
import numpy as np

from components.models import layers as pieces
from components.training import stored_rows
from components.training.dataset import Part, genre_shares
from components.training.inference import outputs
from components.training.stored_rows import Rows

#: Numbers, rows times columns, of the evenly spaced rows that principal components and bins are fitted to where rows
#: are on disk: 256 MiB, of which the decomposition makes a few copies.
SAMPLE = 2**26
#: Numbers of a column that are added up as float32: of more, the sum's last bits would hide a single one.
SUMMED_SINGLY = 2**22


def adapt(model: keras.Model, train: Part) -> None:
    """Fit standardisation, bins, principal components and least squares to the rows a model will be fitted on.

    Parameters
    ----------
    model : keras.Model
        Freshly built.
    train : Part
        Train rows alone.
    """
    x = train.x
    # Of several views, the first is the row itself; the others repeat it.
    x = stored_rows.first_view(x) if len(model.input_shape) > 2 and model.input_shape[1] is None else x
    for layer in model.layers:
        scales = isinstance(layer, keras.layers.Normalization)
        if scales or layer.name in {*_FITTED, pieces.LEAST_SQUARES}:
            read_directly = layer.input is model.inputs[0]
            below = x if read_directly else outputs(keras.Model(model.input, layer.input), x)
            if scales:
                _standardise(layer, below)
                _keep_constants(layer)
            elif layer.name == pieces.LEAST_SQUARES:
                fitted = (
                    _normal_equations(below, layer=layer, train=train)
                    if train.is_stored
                    else _least_squares(stored_rows.in_memory(below), layer=layer, train=train)
                )
                layer.set_weights(fitted)
            else:
                below = _sample(below) if train.is_stored else stored_rows.in_memory(below)
                layer.set_weights(_FITTED[layer.name](below.reshape(-1, below.shape[-1]), layer.units))


def _standardise(layer: keras.layers.Normalization, x: Rows) -> None:
    mean, variance = _moments(x)
    layer.adapt_mean.assign(mean)
    layer.adapt_variance.assign(variance)
    layer.finalize_state()


def _moments(x: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance of the last axis, some rows at a time.

    They are those of ``keras.layers.Normalization.adapt`` to the bit, which takes two copies of all rows for it.
    """
    columns = x.shape[-1]
    count = x.size // columns
    exact = np.float64 if count > SUMMED_SINGLY else np.float32

    def summed(number: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        total = np.zeros((0, columns), dtype=exact)
        # NumPy adds up a single column in pairs: it is read as one.
        passes = stored_rows.blocks(x) if columns > 1 else [stored_rows.in_memory(x)]
        for block in passes:
            rows = number(block.reshape(-1, columns).astype(exact, copy=False))
            total = np.add.reduce(np.concatenate([total, rows]), axis=0, keepdims=True)
        return total[0] / exact(count)

    mean = summed(lambda rows: rows)
    return mean, summed(lambda rows: np.square(rows - mean))


def _sample(x: Rows) -> np.ndarray:
    """Read as many rows, evenly spaced, as are taken for what cannot be fitted some rows at a time."""
    most = max(1, SAMPLE // max(1, x.size // len(x)))
    if len(x) <= most:
        return stored_rows.in_memory(x)
    return x[np.linspace(0, len(x) - 1, most).astype(np.int64)]


def _keep_constants(layer: keras.layers.Normalization) -> None:
    # Keras divides by 1e-7 where no train row differs, so that a row which does is off by millions; as in
    # scikit-learn's StandardScaler, such a column keeps its scale.
    rounding = float(np.finfo(np.float32).eps) * keras.ops.abs(layer.adapt_mean)
    constant = keras.ops.sqrt(layer.adapt_variance) <= 10.0 * rounding
    layer.adapt_variance.assign(keras.ops.where(constant, 1.0, layer.adapt_variance))
    layer.finalize_state()


def _components(x: np.ndarray, count: int) -> list[np.ndarray]:
    from sklearn.decomposition import PCA

    fitted = PCA(min(count, *x.shape), svd_solver="full").fit(x)
    scale = 1.0 / np.sqrt(np.mean(fitted.transform(x) ** 2))
    kernel, bias = np.zeros((x.shape[1], count), dtype=np.float32), np.zeros(count, dtype=np.float32)
    kernel[:, : fitted.n_components_] = fitted.components_.T * scale
    bias[: fitted.n_components_] = -fitted.mean_ @ fitted.components_.T * scale
    return [kernel, bias]


def _bins(x: np.ndarray, count: int) -> list[np.ndarray]:
    columns = x.shape[1]
    edges = np.quantile(x, np.linspace(0.0, 1.0, count // columns + 1), axis=0)
    width = np.diff(edges, axis=0)
    # Where many rows have one value, a bin has no width; it keeps the scale of its column.
    slope = 1.0 / np.where(width > 1e-6, width, 1.0)
    kernel = np.concatenate([np.diag(row) for row in slope], axis=1)
    return [kernel.astype(np.float32), (-edges[:-1] * slope).ravel().astype(np.float32)]


def _weights(train: Part) -> np.ndarray:
    # Genres count alike, so that a genre is not less probable because the folds left it fewer songs.
    weights = genre_shares(train)
    # Rows of one song repeat each other: the penalty stands beside a sum over songs.
    weights *= train.rows["track"].nunique() / weights.sum()
    return weights


def _penalty(layer: keras.layers.Dense, distance: float) -> float:
    return max(float(layer.kernel_regularizer.l2) * distance, float(np.finfo(np.float32).eps))


def _least_squares(x: np.ndarray, *, layer: keras.layers.Dense, train: Part) -> list[np.ndarray]:
    from sklearn.linear_model import Ridge

    x, weights = x.astype(np.float64), _weights(train)
    distances = np.square(x - np.average(x, axis=0, weights=weights)).sum(axis=1)
    fitted = Ridge(_penalty(layer, float(np.average(distances, weights=weights))), solver="cholesky")
    fitted.fit(x, np.eye(layer.units)[train.y], sample_weight=weights)
    return [fitted.coef_.T.astype(np.float32), fitted.intercept_.astype(np.float32)]


def _normal_equations(x: Rows, *, layer: keras.layers.Dense, train: Part) -> list[np.ndarray]:
    """Solve :func:`_least_squares` from sums over all rows, which are read twice."""
    from scipy.linalg import solve

    weights, labels = _weights(train), np.eye(layer.units)

    def passes() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        done = 0
        for block in stored_rows.blocks(x):
            rows = slice(done, done + len(block))
            done = rows.stop
            yield block.astype(np.float64), labels[train.y[rows]], weights[rows]

    total, columns = weights.sum(), x.shape[-1]
    mean = sum((weight @ block for block, _, weight in passes()), np.zeros(columns)) / total
    share = np.bincount(train.y, weights, minlength=layer.units) / total
    products, targets = np.zeros((columns, columns)), np.zeros((columns, layer.units))
    for block, label, weight in passes():
        centred = block - mean
        weighed = centred * weight[:, None]
        products += weighed.T @ centred
        targets += weighed.T @ (label - share)
    products.flat[:: columns + 1] += _penalty(layer, float(np.trace(products)) / total)
    kernel = solve(products, targets, assume_a="pos")
    return [kernel.astype(np.float32), (share - mean @ kernel).astype(np.float32)]


#: What sets the kernel and bias of a Dense layer of this name, from what reaches it of the train rows, and its units.
_FITTED: dict[str, Callable[[np.ndarray, int], list[np.ndarray]]] = {
    pieces.COMPONENTS: _components,
    pieces.PIECEWISE: _bins,
}


def _marked(model: keras.Model) -> bool:
    return any(layer.name == pieces.PREPARED for layer in model.layers)


def has_views(model: keras.Model) -> bool:
    """Test whether a model takes several views of a row; each is then a row of its own in training."""
    if not _marked(model):
        return False
    shape = model.get_layer(pieces.PREPARED).output.shape
    return len(shape) > 2 and shape[1] is None


def run(model: keras.Model, *, train: Part, validation: Part | None) -> tuple[keras.Model, Part, Part | None]:
    """Run the frozen layers, once, and return what is trained.

    Parameters
    ----------
    model : keras.Model
        Compiled; it shares its weights and optimizer with the model returned.
    train, validation : Part
        Rows as the model takes them.

    Returns
    -------
    model : keras.Model
        The part that is trained, compiled; the whole model where it marks no beginning.
    train, validation : Part
        What reaches it of each row; of validation rows, not of their augmented views.
    """
    validation = validation and replace(validation, augmented=None)
    if not _marked(model):
        return model, train, validation
    fixed = keras.Model(model.input, model.get_layer(pieces.PREPARED).output)
    trained = keras.Model(fixed.output, model.output, name=model.name)
    trained.compile(
        optimizer=model.optimizer,
        loss=model.loss,
        weighted_metrics=["accuracy"],
        steps_per_execution=model.steps_per_execution,
        jit_compile=False,
    )

    def through(part: Part) -> Part:
        views = None if part.augmented is None else [outputs(fixed, view) for view in part.augmented]
        return replace(part, x=outputs(fixed, part.x), augmented=views)

    train = _one_row_a_view(through(train)) if has_views(model) else through(train)
    return trained, train, validation and through(validation)


def _one_row_a_view(part: Part) -> Part:
    again = np.repeat(np.arange(len(part.y)), part.x.shape[1])
    views = None if part.augmented is None else [stored_rows.each_view(view) for view in part.augmented]
    return Part(
        x=stored_rows.each_view(part.x),
        y=part.y[again],
        rows=part.rows.iloc[again].reset_index(drop=True),
        weights=None if part.weights is None else part.weights[again],
        augmented=views,
    )
