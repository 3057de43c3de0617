"""YAMNet: its weights, and its network as front end and body, so that many clips are embedded in one call.

The published model takes one waveform, frames it, and pads its end with silence to a whole patch. Here the
same weights run on patches that lie inside the clip. Given the patches of the published model, the body gives
its embeddings (tests hold it to that).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from components.core import hashing
from components.core.errors import MissingWeightsError, PretrainedError
from components.features.encoders import base, hub
from components.features.encoders.base import SEED, UNTRAINED, Encoder

LICENCE = "Apache-2.0"
TRAINED_ON = "AudioSet, sounds of YouTube videos"
PARAMETERS = 3_700_000
REQUIREMENTS = hub.REQUIREMENTS

#: Hz, and samples: 25 ms a frame, every 10 ms.
SAMPLE_RATE, FRAME, FRAME_HOP, N_FFT = 16_000, 400, 160, 512
#: Mel bands, their range in Hz, and what is added before the logarithm.
MELS, LOWEST, HIGHEST, OFFSET = 64, 125.0, 7_500.0, 0.001
#: Frames of a patch (0.96 s), and from one to the next in the published model (0.48 s).
PATCH, PATCH_HOP = 96, 48
WIDTH = 1024
#: Clips embedded in one call: 60 patches of 3-s segments. More is no faster, and takes more memory.
BATCH = 10
#: Of an export: more is no faster, and takes 5 MB a clip.
EXPORTED_BATCH = 1
#: On a GPU: 1,536 patches, half a gigabyte of its memory.
GPU_BATCH = 256

#: Ending of what :func:`export` writes.
EXPORTED = ".tflite"

_LAYERS = 14
#: Layers whose depthwise convolution halves time and frequency.
_HALVING = frozenset({3, 5, 7, 13})
#: Added to variances by the published model's batch normalisation.
_EPSILON = 1e-4


def locate(value: str) -> Path:
    """Return the model's folder, see :func:`components.features.encoders.hub.locate`."""
    return hub.locate(value)


def load(value: str) -> Encoder:
    """Load the published weights, downloaded where the cache lacks a handle; or what :func:`export` wrote.

    Returns
    -------
    Encoder
        ``run(clips, starts=starts)`` takes clips ``(n, samples)`` at ``SAMPLE_RATE`` and the first frame of each
        patch, and returns ``[(n, patches, 1024)]``, float32, 0 and up.
    """
    if value.endswith(EXPORTED):
        return _exported(Path(value))
    weights, sha256 = _published(value)
    return Encoder(
        "yamnet",
        _runner(body(weights)),
        origin=value,
        trained=True,
        sha256=sha256,
        batch=base.batch(cpu=BATCH, gpu=GPU_BATCH),
    )


def _published(value: str) -> tuple[dict[str, np.ndarray], str]:
    model, sha256 = hub.load(value)
    variables = model.__call__.concrete_functions[0].variables
    return {variable.name.split(":")[0]: variable.numpy() for variable in variables}, sha256


