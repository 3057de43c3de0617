"""Each fast path equals the plain librosa call on the same clip, over lengths, levels and kinds of sound."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.features import mel_sequence, mfcc_sequence
from components.features.dsp import hpss, spectral, stft, tempo

RATES = [8_000, 16_000, 22_050, 44_100, 48_000]


@st.composite
def clips(draw: st.DrawFn) -> tuple[np.ndarray, int]:
    rate = draw(st.sampled_from(RATES))
    length = draw(st.integers(9_000, 40_000))
    kind = draw(st.sampled_from(["noise", "tones", "clicks", "constant", "silence", "half silence", "sweep"]))
    level = draw(st.sampled_from([1e-4, 1e-2, 0.5, 1.0]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    time = np.arange(length) / rate
    y = {
        "noise": lambda: rng.normal(0, 0.3, length),
        "tones": lambda: sum(np.sin(2 * np.pi * f * time) for f in rng.uniform(100, rate / 2.5, 4)) / 4,
        "clicks": lambda: (np.arange(length) % 4_410 < 3).astype(float),
        "constant": lambda: np.ones(length),
        "silence": lambda: np.zeros(length),
        "half silence": lambda: np.where(time < time[-1] / 2, 0.0, rng.normal(0, 0.3, length)),
        "sweep": lambda: np.sin(2 * np.pi * (50 + rate / 5 * time / time[-1]) * time),
    }[kind]()
    return (level * y).clip(-1, 1).astype(np.float32), rate


def check(ours: np.ndarray, librosas: np.ndarray, *, scale: float | None = None) -> None:
    scale = float(np.abs(librosas).max()) if scale is None else scale
    np.testing.assert_allclose(ours, librosas, rtol=1e-5, atol=1e-5 * max(scale, 1e-30))


sounds = settings(max_examples=25, deadline=None, derandomize=True)


@sounds
@given(clips())
def test_transform_power_and_mel(clip: tuple[np.ndarray, int]) -> None:
    y, rate = clip
    transform = stft.stft(y)
    check(transform.T, librosa.stft(y, pad_mode="reflect"))
    powers = stft.power(transform)
    check(stft.mel(powers, sample_rate=rate).T, librosa.feature.melspectrogram(S=powers.T, sr=rate))


@sounds
@given(clips())
def test_decibels_and_mfcc(clip: tuple[np.ndarray, int]) -> None:
    y, rate = clip
    mels = stft.mel(stft.power(stft.stft(y)), sample_rate=rate)
    level = stft.decibels(mels)
    check(level, librosa.power_to_db(mels))
    check(stft.mfcc(level, coefficients=20).T, librosa.feature.mfcc(S=level.T, n_mfcc=20))


@sounds
@given(clips())
def test_loudness_and_zero_crossings(clip: tuple[np.ndarray, int]) -> None:
    y, _ = clip
    check(spectral.loudness(y), librosa.feature.rms(y=y, pad_mode="reflect")[0])
    check(spectral.zero_crossing_rate(y), librosa.feature.zero_crossing_rate(y)[0])


@sounds
@given(clips())
def test_where_the_spectrum_lies(clip: tuple[np.ndarray, int]) -> None:
    y, rate = clip
    magnitude = np.sqrt(stft.power(stft.stft(y)))
    centroid, bandwidth = spectral.centroid_bandwidth(magnitude, sample_rate=rate)
    check(centroid, librosa.feature.spectral_centroid(S=magnitude.T, sr=rate)[0], scale=rate / 2)
    check(bandwidth, librosa.feature.spectral_bandwidth(S=magnitude.T, sr=rate)[0], scale=rate / 2)
    check(
        spectral.rolloff(magnitude, sample_rate=rate),
        librosa.feature.spectral_rolloff(S=magnitude.T, sr=rate)[0],
    )


@pytest.mark.filterwarnings("ignore:Trying to estimate tuning")
@sounds
@given(clips())
def test_chroma_and_tuning(clip: tuple[np.ndarray, int]) -> None:
    y, rate = clip
    powers = stft.power(stft.stft(y))
    assert spectral.tuning(powers, sample_rate=rate) == pytest.approx(
        librosa.estimate_tuning(S=powers.T, sr=rate)
    )
    check(spectral.chroma(powers, sample_rate=rate).T, librosa.feature.chroma_stft(S=powers.T, sr=rate))


@sounds
@given(clips())
def test_harmonic_part(clip: tuple[np.ndarray, int]) -> None:
    y, _ = clip
    transform = stft.stft(y)
    magnitude = np.abs(transform)
    harmonic, _ = librosa.decompose.hpss(transform.T)
    check(hpss.harmonic_spectrum(transform, magnitude=magnitude).T, harmonic)


@sounds
@given(clips())
def test_back_from_the_spectrum(clip: tuple[np.ndarray, int]) -> None:
    y, _ = clip
    transform = stft.stft(y)
    ours = hpss.inverse(transform, samples=len(y))
    librosas = librosa.istft(transform.T)
    check(ours[: len(librosas)], librosas)
    assert not ours[len(librosas) :].any()


@sounds
@given(clips())
def test_onsets_and_tempo(clip: tuple[np.ndarray, int]) -> None:
    y, rate = clip
    level = stft.decibels(stft.mel(stft.power(stft.stft(y)), sample_rate=rate))
    strength = tempo.onset_strength(level)
    check(strength, librosa.onset.onset_strength(S=level.T, sr=rate, aggregate=np.median))
    found = librosa.beat.beat_track(onset_envelope=strength, sr=rate)[0]
    assert tempo.tempo(strength, sample_rate=rate) == pytest.approx(float(np.ravel(found)[0]))


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(1, 128), st.sampled_from([256, 512, 1024]))
def test_mfcc_sequence_is_librosas(seed: int, coefficients: int, hop_length: int) -> None:
    y = np.random.default_rng(seed).normal(0, 0.2, 22_050).astype(np.float32)
    options = mfcc_sequence.Options(coefficients=coefficients, hop_length=hop_length)
    mels = librosa.feature.melspectrogram(y=y, sr=22_050, hop_length=hop_length, pad_mode="reflect")
    librosas = librosa.feature.mfcc(S=librosa.power_to_db(mels), n_mfcc=coefficients)
    check(mfcc_sequence.extract(y[np.newaxis], options=options)[0].T, librosas)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.sampled_from([256, 512, 1024]))
def test_mel_sequence_is_librosas(seed: int, hop_length: int) -> None:
    y = np.random.default_rng(seed).normal(0, 0.2, 22_050).astype(np.float32)
    mels = librosa.feature.melspectrogram(y=y, sr=22_050, hop_length=hop_length, pad_mode="reflect")
    ours = mel_sequence.extract(y[np.newaxis], options=mel_sequence.Options(hop_length=hop_length))
    assert ours.shape == (1, 1 + 22_050 // hop_length, 128)
    check(ours[0].T, librosa.power_to_db(mels))
