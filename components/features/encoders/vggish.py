"""VGGish: the model as TensorFlow Hub publishes it (S. Hershey et al., ICASSP 2017), one waveform a call.

Its handle is https://tfhub.dev/google/vggish/1. Samples of -1 to 1 at 16 kHz go in; 128 values for each 0.96 s come
out. It was trained on the sound of videos, a preliminary version of YouTube-8M.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from components.core import hashing
from components.core.errors import PretrainedError
from components.features.encoders import hub
from components.features.encoders.base import SEED, Encoder

LICENCE = "Apache-2.0"
TRAINED_ON = "sounds of YouTube videos, a preliminary version of YouTube-8M"
PARAMETERS = 72_141_184
REQUIREMENTS = hub.REQUIREMENTS

#: Hz, and samples from one frame to the next; a frame reads 15 ms of the next one, since its spectra take 25 ms
#: every 10 ms.
SAMPLE_RATE, FRAME_HOP, OVERLAP = 16_000, 15_360, 240
WIDTH = 128

#: The stand-in sums spectra of so many samples up into so many bands.
_WINDOW, _BANDS = 640, 40


def locate(value: str) -> Path:
    """Return the model's folder, see :func:`components.features.encoders.hub.locate`."""
    return hub.locate(value)


def load(value: str) -> Encoder:
    """Load the published model; a handle that is not in the cache is downloaded.

    Returns
    -------
    Encoder
        ``run(clips)`` takes clips ``(n, samples)`` at ``SAMPLE_RATE`` and returns ``[(n, frames, 128)]``, float32,
        of either sign: one frame each whole 0.96 s. A clip shorter than a frame is repeated until it fills one.
    """
    model, sha256 = hub.load(value)
    return Encoder("vggish", _runner(model), origin=value, trained=True, sha256=sha256)


def untrained() -> Encoder:
    """Build a small stand-in of the same signature: a seeded projection of each frame's log spectrum."""
    weights = np.random.default_rng(SEED).normal(0.0, _BANDS**-0.5, (_BANDS, WIDTH)).astype(np.float32)

    def project(waveform: np.ndarray) -> np.ndarray:
        frames = len(waveform) // FRAME_HOP
        pieces = waveform[: frames * FRAME_HOP].reshape(frames, -1, _WINDOW)
        power = np.square(np.abs(np.fft.rfft(pieces)))[..., :-1].reshape(frames, len(pieces[0]), _BANDS, -1)
        return np.log(power.mean(axis=(1, 3)) + 1e-3).astype(np.float32) @ weights

    return Encoder(
        "vggish", _runner(project), origin=f"seed {SEED}", trained=False, sha256=hashing.arrays([weights])
    )


def _runner(model: Callable[[np.ndarray], Any]) -> Callable[..., list[np.ndarray]]:
    def run(clips: np.ndarray) -> list[np.ndarray]:
        shortest = FRAME_HOP + OVERLAP
        if clips.shape[1] < shortest:
            clips = np.stack([np.resize(clip, shortest) for clip in clips])
        # Whole frames, so that nothing is padded with silence.
        frames = (clips.shape[1] - OVERLAP) // FRAME_HOP
        whole = np.ascontiguousarray(clips[:, : frames * FRAME_HOP + OVERLAP], dtype=np.float32)
        values = np.stack([np.asarray(model(clip)) for clip in whole])
        if values.shape[1:] != (frames, WIDTH):
            raise PretrainedError(
                f"not VGGish: {whole.shape[1]} samples give {values.shape[1:]}; valid: {(frames, WIDTH)}"
            )
        return [values]

    return run