def untrained() -> Encoder:
    """Build a small stand-in: a seeded projection of each patch, rectified."""
    weights = _projection()

    def project(patches: np.ndarray) -> np.ndarray:
        means = patches.reshape(len(patches), PATCH // 8, 8, MELS).mean(axis=2)
        return np.maximum(means.reshape(len(patches), -1) @ weights, np.float32(0))

    digest = hashing.arrays([weights])
    return Encoder(
        "yamnet", _runner(project), origin=f"seed {SEED}", trained=False, sha256=digest, batch=BATCH
    )


def _projection() -> np.ndarray:
    # Means of 8 frames: what a projection keeps of a patch does not hang on a few milliseconds.
    pooled = PATCH // 8 * MELS
    return np.random.default_rng(SEED).normal(0.0, pooled**-0.5, (pooled, WIDTH)).astype(np.float32)


def _runner(embed: Callable[[np.ndarray], np.ndarray]) -> Callable[..., list[np.ndarray]]:
    spectra = front_end()

    def run(clips: np.ndarray, *, starts: np.ndarray) -> list[np.ndarray]:
        patches = spectra(np.ascontiguousarray(clips))[:, starts[:, np.newaxis] + np.arange(PATCH)]
        embedded = embed(patches.reshape(-1, *patches.shape[2:]))
        return [embedded.reshape(len(clips), len(starts), -1)]

    return run


def patch_starts(samples: int) -> np.ndarray:
    """Place patches in a clip: as many as the published model takes, evenly, none past the end.

    Parameters
    ----------
    samples : int
        Length of the clip at ``SAMPLE_RATE``.

    Returns
    -------
    ndarray of int64, shape (patches,)
        First frame of each; for 3 s the six of 0, 0.4, ... 2.0 s.
    """
    frames = 1 + max(0, samples - FRAME) // FRAME_HOP
    shortest = FRAME + (PATCH - 1) * FRAME_HOP
    patches = 1 + max(0, -(-(samples - shortest) // (PATCH_HOP * FRAME_HOP)))
    hop = (frames - PATCH) // (patches - 1) if patches > 1 else 0
    return np.arange(patches) * hop


def embed(clips: np.ndarray, *, encoder: Encoder, frames: int | None = None) -> np.ndarray:
    """Embed each clip on patches that lie evenly inside it.

    Parameters
    ----------
    clips : ndarray of float32, shape (n, samples)
        Mono at ``SAMPLE_RATE``.
    encoder : Encoder
        From :func:`load` or :func:`untrained`.
    frames : int, optional
        Patches; by default as many as :func:`patch_starts` places.

    Returns
    -------
    ndarray of float32, shape (n, frames, 1024)
        0 and up.
    """
    starts = patch_starts(clips.shape[1])
    if frames is not None:
        starts = np.linspace(0, starts[-1], frames).round().astype(np.int64)
    values = np.empty((len(clips), len(starts), WIDTH), dtype=np.float32)
    for first in range(0, len(clips), encoder.batch):
        last = first + encoder.batch
        (values[first:last],) = encoder.run(clips[first:last], starts=starts)
    return values


def front_end() -> Callable[[np.ndarray], np.ndarray]:
    """Build the front end.

    Returns
    -------
    callable
        Clips ``(n, samples)`` to log mel frames ``(n, frames, 64)``, float32. A clip shorter than a patch is
        padded with silence.
    """
    import tensorflow as tf

    bands = _bands()

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.float32)])
    def run(clips: Any) -> Any:
        magnitude = tf.abs(tf.signal.stft(clips, FRAME, FRAME_HOP, N_FFT))
        return tf.math.log(tf.matmul(magnitude, bands) + OFFSET)

    return lambda clips: run(tf.constant(_long_enough(clips))).numpy()


def _bands() -> Any:
    import tensorflow as tf

    return tf.signal.linear_to_mel_weight_matrix(MELS, N_FFT // 2 + 1, SAMPLE_RATE, LOWEST, HIGHEST)


def _long_enough(clips: np.ndarray) -> np.ndarray:
    missing = FRAME + (PATCH - 1) * FRAME_HOP - clips.shape[1]
    return np.pad(clips, ((0, 0), (0, missing))) if missing > 0 else clips


def body(weights: Mapping[str, np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """Build the body from the published model's weights.

    Parameters
    ----------
    weights : mapping of str to ndarray
        By the variables' names: ``layer1/conv/kernel``, ``layer2/depthwise_conv/bn/beta`` and so on.

    Returns
    -------
    callable
        Patches ``(n, 96, 64)`` to embeddings ``(n, 1024)``, float32.

    Raises
    ------
    PretrainedError
        If a weight is missing: it is another model.
    """
    import tensorflow as tf

    run = _graph(weights)
    return lambda patches: run(tf.constant(patches)).numpy()


def _graph(weights: Mapping[str, np.ndarray]) -> Any:
    import tensorflow as tf

    try:
        first = _folded(weights, "layer1/conv", "kernel")
        layers = [f"layer{number}" for number in range(2, _LAYERS + 1)]
        depthwise = [_folded(weights, f"{layer}/depthwise_conv", "depthwise_kernel") for layer in layers]
        pointwise = [_folded(weights, f"{layer}/pointwise_conv", "kernel") for layer in layers]
    except KeyError as error:
        raise PretrainedError(f"not YAMNet: it has no variable {error}") from error

    # The weights are constants of the graph, so that TensorFlow joins convolution, bias and activation.
    @tf.function(input_signature=[tf.TensorSpec((None, PATCH, MELS), tf.float32)])
    def run(patches: Any) -> Any:
        kernel, bias = first
        x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(patches[..., tf.newaxis], kernel, 2, "SAME"), bias))
        for number, (deep, point) in enumerate(zip(depthwise, pointwise, strict=True), start=2):
            step = 2 if number in _HALVING else 1
            x = tf.nn.depthwise_conv2d(x, deep[0], [1, step, step, 1], "SAME")
            x = tf.nn.relu(tf.nn.bias_add(x, deep[1]))
            x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, point[0], 1, "SAME"), point[1]))
        return tf.reduce_mean(x, axis=[1, 2])

    return run


