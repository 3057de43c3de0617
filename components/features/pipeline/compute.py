"""One track's waveform to any feature: the one path for extraction and for the registered model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from components import features
from components.config.params import Params, SegmentsParams
from components.core.errors import FeatureError
from components.corpus import audio, segmentation
from components.features.encoders import base
from components.features.encoders.base import Encoder

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

#: Features in place of a source that is not made from a waveform: a picture is drawn.
_DRAWN = {"pictures": "mel_image"}


def compute(name: str, y: np.ndarray, sample_rate: int, *, params: Params) -> tuple[np.ndarray, np.ndarray]:
    """Compute a feature of one track.

    Parameters
    ----------
    name : str
        The feature. Where it reads another feature or the public pictures, that is computed first.
    y : ndarray of float32, shape (samples,)
        Mono audio.
    sample_rate : int
        Hz.

    Returns
    -------
    values : ndarray of float32, shape (n, ...)
        One row a segment, or one for the track: what extraction stores.
    starts : ndarray of float64, shape (n,)
        Where each row begins, in seconds.

    Raises
    ------
    ParamsError
        If the feature or an option is not known.
    AudioError
        If the track is shorter than ``segments.shortest``.
    PretrainedError
        If the feature needs an encoder whose weights cannot be had.
    """
    block = params.feature(name)
    module = features.load(block.extractor)
    options = features.options(name, params=params)
    encoders = encoders_of(module, params=params)
    if block.upstream:
        clips, starts = compute(block.upstream, y, sample_rate, params=params)
    elif (form := features.form_read(name, params=params)) not in _DRAWN:
        clips, starts = cut(y, sample_rate, module=module, unit=block.unit, segments=params.segments)
    else:
        drawn = features.load(_DRAWN[form])
        whole, starts = cut(y, sample_rate, module=drawn, unit="track", segments=params.segments)
        clips = apply(drawn, whole, options=drawn.Options())
    return apply(module, clips, options=options, encoders=encoders), starts


def modules(name: str, *, params: Params) -> list[str]:
    """List the modules that a feature is computed by, its own first."""
    block = params.feature(name)
    own = features.load(block.extractor).__name__
    if block.upstream:
        return [own, *modules(block.upstream, params=params)]
    form = features.form_read(name, params=params)
    return [own, features.load(_DRAWN[form]).__name__] if form in _DRAWN else [own]


def cut(
    y: np.ndarray, sample_rate: int, *, module: ModuleType, unit: str, segments: SegmentsParams
) -> tuple[np.ndarray, np.ndarray]:
    """Resample a track to a feature's rate and cut it into the clips that its rows stand for.

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        Mono audio.
    sample_rate : int
        Hz.
    module : module
        A feature that reads audio.
    unit : str
        ``segment`` or ``track``.
    segments : SegmentsParams
        Length, largest number and place of segments, and the shortest track that is repeated until it fills one.

    Returns
    -------
    clips : ndarray of float32, shape (n, samples)
        The segments, or the whole track as one clip.
    starts : ndarray of float64, shape (n,)
        Where each begins, in seconds.

    Raises
    ------
    AudioError
        If the track is shorter than ``segments.shortest``.
    """
    y = segmentation.filled(y, sample_rate, segments=segments)
    if unit == "track":
        return audio.resample(y, sample_rate, to=module.SAMPLE_RATE)[np.newaxis], np.zeros(1)
    numbers = segmentation.places(y, sample_rate, segments=segments)
    y = audio.resample(y, sample_rate, to=module.SAMPLE_RATE)
    clips = segmentation.segments(y, module.SAMPLE_RATE, seconds=segments.seconds, count=int(numbers[-1]) + 1)
    if len(clips) > len(numbers):
        clips = clips[numbers]
    return clips[:, :-1] if getattr(module, "DROP_LAST_SAMPLE", False) else clips, numbers * segments.seconds


def encoders_of(module: ModuleType, *, params: Params) -> tuple[Encoder, ...]:
    """Load the encoders that a feature runs, often none; see :func:`components.features.encoders.base.load`."""
    allowed = params.allow_untrained_encoders
    return tuple(
        base.load(name, pretrained=params.pretrained, allow_untrained=allowed) for name in module.ENCODERS
    )


@lru_cache(maxsize=1)
def _thread_pools() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def one_blas_thread() -> Any:
    """Return a context in which NumPy's matrix products run on one thread."""
    return _thread_pools().limit(limits=1, user_api="blas")


def apply(
    module: ModuleType, clips: np.ndarray, *, options: Any, encoders: Sequence[Encoder] = ()
) -> np.ndarray:
    """Extract, and check that every value is a number.

    Parameters
    ----------
    module : module
        A feature.
    clips : ndarray, shape (n, ...)
        What it reads.
    options : pydantic.BaseModel
        Its ``Options``.
    encoders : sequence of Encoder
        From :func:`encoders_of`.

    Returns
    -------
    ndarray of float32, shape (n, ...)
        Its rows.

    Raises
    ------
    FeatureError
        If a value is not finite.
    """
    more = {"encoders": encoders} if encoders else {}
    # One thread: matrix products are rounded alike however many processors there are, and no thread of theirs waits
    # for work on a core that an encoder's could use.
    with one_blas_thread():
        values = module.extract(clips, options=options, **more)
    finite = np.isfinite(values)
    if not finite.all():
        row = int(np.argmin(finite.reshape(len(values), -1).all(axis=1)))
        raise FeatureError(f"{module.__name__.rsplit('.', 1)[-1]}: row {row} is not finite")
    return values
