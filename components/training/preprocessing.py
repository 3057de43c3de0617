"""Frozen preprocessing layers of a model: fitted to the train rows once, and run once.

A model marks the place by a layer named :data:`components.models.layers.PREPARED`; one that does not is trained whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import keras
import numpy as np

from components.models import layers as pieces
from components.training.dataset import Part
from components.training.inference import outputs


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
    x = x[:, :1] if len(model.input_shape) > 2 and model.input_shape[1] is None else x
    for layer in model.layers:
        scales = isinstance(layer, keras.layers.Normalization)
        if scales or layer.name in {*_FITTED, pieces.LEAST_SQUARES}:
            read_directly = layer.input is model.inputs[0]
            below = x if read_directly else outputs(keras.Model(model.input, layer.input), x)
            if scales:
                layer.adapt(below)
                _keep_constants(layer)
            elif layer.name == pieces.LEAST_SQUARES:
                layer.set_weights(_least_squares(below, layer=layer, train=train))
            else:
                layer.set_weights(_FITTED[layer.name](below.reshape(-1, below.shape[-1]), layer.units))


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


def _least_squares(x: np.ndarray, *, layer: keras.layers.Dense, train: Part) -> list[np.ndarray]:
    from sklearn.linear_model import Ridge

    x, weights = x.astype(np.float64), np.ones(len(x)) if train.weights is None else train.weights
    # Genres count alike, so that a genre is not less probable because the folds left it fewer songs.
    weights = weights / np.bincount(train.y, weights)[train.y]
    # Rows of one song repeat each other: the penalty stands beside a sum over songs.
    weights *= train.rows["track"].nunique() / weights.sum()
    distances = np.square(x - np.average(x, axis=0, weights=weights)).sum(axis=1)
    penalty = float(layer.kernel_regularizer.l2) * float(np.average(distances, weights=weights))
    fitted = Ridge(max(penalty, float(np.finfo(np.float32).eps)), solver="cholesky")
    fitted.fit(x, np.eye(layer.units)[train.y], sample_weight=weights)
    return [fitted.coef_.T.astype(np.float32), fitted.intercept_.astype(np.float32)]


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
        augmented = (
            None if part.augmented is None else np.stack([outputs(fixed, view) for view in part.augmented])
        )
        return replace(part, x=outputs(fixed, part.x), augmented=augmented)

    train = _one_row_a_view(through(train)) if has_views(model) else through(train)
    return trained, train, validation and through(validation)


def _one_row_a_view(part: Part) -> Part:
    views, *shape = part.x.shape[1:]
    augmented = part.augmented
    repeated = replace(part, augmented=None).take(np.repeat(np.arange(len(part.y)), views))
    if augmented is not None:
        augmented = augmented.reshape(len(augmented), -1, 1, *shape)
    return replace(repeated, x=part.x.reshape(-1, 1, *shape), augmented=augmented)