def _folded(weights: Mapping[str, np.ndarray], layer: str, kernel: str) -> tuple[np.ndarray, np.ndarray]:
    # Batch normalisation with fixed statistics is a factor and a bias of each channel.
    factor = 1.0 / np.sqrt(weights[f"{layer}/bn/moving_variance"].astype(np.float64) + _EPSILON)
    bias = weights[f"{layer}/bn/beta"] - weights[f"{layer}/bn/moving_mean"] * factor
    if kernel == "depthwise_kernel":
        factor = factor[:, np.newaxis]
    return (weights[f"{layer}/{kernel}"] * factor).astype(np.float32), bias.astype(np.float32)


def export(value: str, *, options: Sequence[Mapping[str, Any]], to: Path) -> None:
    """Export the encoder to LiteRT, so that a prediction need not wait for TensorFlow; :func:`load` takes the file.

    Its values differ from TensorFlow's in the last digits, so features are never extracted by it.

    Parameters
    ----------
    value : str
        As of :func:`load`, or :data:`components.features.encoders.base.UNTRAINED`.
    options : sequence of mapping
        Of the features that run it, which change nothing.
    to : Path
        The file to write, which ends in :data:`EXPORTED`.
    """
    import tensorflow as tf

    bands = _bands()
    projection = _projection()
    published = None if value == UNTRAINED else _graph(_published(value)[0])

    @tf.function(input_signature=[tf.TensorSpec((None, PATCH, N_FFT // 2 + 1), tf.float32)])
    def run(magnitudes: Any) -> Any:
        patches = tf.math.log(tf.matmul(magnitudes, bands) + OFFSET)
        if published is not None:
            return published(patches)
        means = tf.reduce_mean(tf.reshape(patches, (-1, PATCH // 8, 8, MELS)), axis=2)
        return tf.nn.relu(tf.matmul(tf.reshape(means, (-1, len(projection))), projection))

    to.write_bytes(
        tf.lite.TFLiteConverter.from_concrete_functions([run.get_concrete_function()], run).convert()
    )


def _exported(path: Path) -> Encoder:
    from components.core.litert import Graph

    if not path.is_file():
        raise MissingWeightsError(
            "there is no such file; valid: what was exported, a folder, or a handle of TensorFlow Hub"
        )
    graph = Graph(path)
    # As tf.signal.hann_window: periodic.
    window = np.hanning(FRAME + 1)[:-1].astype(np.float32)

    def run(clips: np.ndarray, *, starts: np.ndarray) -> list[np.ndarray]:
        frames = np.lib.stride_tricks.sliding_window_view(_long_enough(clips), FRAME, axis=1)[:, ::FRAME_HOP]
        magnitudes = np.abs(np.fft.rfft(frames * window, N_FFT))
        patches = magnitudes[:, starts[:, np.newaxis] + np.arange(PATCH)]
        return [graph(patches.reshape(-1, *patches.shape[2:])).reshape(len(clips), len(starts), -1)]

    return Encoder(
        "yamnet", run, origin=path.name, trained=True, sha256=hashing.file(path), batch=EXPORTED_BATCH
    )
