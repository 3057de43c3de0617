"""YAMNet's embedding of each 3-s segment: the frozen encoder runs once, here, and never in a tuning loop."""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, field_validator

from components.config.params import PretrainedParams, Strict
from components.corpus import audio
from components.features.encoders import base as encoders
from components.features.encoders.base import Encoder

#: Hz; YAMNet's.
SAMPLE_RATE = 16_000
READS = ("audio",)
UNITS = ("segment",)
NAMES = None
ENCODER = "yamnet"

#: Clips embedded in one call: 60 patches of 3-s segments. More is no faster, and takes more memory.
BATCH = 10


class Options(Strict):
    """What can be chosen.

    ``speeds``: where there are any, each row has a second axis: the clip as it is, then played so many times as
    fast, which moves pitch and tempo together (speed perturbation; Ko et al., Interspeech 2015, take 0.9 and 1.1).
    """

    speeds: tuple[Annotated[float, Field(ge=0.5, le=2.0)], ...] = ()

    @field_validator("speeds")
    @classmethod
    def _others(cls, speeds: tuple[float, ...]) -> tuple[float, ...]:
        rates = {round(SAMPLE_RATE * speed) for speed in speeds}
        if SAMPLE_RATE in rates or len(rates) < len(speeds):
            raise ValueError(
                f"{list(speeds)}; valid: each once, and not 1, which is there anyway; what rounds to the same "
                f"rate of {SAMPLE_RATE} Hz is the same"
            )
        return speeds


def extract(clips: np.ndarray, *, options: Options, encoder: Encoder) -> np.ndarray:
    """Embed each clip: cut first, then embedded, so that no row holds anything of its neighbours.

    The published model pads a 3-s piece with 0.375 s of silence, which its last patch then sees. Here the six
    patches lie evenly inside the piece, 0.40 s apart instead of 0.48 s.

    Parameters
    ----------
    clips : ndarray of float32, shape (n, samples)
        Mono at ``SAMPLE_RATE``.
    options : Options
        See there.
    encoder : Encoder
        From :func:`load_encoder`.

    Returns
    -------
    ndarray of float32, shape (n, frames, 1024) or (n, 1 + speeds, frames, 1024)
        0 and up; 6 frames for 3 s, 62 for 30 s, at every speed.
    """
    from components.features.encoders import yamnet

    frames = len(yamnet.patch_starts(clips.shape[1]))
    views = [_embed(clips, frames=frames, encoder=encoder)]
    for speed in options.speeds:
        rate = round(SAMPLE_RATE * speed)
        played = np.stack([audio.resample(clip, rate, to=SAMPLE_RATE) for clip in clips])
        views.append(_embed(played, frames=frames, encoder=encoder))
    return np.stack(views, axis=1) if options.speeds else views[0]


def _embed(clips: np.ndarray, *, frames: int, encoder: Encoder) -> np.ndarray:
    from components.features.encoders import yamnet

    last = yamnet.patch_starts(clips.shape[1])[-1]
    starts = np.linspace(0, last, frames).round().astype(np.int64)
    values = np.empty((len(clips), frames, yamnet.WIDTH), dtype=np.float32)
    for first in range(0, len(clips), BATCH):
        (values[first : first + BATCH],) = encoder.run(clips[first : first + BATCH], starts=starts)
    return values


def cache_folder() -> Path:
    """Return TensorFlow Hub's cache folder, ``TFHUB_CACHE_DIR`` where set."""
    return Path(os.environ.get("TFHUB_CACHE_DIR") or Path(tempfile.gettempdir()) / "tfhub_modules")


def weights_folder(value: str) -> Path:
    """Return the folder that ``pretrained.yamnet`` stands for.

    Parameters
    ----------
    value : str
        A path, or a TensorFlow Hub handle: then its place in the cache, the SHA-1 of the handle.

    Returns
    -------
    Path
        With ``saved_model.pb`` and ``variables``; it may not exist.
    """
    here = Path(value)
    return here if here.is_dir() else cache_folder() / hashlib.sha1(value.encode()).hexdigest()


def load_encoder(pretrained: PretrainedParams) -> Encoder:
    """Load YAMNet, or its stand-in.

    Parameters
    ----------
    pretrained : PretrainedParams
        For ``yamnet`` (a path, a TensorFlow Hub handle, or ``untrained``) and ``allow_untrained``.

    Returns
    -------
    Encoder
        ``run`` takes clips ``(n, samples)`` and the first frame of each patch, and gives
        ``[(n, patches, 1024)]``.

    Raises
    ------
    PretrainedError
        If the weights cannot be had and ``allow_untrained`` is false.
    """
    return _load(pretrained.yamnet, pretrained.allow_untrained, str(cache_folder()))


@lru_cache(maxsize=2)
def _load(handle: str, allow_untrained: bool, cache: str) -> Encoder:
    from components.features.encoders import yamnet

    if handle == encoders.UNTRAINED:
        reason = ""
    else:
        with warnings.catch_warnings():
            # Of its own import; the setuptools that it needs is locked.
            warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
            import tensorflow_hub

        try:
            place = Path(tensorflow_hub.resolve(handle))
            model = tensorflow_hub.load(str(place))
        except (OSError, ValueError, RuntimeError) as error:
            reason = f"cannot be loaded ({' '.join(str(error).split())[:200]})"
        else:
            files = [place / "saved_model.pb", *sorted((place / "variables").iterdir())]
            variables = model.__call__.concrete_functions[0].variables
            weights = {variable.name.split(":")[0]: variable.numpy() for variable in variables}
            return Encoder(
                name="yamnet",
                run=_runner(yamnet.front_end(), yamnet.body(weights)),
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
    body, drawn = yamnet.stand_in(seed=encoders.SEED)
    return Encoder(
        name="yamnet",
        run=_runner(yamnet.front_end(), body),
        origin=f"seed {encoders.SEED}",
        trained=False,
        sha256=encoders.sha256_of_arrays(drawn),
    )


def _runner(
    front_end: Callable[[np.ndarray], np.ndarray], body: Callable[[np.ndarray], np.ndarray]
) -> Callable[..., list[np.ndarray]]:
    from components.features.encoders import yamnet

    def run(clips: np.ndarray, *, starts: np.ndarray) -> list[np.ndarray]:
        frames = front_end(np.ascontiguousarray(clips))
        places = starts[:, np.newaxis] + np.arange(yamnet.PATCH)
        patches = frames[:, places]
        embedded = body(patches.reshape(-1, *patches.shape[2:]))
        return [embedded.reshape(len(clips), len(starts), -1)]

    return run
