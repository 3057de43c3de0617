"""LSTM layers as a fit on a processor runs them: what does not hang on the frame before is one product over all frames.

Keras multiplies each frame by the input weights, and adds up the gradients of both weights, frame by frame: many small
products. Here the loop over time keeps what must be in it, the recurrent product and the gates; the arithmetic and the
weights are those of ``keras.layers.LSTM``, in another order of sums.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


class LSTM(keras.layers.LSTM):
    """``keras.layers.LSTM`` with its training loop rewritten; for a fit alone, never saved."""

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """Run over the frames; evaluation, which keeps nothing for gradients, runs as Keras does it."""
        if not training or mask is not None:
            return super().inner_loop(sequences, initial_state, mask, training=training)
        x = tf.transpose(sequences, [1, 0, 2])
        if self.go_backwards:
            # A slice with a negative step goes value by value; this copies frames.
            x = tf.gather(x, tf.range(tf.shape(x)[0] - 1, -1, -1))
        weights = (self.cell.kernel, self.cell.recurrent_kernel, self.cell.bias)
        outputs, carry = _lstm(x, *(tf.convert_to_tensor(weight) for weight in weights), *initial_state)
        last = outputs[-1]
        return last, tf.transpose(outputs, [1, 0, 2]), [last, carry]


def clone(model: keras.Model) -> keras.Model:
    """Clone a network for its fit: where no GPU has faster kernels, with the LSTM layers of this file.

    Parameters
    ----------
    model : keras.Model
        Any network.

    Returns
    -------
    keras.Model
        With variables of its own, of the same shapes in the same order.
    """
    fast = not tf.config.list_physical_devices("GPU")
    return keras.models.clone_model(model, clone_function=_layer if fast else None)


def _layer(layer: keras.layers.Layer) -> keras.layers.Layer:
    config = layer.get_config()
    if type(layer) is keras.layers.LSTM and _is_plain(layer):
        return LSTM.from_config(config)
    if type(layer) is keras.layers.Bidirectional:
        with keras.saving.custom_object_scope({LSTM.__name__: LSTM}):
            return keras.layers.Bidirectional(
                _layer(layer.forward_layer), merge_mode=layer.merge_mode, name=layer.name
            )
    if type(layer) is keras.layers.TimeDistributed and isinstance(layer.layer, keras.Model):
        return keras.layers.TimeDistributed(clone(layer.layer), name=layer.name)
    return layer.__class__.from_config(config)


def _is_plain(layer: keras.layers.LSTM) -> bool:
    return (
        (layer.activation, layer.recurrent_activation) == (keras.activations.tanh, keras.activations.sigmoid)
        and layer.use_bias
        and not (layer.dropout or layer.recurrent_dropout or layer.stateful or layer.unroll)
    )


@tf.custom_gradient
def _lstm(
    x: tf.Tensor, kernel: tf.Tensor, recurrent: tf.Tensor, bias: tf.Tensor, h0: tf.Tensor, c0: tf.Tensor
) -> Any:
    """Run an LSTM layer; gates in the order input, forget, candidate, output.

    Parameters
    ----------
    x : tensor, shape (frames, rows, channels)
        The sequence.
    kernel : tensor, shape (channels, 4 * units)
        Weights of the input.
    recurrent : tensor, shape (units, 4 * units)
        Weights of the output of the frame before.
    bias : tensor, shape (4 * units,)
        Added to both.
    h0, c0 : tensor, shape (rows, units)
        Output and carry before the first frame.

    Returns
    -------
    outputs : tensor, shape (frames, rows, units)
        Of each frame.
    carry : tensor, shape (rows, units)
        After the last frame.
    """
    frames, units, at_once = tf.shape(x)[0], recurrent.shape[0], _at_once(x.shape[0])
    flat = tf.reshape(x, [-1, x.shape[-1]])
    given = _as_array(_per_frame(tf.matmul(flat, kernel) + bias, like=x))

    def forward(first: Any, h: Any, c: Any, *kept: Any) -> Any:
        for frame in range(at_once):
            i, f, g, o = tf.split(given.read(first + frame) + tf.matmul(h, recurrent), 4, axis=1)
            i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
            c = f * c + i * g
            h = o * tf.tanh(c)
            written = zip(kept, (h, c, tf.concat([i, f, g, o], axis=1)), strict=True)
            kept = tuple(array.write(first + frame, value) for array, value in written)
        return first + at_once, h, c, *kept

    empty = [tf.TensorArray(tf.float32, size=frames) for _ in range(3)]
    loop = tf.while_loop(
        lambda frame, *_: frame < frames, forward, (0, h0, c0, *empty), parallel_iterations=1
    )
    last, carry = loop[1:3]
    outputs, carries, gates = (array.stack() for array in loop[3:])

    def gradients(d_outputs: tf.Tensor, d_carry: tf.Tensor) -> Any:
        i, f, g, o = tf.split(gates, 4, axis=2)
        squashed = tf.tanh(carries)
        before = tf.concat([c0[None], carries[:-1]], axis=0)
        # How each gate's sum changes the carry, and, of the output gate, the output.
        slopes = [g * i * (1.0 - i), before * f * (1.0 - f), i * (1.0 - g * g), squashed * o * (1.0 - o)]
        into_carry = o * (1.0 - squashed * squashed)
        arrays = [_as_array(value) for value in (d_outputs, into_carry, f, tf.concat(slopes, axis=2))]
        transposed = tf.transpose(recurrent)

        def backward(last: Any, dh: Any, dc: Any, sums: Any) -> Any:
            for frame in range(at_once):
                d_output, into, forget, slope = (array.read(last - frame) for array in arrays)
                dh = dh + d_output
                dc = dc + dh * into
                d_sum = tf.concat([dc, dc, dc, dh], axis=1) * slope
                sums = sums.write(last - frame, d_sum)
                dh, dc = tf.matmul(d_sum, transposed), dc * forget
            return last - at_once, dh, dc, sums

        state = (frames - 1, tf.zeros_like(h0), d_carry, tf.TensorArray(tf.float32, size=frames))
        _, dh0, dc0, sums = tf.while_loop(
            lambda frame, *_: frame >= 0, backward, state, parallel_iterations=1
        )
        d_sums = tf.reshape(sums.stack(), [-1, 4 * units])
        entered = tf.reshape(tf.concat([h0[None], outputs[:-1]], axis=0), [-1, units])
        return (
            tf.reshape(tf.matmul(d_sums, kernel, transpose_b=True), tf.shape(x)),
            tf.matmul(flat, d_sums, transpose_a=True),
            tf.matmul(entered, d_sums, transpose_a=True),
            tf.reduce_sum(d_sums, axis=0),
            dh0,
            dc0,
        )

    del last
    return (outputs, carry), gradients


def _at_once(frames: int | None) -> int:
    """Return how many frames a turn of the loop takes, which itself costs as much as a fifth of a frame.

    More than five take longer to trace than a search of few epochs saves.
    """
    return next(n for n in (5, 4, 3, 2, 1) if n == 1 or (frames and frames % n == 0))


def _per_frame(values: tf.Tensor, *, like: tf.Tensor) -> tf.Tensor:
    shape = tf.shape(like)
    return tf.reshape(values, [shape[0], shape[1], values.shape[-1]])


def _as_array(values: tf.Tensor) -> tf.TensorArray:
    return tf.TensorArray(values.dtype, size=tf.shape(values)[0]).unstack(values)
