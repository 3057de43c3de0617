"""YAMNet's embedding of each 3-s segment: the frozen encoder runs once, here, and never in a tuning loop."""

from __future__ import annotations

import os
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from components.features import encoder as encoders
from components.features.encoder import Encoder
from components.params import PretrainedParams, Strict

#: Hz; YAMNet's.
SAMPLE_RATE = 16_000
READS = ("audio",)
UNITS = ("segment", "track")
NAMES = None
ENCODER = "yamnet"

#: YAMNet's own sizes, in samples: a patch is 96 frames of 25 ms every 10 ms, a new one starts every 0.48 s.
PATCH, PATCH_HOP = 15_600, 7_680
WIDTH = 1024
#: Samples given to the encoder in one call (about 2 minutes): large enough to batch, small enough for any memory.
BATCH = 240 * PATCH_HOP


class Options(Strict):
    """There is nothing to choose: the encoder is frozen."""


def extract(clips: np.ndarray, *, options: Options, encoder: Encoder) -> np.ndarray:
    """Embed each clip, alone, as YAMNet does: its end is padded with silence to a whole patch.

    Parameters
    ----------
    clips : ndarray of float32, shape (n, samples)
        Mono at ``SAMPLE_RATE``.
    options : Options
        None.
    encoder : Encoder
        From :func:`load_encoder`.

    Returns
    -------
    ndarray of float32, shape (n, frames, 1024)
        0 and up; 6 frames for 3 s, 62 for 30 s.
    """
    frames = frames_in(clips.shape[1])
    # Clips are laid end to end, each starting on a patch, so that many are embedded in one call; patches that
    # would reach into the next clip are dropped.
    slots = frames + -(-(PATCH - PATCH_HOP) // PATCH_HOP)
    together = max(1, BATCH // (slots * PATCH_HOP))
    values = np.empty((len(clips), frames, WIDTH), dtype=np.float32)
    for start in range(0, len(clips), together):
        group = clips[start : start + together]
        # Always the same size: another size may take another path through the encoder's kernels.
        laid = np.zeros((together if len(clips) > 1 else 1, slots * PATCH_HOP), dtype=np.float32)
        laid[: len(group), : clips.shape[1]] = group
        (embedded,) = encoder.run(np.concatenate([laid.ravel(), np.zeros(PATCH - PATCH_HOP, np.float32)]))
        patches = embedded[: laid.size // PATCH_HOP].reshape(len(laid), slots, WIDTH)
        values[start : start + len(group)] = patches[: len(group), :frames]
    return values


def frames_in(samples: int) -> int:
    """Count the patches YAMNet takes from a clip of so many samples."""
    return 1 + max(0, -(-(samples - PATCH) // PATCH_HOP))


def cache_folder() -> Path:
    """Return TensorFlow Hub's cache folder, ``TFHUB_CACHE_DIR`` where set."""
    return Path(os.environ.get("TFHUB_CACHE_DIR") or Path(tempfile.gettempdir()) / "tfhub_modules")


def load_encoder(pretrained: PretrainedParams) -> Encoder:
    """Load YAMNet, or its stand-in.

    Parameters
    ----------
    pretrained : PretrainedParams
        For ``yamnet`` (a TensorFlow Hub handle, or ``untrained``) and ``allow_untrained``.

    Returns
    -------
    Encoder
        ``run`` takes a waveform ``(samples,)`` and gives ``[(patches, 1024)]``.

    Raises
    ------
    PretrainedError
        If the weights cannot be had and ``allow_untrained`` is false.
    """
    return _load(pretrained.yamnet, pretrained.allow_untrained, str(cache_folder()))


@lru_cache(maxsize=2)
def _load(handle: str, allow_untrained: bool, cache: str) -> Encoder:
    if handle == encoders.UNTRAINED:
        reason = ""
    else:
        import tensorflow_hub

        try:
            place = Path(tensorflow_hub.resolve(handle))
            model = tensorflow_hub.load(str(place))
        except (OSError, ValueError, RuntimeError) as error:
            reason = f"cannot be loaded ({' '.join(str(error).split())[:200]})"
        else:
            files = [place / "saved_model.pb", *sorted((place / "variables").iterdir())]
            return Encoder(
                name="yamnet",
                run=lambda waveform: [model(waveform)[1].numpy()],
                origin=handle,
                trained=True,
                sha256=encoders.sha256_of_files(files),
            )
    encoders.say_untrained(
        "yamnet",
        key="pretrained.yamnet",
        value=handle,
        reason=reason,
        remedy="with a network it is downloaded; without, put the unpacked model into "
        f"{cache}/<sha1 of the handle>/ (saved_model.pb and variables/), or set TFHUB_CACHE_DIR",
        allowed=allow_untrained,
    )
    weights = _projection()
    return Encoder(
        name="yamnet",
        run=lambda waveform: [_stand_in(waveform, weights)],
        origin=f"seed {encoders.SEED}",
        trained=False,
        sha256=encoders.sha256_of_arrays([weights]),
    )


def _projection() -> np.ndarray:
    size = (12 * 64, WIDTH)
    return np.random.default_rng(encoders.SEED).normal(0, size[0] ** -0.5, size).astype(np.float32)


def _stand_in(waveform: np.ndarray, weights: np.ndarray) -> np.ndarray:
    # YAMNet's front end (64 mel bands, 125 to 7,500 Hz), then a seeded projection of each patch.
    import librosa

    frames = np.lib.stride_tricks.sliding_window_view(waveform, 400)[::160]
    magnitude = np.abs(np.fft.rfft(frames * np.hanning(401)[:400].astype(np.float32), 512, axis=1))
    basis = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=512, n_mels=64, fmin=125, fmax=7500, norm=None).T
    level = np.log(magnitude.astype(np.float32) @ basis + np.float32(1e-3))
    patches = np.lib.stride_tricks.sliding_window_view(level, 96, axis=0)[::48]
    pooled = patches.reshape(len(patches), 64, 12, 8).mean(axis=3).reshape(len(patches), -1)
    return np.maximum(pooled @ weights, 0.0)
