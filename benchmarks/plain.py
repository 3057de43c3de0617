"""What extraction is compared with: the script everybody copies, and the least that any extraction must do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import librosa
import numpy as np
import scipy.fft
import soundfile

RATE, SECONDS, PIECES = 22_050, 3, 10


def pieces(path: str, *, rate: int = RATE) -> np.ndarray:
    """The whole pieces of a track, one row each."""
    y, _ = librosa.load(path, sr=rate)
    length = SECONDS * rate
    count = min(PIECES, len(y) // length)
    return y[: count * length].reshape(count, length)


def _means(*series: np.ndarray) -> list[float]:
    return [float(value) for one in series for value in (np.mean(one), np.var(one))]


def summary(path: str) -> list[list[float]]:
    """One librosa call a feature, one piece after the other."""
    rows = []
    for y in pieces(path):
        harmony, percussive = librosa.effects.hpss(y)
        row = _means(
            librosa.feature.chroma_stft(y=y, sr=RATE),
            librosa.feature.rms(y=y),
            librosa.feature.spectral_centroid(y=y, sr=RATE),
            librosa.feature.spectral_bandwidth(y=y, sr=RATE),
            librosa.feature.spectral_rolloff(y=y, sr=RATE),
            librosa.feature.zero_crossing_rate(y),
            harmony,
            percussive,
        )
        row.append(float(np.ravel(librosa.beat.beat_track(y=y, sr=RATE)[0])[0]))
        row += _means(*librosa.feature.mfcc(y=y, sr=RATE, n_mfcc=20))
        rows.append(row)
    return rows


def shared(path: str) -> list[list[float]]:
    """The same from one transform a piece."""
    rows = []
    for y in pieces(path):
        transform = librosa.stft(y)
        magnitude = np.abs(transform)
        powers = magnitude**2
        level = librosa.power_to_db(librosa.feature.melspectrogram(S=powers, sr=RATE))
        harmony, percussive = librosa.decompose.hpss(transform)
        row = _means(
            librosa.feature.chroma_stft(S=powers, sr=RATE),
            librosa.feature.rms(y=y),
            librosa.feature.spectral_centroid(S=magnitude, sr=RATE),
            librosa.feature.spectral_bandwidth(S=magnitude, sr=RATE),
            librosa.feature.spectral_rolloff(S=magnitude, sr=RATE),
            librosa.feature.zero_crossing_rate(y),
            librosa.istft(harmony, length=len(y)),
            librosa.istft(percussive, length=len(y)),
        )
        envelope = librosa.onset.onset_strength(S=level, sr=RATE, aggregate=np.median)
        row.append(float(librosa.feature.tempo(onset_envelope=envelope, sr=RATE)[0]))
        row += _means(*librosa.feature.mfcc(S=level, n_mfcc=20))
        rows.append(row)
    return rows


def sequence_and_mel(path: str) -> list[np.ndarray]:
    """Coefficients of each piece and the mel spectrogram of the track, one librosa call each."""
    rows = pieces(path)
    found = [librosa.feature.mfcc(y=piece, sr=RATE, n_mfcc=13) for piece in rows]
    return [*found, librosa.power_to_db(librosa.feature.melspectrogram(y=rows.ravel(), sr=RATE))]


def floor(path: str) -> np.ndarray:
    """Decode, and transform every frame once in float32."""
    y, _ = soundfile.read(path, dtype="float32")
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(y, 1024), 2048)[::512]
    return np.concatenate(
        [scipy.fft.rfft(frames[i : i + 64], axis=1)[:, 0] for i in range(0, len(frames), 64)]
    )


def published_yamnet(handle: str) -> Callable[[np.ndarray], np.ndarray]:
    """YAMNet as TensorFlow Hub gives it: one waveform a call."""
    import tensorflow_hub

    model = tensorflow_hub.load(handle)
    return lambda y: model(y)[1].numpy()


def keras_vgg16(weights: str) -> Callable[[np.ndarray], Any]:
    """VGG16 as Keras gives it, with its own preparation."""
    from keras.applications import VGG16
    from keras.applications.vgg16 import preprocess_input

    model = VGG16(weights=weights, include_top=False)
    return lambda pictures: model.predict(preprocess_input(pictures.copy()), verbose=0)
