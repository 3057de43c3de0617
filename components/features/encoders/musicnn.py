"""musicnn: two convolutional networks trained to tag music (J. Pons and X. Serra, ISMIR 2019 late-breaking demo).

One network, trained on the Million Song Dataset (``msd``) and on MagnaTagATune (``mtt``): their songs may include some
of a collection that a model here is tested on. The weights lie in the PyPI package musicnn 0.1.0, which cannot be
installed beside NumPy 2: ``python -m components.features.encoders.musicnn WHEEL`` unpacks them.
"""

from __future__ import annotations

import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, field_validator

from components.config.strict import Strict
from components.core import atomic, hashing
from components.core.errors import MissingWeightsError, PretrainedError
from components.features.encoders import base
from components.features.encoders.base import SEED, UNTRAINED, Encoder

LICENCE = "ISC, as the package musicnn 0.1.0 states; copies elsewhere are CC BY-NC-SA 4.0"
TRAINED_ON = "the Million Song Dataset and MagnaTagATune, which may hold songs that it is tested on"
PARAMETERS = 2 * 792_079
REQUIREMENTS = ()

#: Hz, and samples: a centred frame of 32 ms, every 16 ms.
SAMPLE_RATE, N_FFT, FRAME_HOP = 16_000, 512, 256
#: Mel bands (Slaney's, as librosa's), and the factor before log10(1 + factor * power).
MELS, FACTOR = 96, 10_000.0
#: Frames of a patch: 3 s without the last frame.
PATCH = 187
#: Values of each layer that can be taken.
WIDTHS = {"penultimate": 200, "mean_pool": 753, "max_pool": 753, "tags": 50}
NETWORKS = {"msd": "MSD_musicnn", "mtt": "MTT_musicnn"}

#: Clips embedded in one call. More is no faster, and takes more memory.
BATCH = 16
#: On a GPU.
GPU_BATCH = 256
#: Of an export: more is no faster, and takes 15 MB a clip.
EXPORTED_BATCH = 1

#: Ending of what :func:`export` writes: a folder with a graph of each network, which gives all of its layers.
EXPORTED = ".litert"

#: Endings of a checkpoint's files.
_PARTS = (".index", ".data-00000-of-00001")
#: Filters and kernel (frames, bands) of the front end: timbre over 0.4 and 0.7 of the bands, then rhythm.
_TIMBRE, _RHYTHM = ((204, (7, 38)), (204, (7, 67))), ((51, (128, 1)), (51, (64, 1)), (51, (32, 1)))
#: Filters and frames of each of the three layers of the middle.
_MIDDLE, _MIDDLE_FRAMES = 64, 7
#: Added to variances by the published networks' batch normalisation.
_EPSILON = 1e-3


class Layers(Strict):
    """Which of the two networks, and which of their layers, stand side by side in a row."""

    networks: Annotated[tuple[Literal["msd", "mtt"], ...], Field(min_length=1)] = ("msd",)
    layers: Annotated[
        tuple[Literal["penultimate", "mean_pool", "max_pool", "tags"], ...], Field(min_length=1)
    ] = ("max_pool", "penultimate", "tags")

    @field_validator("networks", "layers")
    @classmethod
    def _once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names):
            raise ValueError(f"{', '.join(names)}; valid: each once")
        return names


def locate(value: str) -> Path:
    """Return the folder of both checkpoints; it may not exist.

    Parameters
    ----------
    value : str
        A path, or ``package``: then where ``make`` unpacked the package's, beside this Python's libraries.
    """
    return Path(sys.prefix) / "share" / "musicnn" if value == "package" else Path(value)


