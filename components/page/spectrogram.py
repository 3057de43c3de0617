"""Mel spectrogram of a song as a small picture, gathered while it is decoded: an hour takes the memory of a minute."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from components.corpus import audio
from components.features import mel_image
from components.features.dsp import stft

#: Hz; that of the features, so the picture shows no more than they hold.
SAMPLE_RATE = 22_050
#: Columns of the picture: one frame of 93 ms each, spaced over the song.
COLUMNS = 1200
#: Mel bands drawn as pixels, low ones at the bottom.
ROWS = stft.MELS
#: Decibels below the loudest cell that are still drawn; librosa's default.
TOP = 80.0


class Spectrogram:
    """The frames of a song, of which there are more than :data:`COLUMNS`, and never more than twice as many.

    How long a song is, is known at its end only: frames lie closely at first, and whenever there are too many each
    second one goes.

    Parameters
    ----------
    sample_rate : int
        Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        # A little around each frame is resampled, not the whole song.
        self._width = int(np.ceil(stft.N_FFT * sample_rate / SAMPLE_RATE)) + 1
        self._hop = max(1, sample_rate // COLUMNS)
        self._frames = np.empty((2 * COLUMNS, self._width), dtype=np.float32)
        # Silence before the song, so that the first frame is centred on its beginning.
        self._held = np.zeros(self._width // 2, dtype=np.float32)
        self._count = self._start = 0

    def add(self, block: np.ndarray) -> None:
        """Take the next samples: mono float32."""
        self._held = np.concatenate([self._held, block])
        while (first := self._count * self._hop - self._start) + self._width <= len(self._held):
            there = sliding_window_view(self._held[first:], self._width)[:: self._hop]
            there = there[: len(self._frames) - self._count]
            self._frames[self._count : self._count + len(there)] = there
            self._count += len(there)
            if self._count == len(self._frames):
                self._frames[:COLUMNS] = self._frames[::2].copy()
                self._count, self._hop = COLUMNS, 2 * self._hop
        done = min(first, len(self._held))
        self._held = self._held[done:].copy()
        self._start += done

    def draw(self) -> str:
        """Draw the song at its end.

        Returns
        -------
        str
            A PNG of ``COLUMNS`` x ``ROWS`` pixels as data address.
        """
        from PIL import Image

        shades = np.clip((self.levels() + TOP) / TOP * 255, 0, 255).astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(mel_image.colours()[shades.T[::-1]]).save(buffer, format="PNG", optimize=True)
        return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")

    def levels(self) -> np.ndarray:
        """Compute the level of each cell, at the song's end.

        Returns
        -------
        ndarray of float32, shape (COLUMNS, ROWS)
            Decibels below the loudest cell, ``-TOP`` to 0; all ``-TOP`` for silence.
        """
        self.add(np.zeros(self._width // 2, dtype=np.float32))
        frames = self._frames[np.linspace(0, self._count - 1, COLUMNS).round().astype(np.int64)]
        if self._sample_rate != SAMPLE_RATE:
            frames = np.stack([audio.resample(frame, self._sample_rate, to=SAMPLE_RATE) for frame in frames])
        powers = stft.power(np.fft.rfft(frames[:, : stft.N_FFT] * stft.hann()).astype(np.complex64))
        mels = stft.melspectrogram(powers, sample_rate=SAMPLE_RATE)
        loudest = float(mels.max())
        if loudest == 0:
            return np.full(mels.shape, -TOP, dtype=np.float32)
        return np.asarray(stft.power_to_db(mels, ref=loudest, top_db=TOP), dtype=np.float32)
