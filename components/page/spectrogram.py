"""Mel spectrogram of a song as a small picture, at the same cost for a second as for an hour."""

from __future__ import annotations

import base64
import io

import numpy as np

from components.corpus import audio
from components.features import mel_image
from components.features.dsp import stft

#: Hz; that of the features, so the picture shows no more than they hold.
SAMPLE_RATE = 22_050
#: Columns of the picture: one frame of 93 ms each, evenly spaced over the song.
COLUMNS = 1200
#: Mel bands drawn as pixels, low ones at the bottom.
ROWS = stft.MELS
#: Decibels below the loudest cell that are still drawn; librosa's default.
TOP = 80.0


def draw(y: np.ndarray, sample_rate: int) -> str:
    """Draw the spectrogram of mono audio.

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        Mono audio.
    sample_rate : int
        Hz.

    Returns
    -------
    str
        A PNG of ``COLUMNS`` x ``ROWS`` pixels as data address.
    """
    from PIL import Image

    levels = level(y, sample_rate)
    shades = np.clip((levels + TOP) / TOP * 255, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(mel_image.colours()[shades.T[::-1]]).save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def level(y: np.ndarray, sample_rate: int) -> np.ndarray:
    """Compute the level of each cell.

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        Mono audio.
    sample_rate : int
        Hz.

    Returns
    -------
    ndarray of float32, shape (COLUMNS, ROWS)
        Decibels below the loudest cell, ``-TOP`` to 0; all ``-TOP`` for silence.
    """
    # A little around each frame is resampled, not the whole song: an hour must not cost an hour's memory.
    width = int(np.ceil(stft.N_FFT * sample_rate / SAMPLE_RATE)) + 1
    padded = np.pad(y, width // 2, mode="constant")
    starts = np.linspace(0, len(padded) - width, COLUMNS).astype(np.int64)
    frames = np.stack([padded[start : start + width] for start in starts])
    if sample_rate != SAMPLE_RATE:
        frames = np.stack([audio.resample(frame, sample_rate, to=SAMPLE_RATE) for frame in frames])
    powers = stft.power(np.fft.rfft(frames[:, : stft.N_FFT] * stft.hann()).astype(np.complex64))
    mels = stft.mel(powers, sample_rate=SAMPLE_RATE)
    loudest = float(mels.max())
    if loudest == 0:
        return np.full(mels.shape, -TOP, dtype=np.float32)
    return np.asarray(stft.decibels(mels, reference=loudest, top=TOP), dtype=np.float32)