def load(value: str) -> Encoder:
    """Load both published networks; or what :func:`export` wrote.

    Returns
    -------
    Encoder
        ``run(clips, networks=networks, layers=layers)`` takes clips ``(n, samples)`` at ``SAMPLE_RATE``, keys of
        ``NETWORKS`` and keys of ``WIDTHS``, and returns each network's layers ``(n, patches, width)``, one after the
        other, float32; ``tags`` are log-odds. A clip shorter than a patch is repeated until it fills one.
    """
    folder = locate(value)
    if value.endswith(EXPORTED):
        return _exported(folder)
    files = [folder / f"{name}{part}" for name in NETWORKS for part in _PARTS]
    if missing := [file for file in files if not file.is_file()]:
        raise MissingWeightsError(
            f"{missing[0]} is not there; `make install` puts it there; elsewhere, unpack the wheel of musicnn 0.1.0 "
            f"with `python -m {__name__} WHEEL FOLDER`"
        )
    networks = {name: _published(name, folder=folder) for name in NETWORKS}
    return Encoder(
        "musicnn",
        _runner(networks),
        origin=value,
        trained=True,
        sha256=hashing.files(files),
        batch=base.batch(cpu=BATCH, gpu=GPU_BATCH),
    )


def untrained() -> Encoder:
    """Build the same networks with He's initialisation."""
    networks = _drawn()
    drawn = [weight for built in networks.values() for weight in built.get_weights()]
    return Encoder(
        "musicnn",
        _runner(networks),
        origin=f"seed {SEED}",
        trained=False,
        sha256=hashing.arrays(drawn),
        batch=base.batch(cpu=BATCH, gpu=GPU_BATCH),
    )


def _published(name: str, *, folder: Path) -> Any:
    built = network()
    built.set_weights(_checkpoint(folder / name, names=[weight.path for weight in built.weights]))
    return built


def _drawn() -> dict[str, Any]:
    # By NumPy: the same on every machine, and no other random state is touched.
    random = np.random.default_rng(SEED)
    networks = {name: network() for name in NETWORKS}
    for built in networks.values():
        weights = built.get_weights()
        for place, weight in enumerate(weights):
            if weight.ndim > 1:
                scale = (2.0 / np.prod(weight.shape[:-1])) ** 0.5
                weights[place] = random.normal(0.0, scale, weight.shape).astype(np.float32)
        built.set_weights(weights)
    return networks


def embed(clips: np.ndarray, *, layers: Layers, encoder: Encoder) -> np.ndarray:
    """Embed each clip; of one that is longer than a patch, the mean over its patches.

    Parameters
    ----------
    clips : ndarray of float32, shape (n, samples)
        Mono at ``SAMPLE_RATE``.
    layers : Layers
        Networks and layers.
    encoder : Encoder
        From :func:`load` or :func:`untrained`.

    Returns
    -------
    ndarray of float32, shape (n, width)
        Layer by layer of one network after the other. Of either sign, since the networks normalise them.
    """
    rows = []
    for first in range(0, len(clips), encoder.batch):
        some = clips[first : first + encoder.batch]
        values = encoder.run(some, networks=layers.networks, layers=layers.layers)
        rows.append(np.concatenate([layer.mean(axis=1) for layer in values], axis=-1))
    return np.concatenate(rows)


def unpack(wheel: Path, *, folder: Path) -> None:
    """Take both networks' checkpoints, and the licence, out of the package's wheel."""
    with zipfile.ZipFile(wheel) as packed, atomic.replacing_folder(folder) as place:
        for name, packaged in NETWORKS.items():
            for part in _PARTS:
                (place / f"{name}{part}").write_bytes(packed.read(f"musicnn/{packaged}/{part}"))
        (place / "LICENSE.md").write_bytes(packed.read("musicnn-0.1.0.dist-info/LICENSE.md"))


