"""Synthesised instruments: pitched ones from single-cycle tables, drums from swept sines and noise."""

from __future__ import annotations

from importlib import resources

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter
from scipy import signal

from components.config.strict import Strict
from components.core.yaml_loader import load_yaml

#: Hz; that of the public collection.
SAMPLE_RATE = 22_050
#: Samples of one stored cycle: the nearest of 2,048 is within -60 dB of the true one for the partials used.
TABLE = 2048
#: No partial above this, in Hz, so that none folds back at the Nyquist frequency.
HIGHEST_PARTIAL = 10_500.0
#: First three resonances in Hz of five sung vowels (a, e, i, o, u), textbook values for a low timbre.
VOWELS = ((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240))

Wave = NDArray[np.float32]


class Timbre(Strict):
    """How a pitched instrument sounds.

    ``rolloff`` is the exponent by which partials fall, ``even`` the strength of even partials (a clarinet
    has few), ``attack`` seconds to full strength, ``decay`` the seconds in which a struck tone falls to 1/e
    (0: it is held), ``darkening`` the seconds in which its upper partials do, ``vibrato`` a share of the
    pitch, ``breath`` the share of noise, ``sung`` whether vowels shape it, ``glide`` semitones it slides in.
    """

    rolloff: float
    even: float = 1.0
    attack: float = 0.005
    decay: float = 0.0
    darkening: float = 0.2
    vibrato: float = 0.0
    breath: float = 0.0
    sung: bool = False
    glide: float = 0.0


#: By the name of the instrument.
TIMBRES = TypeAdapter(dict[str, Timbre]).validate_python(
    load_yaml(resources.files(__package__).joinpath("instruments.yaml").read_text("utf-8"))
)


