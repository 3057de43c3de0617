"""One track's waveform to any feature: the one path for extraction and for the registered model."""

from __future__ import annotations

import itertools
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from components import features
from components.config.params import Params, SegmentsParams
from components.core.errors import FeatureError
from components.corpus import audio
from components.features.encoders import base as encoders
from components.features.encoders.base import Encoder

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

#: Features that stand in for a source that has no waveform: a picture is drawn, a table's row computed.
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
    params : Params
        For ``features``, ``segments`` and ``pretrained``.

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
        If the track is shorter than one segment.
    PretrainedError
        If the feature needs an encoder whose weights cannot be had.
    """
    block = params.feature(name)
    module = features.load(block.extractor)
    options = features.options(name, params=params)
    encoder = encoder_of(module, params=params)
    source = features.kind_read(block.reads)
    if source in ("audio", "table"):
        count = audio.segment_count(
            len(y), sample_rate, seconds=params.segments.seconds, per_track=params.segments.per_track
        )
        clips = cut(
            y, sample_rate, module=module, unit=block.unit, seconds=params.segments.seconds, count=count
        )
        starts = np.arange(len(clips)) * params.segments.seconds
    elif source in params.features:
        clips, starts = compute(source, y, sample_rate, params=params)
    else:
        drawn = features.load(_DRAWN[source])
        clips = apply(drawn, cut(y, sample_rate, module=drawn, unit="track"), options=drawn.Options())
        starts = np.zeros(1)
    return apply(module, clips, options=options, encoder=encoder), starts


def extractors(name: str, *, params: Params) -> list[str]:
    """List the files in ``components/features`` that a feature is computed by, its own first."""
    block = params.feature(name)
    source = features.kind_read(block.reads)
    below = extractors(source, params=params) if source in params.features else []
    return [block.extractor, *below, *([_DRAWN[source]] if source in _DRAWN else [])]


def cut(
    y: np.ndarray, sample_rate: int, *, module: ModuleType, unit: str, seconds: float = 0.0, count: int = 0
) -> np.ndarray:
    """Bring a track to a feature's rate and cut it into the clips that its rows stand for.

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
    seconds, count : float, int
        Length and number of segments.

    Returns
    -------
    ndarray of float32, shape (n, samples)
        The segments, or the whole track as one clip.
    """
    y = audio.resample(y, sample_rate, to=module.SAMPLE_RATE)
    if unit == "track":
        return y[np.newaxis]
    clips = audio.segments(y, module.SAMPLE_RATE, seconds=seconds, count=count)
    return clips[:, :-1] if getattr(module, "DROP_LAST_SAMPLE", False) else clips


def encoder_of(module: ModuleType, *, params: Params) -> Encoder | None:
    """Load the encoder that a feature runs, if it runs one; see :func:`components.features.encoders.base.load`."""
    if module.ENCODER is None:
        return None
    return encoders.load(
        module.ENCODER, pretrained=params.pretrained, allow_untrained=params.allow_untrained_encoders
    )


@lru_cache(maxsize=1)
def _mathematics() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def apply(
    module: ModuleType, clips: np.ndarray, *, options: Any, encoder: Encoder | None = None
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
    encoder : Encoder or None
        From :func:`encoder_of`.

    Returns
    -------
    ndarray of float32, shape (n, ...)
        Its rows.

    Raises
    ------
    FeatureError
        If a value is not finite.
    """
    if encoder:
        values = module.extract(clips, options=options, encoder=encoder)
    else:
        # One thread: matrix products rounded alike however many processors there are.
        with _mathematics().limit(limits=1, user_api="blas"):
            values = module.extract(clips, options=options)
    if not np.isfinite(values).all():
        rows = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
        raise FeatureError(f"{module.__name__.rsplit('.', 1)[-1]}: row {rows[0]} is not finite")
    return values


def windows(samples: int, sample_rate: int, *, segments: SegmentsParams, whole: bool) -> list[slice]:
    """Cut a song into stretches as long as a track was in training.

    Parameters
    ----------
    samples, sample_rate : int
        The song's length and rate (Hz).
    segments : SegmentsParams
        A stretch is ``per_track`` segments of ``seconds``.
    whole : bool
        Whether a stretch is heard as a whole and so should not be far shorter than in training; otherwise
        its segments are heard one by one.

    Returns
    -------
    list of slice
        End to end, at least one. What remains becomes a stretch of its own if it holds a segment (``whole``:
        half a stretch); otherwise it belongs to the last.
    """
    length = round(segments.seconds * segments.per_track * sample_rate)
    least = length // 2 if whole else round(segments.seconds * sample_rate)
    count = max(1, samples // length + (samples % length >= least))
    edges = [number * length for number in range(count)] + [samples]
    return [slice(start, stop) for start, stop in itertools.pairwise(edges)]