def network() -> Any:
    """Build the network, its layers named as the published checkpoints name them.

    Returns
    -------
    keras.Model
        Patches ``(n, 187, 96)`` to a mapping by the keys of ``WIDTHS``.
    """
    from keras import Input, Model, layers, ops

    counts: Counter[str] = Counter()

    def name(kind: str) -> str:
        counts[kind] += 1
        return f"{kind}_{counts[kind] - 1}" if counts[kind] > 1 else kind

    def normalised(x: Any) -> Any:
        return layers.BatchNormalization(epsilon=_EPSILON, name=name("batch_normalization"))(x)

    def convolved(x: Any, filters: int, kernel: tuple[int, int], padding: str) -> Any:
        convolution = layers.Conv2D(filters, kernel, padding=padding, activation="relu", name=name("conv2d"))
        return normalised(convolution(x))

    def framed(x: Any) -> Any:
        # Padded along time alone: the kernel is as wide as what is left of the bands.
        return layers.ZeroPadding2D(((_MIDDLE_FRAMES // 2,) * 2, (0, 0)))(x)

    inputs = Input((PATCH, MELS))
    x = normalised(ops.expand_dims(inputs, -1))
    timbre = [convolved(framed(x), filters, kernel, "valid") for filters, kernel in _TIMBRE]
    rhythm = [convolved(x, filters, kernel, "same") for filters, kernel in _RHYTHM]
    front = ops.concatenate([ops.max(part, axis=2) for part in timbre + rhythm], axis=-1)
    stages, x = [front], front
    for number in range(3):
        y = framed(ops.expand_dims(x, -1))
        y = ops.squeeze(convolved(y, _MIDDLE, (_MIDDLE_FRAMES, x.shape[-1]), "valid"), axis=2)
        x = y if number == 0 else x + y
        stages.append(x)
    x = ops.concatenate(stages, axis=-1)
    largest, mean = ops.max(x, axis=1), ops.mean(x, axis=1)
    # Largest and mean of a channel lie side by side in the published weights.
    pooled = ops.reshape(ops.stack([largest, mean], axis=-1), (-1, 2 * x.shape[-1]))
    dense = layers.Dense(WIDTHS["penultimate"], activation="relu", name=name("dense"))
    penultimate = normalised(dense(normalised(pooled)))
    tags = layers.Dense(WIDTHS["tags"], name=name("dense"))(penultimate)
    return Model(
        inputs,
        {"penultimate": penultimate, "mean_pool": mean, "max_pool": largest, "tags": tags},
        name="musicnn",
    )


def front_end() -> Callable[[np.ndarray], np.ndarray]:
    """Build the front end: clips ``(n, samples)`` to patches ``(n, patches, 187, 96)``, one after the other."""
    import tensorflow as tf

    logarithms = _logarithms()

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.float32)])
    def spectra(clips: Any) -> Any:
        centred = tf.pad(clips, ((0, 0), (N_FFT // 2, N_FFT // 2)))
        return logarithms(tf.square(tf.abs(tf.signal.stft(centred, N_FFT, FRAME_HOP))))

    return lambda clips: _patches(spectra(tf.constant(_long_enough(clips))).numpy())


def _logarithms() -> Callable[[Any], Any]:
    """Build what follows the spectra of power: mel bands, and their logarithms."""
    import librosa
    import tensorflow as tf

    bands = tf.constant(librosa.filters.mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=MELS).T)
    return lambda power: tf.math.log1p(FACTOR * tf.matmul(power, bands)) / tf.math.log(10.0)


def _long_enough(clips: np.ndarray) -> np.ndarray:
    shortest = PATCH * FRAME_HOP
    return clips if clips.shape[1] >= shortest else np.stack([np.resize(clip, shortest) for clip in clips])


def _patches(frames: np.ndarray) -> np.ndarray:
    """Cut frames ``(n, frames, values)`` into patches ``(n, patches, 187, values)``, one after the other."""
    patches = frames.shape[1] // PATCH
    return frames[:, : patches * PATCH].reshape(len(frames), patches, PATCH, frames.shape[-1])


def _checkpoint(prefix: Path, *, names: Sequence[str]) -> list[np.ndarray]:
    import tensorflow as tf

    try:
        reader = tf.train.load_checkpoint(str(prefix))
        return [reader.get_tensor(name) for name in names]
    except (ValueError, tf.errors.OpError) as error:
        raise PretrainedError(f"{prefix} is not musicnn: {' '.join(str(error).split())[:200]}") from error


def _runner(networks: Mapping[str, Any]) -> Callable[..., list[np.ndarray]]:
    import tensorflow as tf

    patches_of = front_end()
    shape = [tf.TensorSpec((None, PATCH, MELS), tf.float32)]
    compiled = {
        name: tf.function(partial(built, training=False), input_signature=shape)
        for name, built in networks.items()
    }

    def run(clips: np.ndarray, *, networks: Sequence[str], layers: Sequence[str]) -> list[np.ndarray]:
        patches = patches_of(np.ascontiguousarray(clips))
        flat = tf.constant(patches.reshape(-1, PATCH, MELS))
        outputs = [compiled[name](flat) for name in networks]
        return [
            values[layer].numpy().reshape(len(clips), patches.shape[1], -1)
            for values in outputs
            for layer in layers
        ]

    return run


def export(value: str, *, options: Sequence[Mapping[str, Any]], to: Path) -> None:
    """Export the networks to LiteRT, so that a prediction need not wait for TensorFlow; :func:`load` takes the folder.

    Their values differ from TensorFlow's in the last digits, so features are never extracted by them.

    Parameters
    ----------
    value : str
        As of :func:`load`, or :data:`components.features.encoders.base.UNTRAINED`.
    options : sequence of mapping
        ``networks`` of each feature that runs them: others are not exported.
    to : Path
        The folder to write, which ends in :data:`EXPORTED`.
    """
    drawn = _drawn() if value == UNTRAINED else {}
    to.mkdir()
    for name in sorted({name for some in options for name in some["networks"]}):
        built = drawn.get(name) or _published(name, folder=locate(value))
        (to / f"{name}.tflite").write_bytes(_converted(built))


def _converted(built: Any) -> bytes:
    """Convert the network and its mel bands: power ``(n, 187, 257)`` to all layers ``(n, 1756)`` side by side."""
    import tensorflow as tf

    logarithms = _logarithms()
    trained, others = (
        [weight.numpy() for weight in weights]
        for weights in (built.trainable_variables, built.non_trainable_variables)
    )

    @tf.function(input_signature=[tf.TensorSpec((None, PATCH, N_FFT // 2 + 1), tf.float32)])
    def run(power: Any) -> Any:
        layers, _ = built.stateless_call(trained, others, logarithms(power), training=False)
        return tf.concat([layers[layer] for layer in WIDTHS], axis=-1)

    converter = tf.lite.TFLiteConverter.from_concrete_functions([run.get_concrete_function()], run)
    return bytes(converter.convert())


def _exported(folder: Path) -> Encoder:
    from components.core.litert import Graph

    files = sorted(folder.glob("*.tflite"))
    if not files:
        raise MissingWeightsError("there is no export in it; valid: what was exported, a folder, or package")
    graphs = {file.stem: Graph(file) for file in files}
    # As tf.signal.hann_window: periodic.
    window = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
    edges = np.cumsum([0, *WIDTHS.values()])
    columns = {layer: slice(*edges[place : place + 2]) for place, layer in enumerate(WIDTHS)}

    def run(clips: np.ndarray, *, networks: Sequence[str], layers: Sequence[str]) -> list[np.ndarray]:
        centred = np.pad(_long_enough(clips), ((0, 0), (N_FFT // 2, N_FFT // 2)))
        frames = np.lib.stride_tricks.sliding_window_view(centred, N_FFT, axis=1)[:, ::FRAME_HOP]
        power = _patches(np.abs(np.fft.rfft(frames * window)) ** 2)
        flat = power.reshape(-1, *power.shape[2:])
        outputs = [graphs[name](flat).reshape(*power.shape[:2], -1) for name in networks]
        return [values[..., columns[layer]] for values in outputs for layer in layers]

    return Encoder(
        "musicnn", run, origin=folder.name, trained=True, sha256=hashing.files(files), batch=EXPORTED_BATCH
    )


if __name__ == "__main__":
    import argparse

    parser = argparse.ArgumentParser(description="Unpack musicnn's checkpoints and licence from its wheel.")
    parser.add_argument("wheel", type=Path)
    parser.add_argument("folder", type=Path, nargs="?", default=locate("package"))
    given = parser.parse_args()
    unpack(given.wheel, folder=given.folder)