class Instrument:
    """One copy of an instrument: no two tracks have the very same one."""

    def __init__(self, name: str, *, rng: np.random.Generator) -> None:
        self.timbre = TIMBRES[name]
        self._rng = rng
        # An octave of tilt either way and uneven partials: makers, players and microphones differ.
        self._rolloff = self.timbre.rolloff * float(rng.uniform(0.85, 1.18))
        self._uneven = np.exp(rng.normal(0.0, 0.3, 256))
        self._tables: dict[tuple[int, int], tuple[Wave, Wave]] = {}

    def note(self, pitch: float, seconds: float, strength: float) -> Wave:
        """Play one note.

        Parameters
        ----------
        pitch : float
            MIDI number (69 is 440 Hz).
        seconds : float
            How long, above 0.
        strength : float
            0 to 1.

        Returns
        -------
        array of float32, shape (samples,)
            Peak about ``strength``.
        """
        timbre, rng = self.timbre, self._rng
        frequency = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
        count = max(64, int(seconds * SAMPLE_RATE))
        t: Wave = np.arange(count, dtype=np.float32) / np.float32(SAMPLE_RATE)
        phase = t * np.float32(frequency)
        if timbre.vibrato:
            rate = float(rng.uniform(4.5, 6.5))
            # The integral of a sinusoidal change of pitch, in cycles.
            depth = np.float32(timbre.vibrato * frequency / (2 * np.pi * rate))
            phase += depth * np.sin(2 * np.pi * rate * t)
        if timbre.glide:
            slide = frequency * (2 ** (-timbre.glide / 12) - 1) * 0.08
            phase += np.float32(slide) * (1 - np.exp(t / np.float32(-0.08)))
        index = (phase * TABLE).astype(np.int32) & (TABLE - 1)
        dark, bright = self._cycle(pitch, frequency)
        wave = dark[index] + bright[index] * np.exp(t / np.float32(-timbre.darkening))
        if timbre.breath:
            wave += np.float32(timbre.breath) * rng.standard_normal(len(t), dtype=np.float32)
        return wave * self._envelope(t) * np.float32(strength)

    def _envelope(self, t: Wave) -> Wave:
        seconds = len(t) / SAMPLE_RATE
        shape = np.minimum(t / np.float32(min(self.timbre.attack, seconds / 3)), 1)
        if self.timbre.decay:
            shape *= np.exp(t / np.float32(-self.timbre.decay))
        return shape * np.minimum((seconds - t) / np.float32(min(0.03, seconds / 3)), 1)

    def _cycle(self, pitch: float, frequency: float) -> tuple[Wave, Wave]:
        """Return the lasting and the fading part of one cycle."""
        vowel = int(self._rng.integers(len(VOWELS))) if self.timbre.sung else -1
        key = (round(pitch), vowel)
        if key not in self._tables:
            count = int(np.clip(HIGHEST_PARTIAL // frequency, 1, len(self._uneven)))
            partial = np.arange(1, count + 1)
            strength = self._uneven[:count] / partial**self._rolloff
            strength[1::2] *= self.timbre.even
            if self.timbre.sung:
                heights = np.array(VOWELS[vowel])[:, None]
                strength *= np.exp(-0.5 * ((partial * frequency - heights) / 160.0) ** 2).sum(axis=0) + 0.02
            dark = strength * np.exp(-(partial - 1) / 4.0)
            cycles = []
            for part in (dark, strength - dark):
                spectrum = np.zeros(TABLE // 2 + 1, dtype=complex)
                spectrum[1 : count + 1] = part * np.exp(1j * np.arange(count) ** 2)
                cycles.append(np.fft.irfft(spectrum))
            peak = np.abs(cycles[0] + cycles[1]).max()
            self._tables[key] = (cycles[0] / peak).astype(np.float32), (cycles[1] / peak).astype(np.float32)
        return self._tables[key]


def drum_kit(*, heavy: float, rng: np.random.Generator) -> dict[str, Wave]:
    """Make one set of drums.

    Parameters
    ----------
    heavy : float
        0 (brushes) to 1 (a big, loud kit).
    rng : Generator
        Every kit differs in tuning, length and colour.

    Returns
    -------
    dict
        kick, snare, hat, open_hat, ride, shaker: float32 waves with a peak of 1.
    """
    t = np.arange(int(0.5 * SAMPLE_RATE), dtype=np.float32) / SAMPLE_RATE
    low = rng.uniform(42, 62)
    sweep = low * t + rng.uniform(60, 160) * 0.03 * (1 - np.exp(-t / 0.03))
    kick = np.sin(2 * np.pi * sweep) * np.exp(-t / rng.uniform(0.06, 0.1 + 0.15 * heavy))
    kick[:400] += heavy * rng.uniform(0.1, 0.5) * rng.standard_normal(400) * np.linspace(1, 0, 400)
    ring = np.sin(2 * np.pi * rng.uniform(160, 240) * t) * np.exp(-t / 0.07)
    hiss = rng.standard_normal(len(t)) * np.exp(-t / rng.uniform(0.05, 0.09 + 0.09 * heavy))
    kit = {
        "kick": kick,
        "snare": ring * heavy + _band(hiss, low=rng.uniform(600, 1500), high=rng.uniform(5500, 9500)),
        "hat": _burst(t, rng=rng, seconds=rng.uniform(0.015, 0.04), low=rng.uniform(5000, 7500)),
        "open_hat": _burst(t, rng=rng, seconds=rng.uniform(0.1, 0.2), low=rng.uniform(4500, 7000)),
        "ride": _burst(t, rng=rng, seconds=rng.uniform(0.15, 0.3), low=rng.uniform(3000, 5000)),
        "shaker": _burst(t, rng=rng, seconds=rng.uniform(0.02, 0.05), low=rng.uniform(3000, 5500)),
    }
    return {name: (wave / np.abs(wave).max()).astype(np.float32) for name, wave in kit.items()}


def _burst(
    t: NDArray[np.floating], *, rng: np.random.Generator, seconds: float, low: float
) -> NDArray[np.float64]:
    return _band(rng.standard_normal(len(t)) * np.exp(-t / seconds), low=low, high=10_500.0)


def _band(wave: NDArray[np.floating], *, low: float, high: float) -> NDArray[np.float64]:
    return signal.sosfilt(signal.butter(2, (low, high), "band", fs=SAMPLE_RATE, output="sos"), wave)
