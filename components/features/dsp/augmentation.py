"""Augmentation of clips before any feature: pitch and tempo, a mixing desk's two shelves, a cut-off, and gain."""

from __future__ import annotations

import hashlib

import numpy as np

from components.config.augmentation import AugmentParams, Drawn
from components.corpus import audio

#: Hz. Where the shelves take half their gain: the usual corners of a desk's bass and treble.
BASS, TREBLE = 200.0, 4000.0
#: Semitones of an octave, which doubles the frequency.
OCTAVE = 12.0
#: Order of the cut-off: 24 dB an octave.
ORDER = 4


def augment(clips: np.ndarray, sample_rate: int, *, view: AugmentParams, draw: int = 0) -> np.ndarray:
    """Make one augmented view of each clip.

    Figures that ``view`` gives as a range are drawn for each clip, from a seed that is the hash of the view, of
    ``draw`` and of the clip's samples: the same in whatever order, process or corpus the clip comes.

    Parameters
    ----------
    clips : ndarray of float32, shape (n, samples)
        Mono.
    sample_rate : int
        Hz.
    view : AugmentParams
        What is done: pitch and tempo first, then the equaliser, then the gain.
    draw : int
        Which of ``view.draws``.

    Returns
    -------
    ndarray of float32, shape (n, samples)
        As long as the clips: a slower one is cut off, a faster one begins again, as a short song does.
    """
    about = f"{view.model_dump_json(exclude={'draws'})} {draw} ".encode()
    return np.stack([_one(np.ascontiguousarray(clip), sample_rate, view=view, about=about) for clip in clips])


def _one(y: np.ndarray, sample_rate: int, *, view: AugmentParams, about: bytes) -> np.ndarray:
    random = np.random.default_rng(list(hashlib.sha256(about + y.tobytes()).digest()))

    def figure(value: Drawn) -> float:
        return float(random.uniform(*value)) if isinstance(value, tuple) else float(value)

    semitones, rate, speed = figure(view.semitones), figure(view.rate), figure(view.speed)
    low, high, cutoff, gain = (figure(value) for value in (view.low, view.high, view.cutoff, view.gain))
    changed = retime(y, sample_rate, pitch=speed * 2.0 ** (semitones / OCTAVE), tempo=speed * rate)
    changed = equalise(np.resize(changed, len(y)), sample_rate, low=low, high=high, cutoff=cutoff)
    return (changed * 10.0 ** (gain / 20.0)).astype(np.float32)


def retime(y: np.ndarray, sample_rate: int, *, pitch: float, tempo: float) -> np.ndarray:
    """Change pitch and tempo: by resampling as far as they change together, by a phase vocoder beyond.

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        Mono audio.
    sample_rate : int
        Hz.
    pitch, tempo : float
        Times as high, times as fast; 1 leaves it as it is.

    Returns
    -------
    ndarray of float32, shape (about samples / tempo,)
        ``y`` itself where nothing changes.
    """
    import librosa

    played = round(sample_rate * pitch)
    if abs(stretch := tempo * sample_rate / played - 1.0) > 1e-4:
        y = librosa.effects.time_stretch(y, rate=1.0 + stretch)
    return audio.resample(y, played, to=sample_rate)


def equalise(y: np.ndarray, sample_rate: int, *, low: float, high: float, cutoff: float = 0.0) -> np.ndarray:
    """Raise or lower the bass and the treble, and take away what lies above a cut-off.

    The shelves are R. Bristow-Johnson's (Audio EQ Cookbook, W3C Note 2021) with slope 1, the cut-off is a Butterworth
    filter.

    Parameters
    ----------
    y : ndarray of float, shape (samples,)
        Mono audio.
    sample_rate : int
        Hz.
    low, high : float
        dB below :data:`BASS` and above :data:`TREBLE`; 0 changes nothing.
    cutoff : float
        Hz; 0 is none, and so is what lies at half the sample rate or above.

    Returns
    -------
    ndarray of float64, shape (samples,)
        ``y`` itself where nothing changes.
    """
    from scipy import signal

    sections = []
    if low:
        sections.append(_shelf(BASS, sample_rate, decibels=low, treble=False))
    if high:
        sections.append(_shelf(TREBLE, sample_rate, decibels=high, treble=True))
    if 0.0 < cutoff < sample_rate / 2:
        sections.extend(signal.butter(ORDER, cutoff, fs=sample_rate, output="sos"))
    return signal.sosfilt(np.stack(sections), y) if sections else y


def _shelf(corner: float, sample_rate: int, *, decibels: float, treble: bool) -> np.ndarray:
    """Return one second-order section, ``b0 b1 b2 a0 a1 a2`` with ``a0`` 1."""
    a, angle = 10.0 ** (decibels / 40.0), 2.0 * np.pi * corner / sample_rate
    # The two shelves' formulas differ in the sign of the cosine, and of b1 and a1.
    sign = -1.0 if treble else 1.0
    cosine, root = sign * np.cos(angle), np.sqrt(2.0 * a) * np.sin(angle)
    b = [
        a * ((a + 1) - (a - 1) * cosine + root),
        sign * 2 * a * ((a - 1) - (a + 1) * cosine),
        a * ((a + 1) - (a - 1) * cosine - root),
    ]
    c = [
        (a + 1) + (a - 1) * cosine + root,
        -sign * 2 * ((a - 1) + (a + 1) * cosine),
        (a + 1) + (a - 1) * cosine - root,
    ]
    return np.array([*b, *c]) / c[0]
