"""An acoustic fingerprint: equal, but for few bits, for one recording in two encodings or cut by a few samples.

After J. Haitsma and T. Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002: the signs of differences
between neighbouring bands' energies, of this frame and the one before, are bits. Theirs are made to find three seconds
of a song in a noisy room; these are of whole songs that are aligned up to what encoders put in front, so that frames
may be longer and fewer: a song takes some hundred words of 32 bits, which are kept in its row of the listing.
"""

from __future__ import annotations

import base64

import numpy as np

#: Hz that a sound is brought to, which keeps what lies below 2,756 Hz: every encoder keeps that.
RATE = 5512.5
#: Samples of a frame (0.74 s) and between two (0.37 s). A frame of this length hardly changes where it begins 0.05 s
#: later, which is the most that encoders of MP3 and AAC put in front of a sound (1,105 and 2,112 samples).
FRAME, HOP = 4096, 2048
#: Hz between which 33 bands lie, equally wide in logarithm, as in the paper: differences of neighbours make 32 bits.
LOW, HIGH, BANDS = 300.0, 2000.0, 33
#: Seconds that are looked at: what is alike for so long is one recording.
SECONDS = 300.0


class Fingerprint:
    """The fingerprint of a sound that comes in blocks.

    Parameters
    ----------
    sample_rate : int
        Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        import soxr

        self._most = int(SECONDS * RATE)
        self._stream = soxr.ResampleStream(sample_rate, RATE, 1, dtype="float32", quality="LQ")
        self._pieces: list[np.ndarray] = []
        self._length = 0

    def add(self, block: np.ndarray) -> None:
        """Take the next samples: ndarray of float32, shape (samples,), all finite."""
        if self._length < self._most and len(block):
            self._keep(self._stream.resample_chunk(np.ascontiguousarray(block, dtype=np.float32)))

    def _keep(self, piece: np.ndarray) -> None:
        self._pieces.append(piece)
        self._length += len(piece)

    def text(self) -> str:
        """Return the fingerprint of what has come: words of 32 bits in base64, '' of less than two frames."""
        if self._length < self._most:
            self._keep(self._stream.resample_chunk(np.empty(0, dtype=np.float32), last=True))
        y = np.concatenate(self._pieces)[: self._most] if self._pieces else np.empty(0, dtype=np.float32)
        return base64.b64encode(words(y).astype("<u4").tobytes()).decode("ascii")


def words(y: np.ndarray) -> np.ndarray:
    """Return the bits of each frame but the first.

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        Mono, at :data:`RATE`.

    Returns
    -------
    ndarray of uint32, shape (frames - 1,)
        Bit ``b`` is set where band ``b`` is further above the next one than it was a frame before.
    """
    if len(y) < FRAME + HOP:
        return np.empty(0, dtype=np.uint32)
    frames = np.lib.stride_tricks.sliding_window_view(y, FRAME)[::HOP]
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(FRAME).astype(np.float32), axis=1)) ** 2
    edges = LOW * (HIGH / LOW) ** (np.arange(BANDS + 1) / BANDS)
    bins = np.round(edges * FRAME / RATE).astype(int)
    energy = np.add.reduceat(spectrum, bins, axis=1)[:, :BANDS]
    steps = np.diff(energy[:, :-1] - energy[:, 1:], axis=0) > 0
    return np.packbits(steps, axis=1, bitorder="little").view("<u4").ravel().astype(np.uint32)


def read(text: str) -> np.ndarray:
    """Return a fingerprint's words, ndarray of uint32, shape (frames - 1,)."""
    return np.frombuffer(base64.b64decode(text), dtype="<u4")
