"""Composition of one track by a genre's rules: choose, play the parts bar by bar, mix, record."""

from __future__ import annotations

import numpy as np
from scipy import signal

from components.corpus.synthetic.instruments import SAMPLE_RATE, Instrument, Wave, drum_kit
from components.corpus.synthetic.styles import STYLES, Bass, Chords, Drums, Lead, Sound, Style, chord

#: MIDI numbers around which chords lie: E3 to D#4.
ROOT = 52
#: Chance that a part is silent for a bar, as arrangements have it.
REST = 0.05
#: Genres are no islands: the chance that a track takes any one part from a neighbouring genre.
BORROWED = 0.05


def compose(genre: str, *, seconds: float, rng: np.random.Generator) -> Wave:
    """Compose and record one track.

    Parameters
    ----------
    genre : str
        A key of :data:`components.corpus.synthetic.styles.STYLES`.
    seconds : float
        Length, above 0.
    rng : Generator
        All that is left to chance.

    Returns
    -------
    array of float32, shape (samples,)
        Mono at 22,050 Hz, within -1 and 1.
    """
    style = borrow(genre, rng=rng)
    band = _Band(style, seconds=seconds, rng=rng)
    chords, lead = style.chords, style.lead
    drive_of_chords = chords.drive * rng.uniform(0.6, 1.3)
    mix = band.drums(style.drums) if style.drums else np.zeros(band.length, dtype=np.float32)
    for part, level, drive in (
        (band.bass(style.bass), style.bass.level, 0.0),
        (band.chords(chords), chords.level, drive_of_chords),
        (band.lead(lead), lead.level, lead.drive * rng.uniform(0.6, 1.3)),
    ):
        # Each player is louder or softer by some 3 dB from band to band.
        mix += _driven(part, drive) * np.float32(level * np.exp(rng.normal(0.0, 0.22)))
    return _record(mix[: round(seconds * SAMPLE_RATE)], sound=style.sound, rng=rng)


def borrow(genre: str, *, rng: np.random.Generator) -> Style:
    """Return a genre's rules with some parts of a neighbour's.

    Parameters
    ----------
    genre : str
        A key of ``STYLES``.
    rng : Generator
        Chooses the neighbour and the parts.

    Returns
    -------
    Style
        Feel, drums, bass, chords, melody and sound: each the neighbour's with the chance ``BORROWED``.
    """
    own = STYLES[genre]
    other = STYLES[rng.choice(own.neighbours)]
    parts = ("feel", "drums", "bass", "chords", "lead", "sound")
    return own.model_copy(update={part: getattr(other, part) for part in parts if rng.random() < BORROWED})


class _Band:
    """The players of one track: tempo, key, progression and instruments are chosen once."""

    def __init__(self, style: Style, *, seconds: float, rng: np.random.Generator) -> None:
        self._rng = rng
        self._step = 15.0 / rng.uniform(*style.feel.tempo)
        self._swing = style.feel.swing * rng.uniform(0.7, 1.2)
        self._bars = int(np.ceil(seconds / (16 * self._step)))
        self.length = int((self._bars * 16 * self._step + 4.0) * SAMPLE_RATE)
        self._key = ROOT + int(rng.integers(-4, 8)) + float(rng.normal(0.0, 0.15))
        self._progression = [chord(symbol) for symbol in rng.choice(style.chords.progressions).split()]
        self._first = int(rng.integers(len(self._progression)))

    def _chord(self, bar: int) -> tuple[int, tuple[int, ...]]:
        return self._progression[(self._first + bar) % len(self._progression)]

    def _strokes(self, rhythm: str) -> list[tuple[int, int, float]]:
        """Return (bar, step, second) of each stroke, with swing and a player's unsteadiness."""
        strokes = []
        for bar in range(self._bars):
            if self._rng.random() < REST:
                continue
            for step, mark in enumerate(rhythm):
                if mark == "x" or (mark == "o" and self._rng.random() < 0.5):
                    late = self._swing if step % 4 == 2 else 0.0
                    second = (bar * 16 + step + 2 * late) * self._step + abs(self._rng.normal(0.0, 0.006))
                    strokes.append((bar, step, second))
        return strokes

    def _sum(self, notes: list[tuple[float, Wave]]) -> Wave:
        bus = np.zeros(self.length, dtype=np.float32)
        for second, wave in notes:
            start = int(second * SAMPLE_RATE)
            end = min(start + len(wave), self.length)
            bus[start:end] += wave[: end - start]
        return bus

    def drums(self, drums: Drums) -> Wave:
        kit = drum_kit(heavy=drums.heavy, rng=self._rng)
        loud = {"kick": 1.0, "snare": 0.7}
        notes = []
        for name, rhythm in drums.patterns.items():
            level = drums.level * loud.get(name, 0.3) * self._rng.uniform(0.6, 1.4)
            for _, step, second in self._strokes(rhythm):
                accent = (1.0 if step % 4 == 0 else 0.75) * self._rng.uniform(0.8, 1.0)
                notes.append((second, kit[name] * np.float32(level * accent)))
        return self._sum(notes)

    def bass(self, bass: Bass) -> Wave:
        instrument = Instrument(self._rng.choice(bass.instruments), rng=self._rng)
        rhythm = self._rng.choice(bass.rhythms)
        held = bass.length * self._step * 16 / max(1, rhythm.count("x"))
        notes = []
        for number, (bar, _, second) in enumerate(self._strokes(rhythm)):
            root, _ = self._chord(bar)
            pitch = self._key - 24 + root + bass.steps[number % len(bass.steps)]
            # An electric bass's lowest string is E1, MIDI 28.
            pitch += 12 if pitch < 28 else 0
            notes.append((second, instrument.note(pitch, held, self._rng.uniform(0.7, 1.0))))
        return self._sum(notes)

    def chords(self, chords: Chords) -> Wave:
        instrument = Instrument(self._rng.choice(chords.instruments), rng=self._rng)
        rhythm = self._rng.choice(chords.rhythms)
        held = max(0.08, chords.length * self._step * 16 / max(1, rhythm.count("x") + rhythm.count("o") / 2))
        notes = []
        for number, (bar, _, second) in enumerate(self._strokes(rhythm)):
            root, tones = self._chord(bar)
            if chords.broken and rhythm.count("x") > 4:
                tones = (tones[number % len(tones)],)  # broken chords
            for place, tone in enumerate(tones):
                pitch = self._key + 12 * chords.octave + root + tone
                strum = second + 0.008 * place
                notes.append((strum, instrument.note(pitch, held, self._rng.uniform(0.25, 0.4))))
        return self._sum(notes)

    def lead(self, lead: Lead) -> Wave:
        instrument = Instrument(self._rng.choice(lead.instruments), rng=self._rng)
        degree, notes = int(self._rng.integers(len(lead.scale))), []
        density = lead.density * self._rng.uniform(0.6, 1.3)
        for _, _, second in self._strokes("x.x.x.x.x.x.x.x."):
            if self._rng.random() > density:
                continue
            degree = int(np.clip(degree + self._rng.integers(-2, 3), -3, len(lead.scale) + 3))
            octave, place = divmod(degree, len(lead.scale))
            pitch = self._key + 12 * (1 + lead.octave + octave) + lead.scale[place]
            held = self._step * 2 * self._rng.choice((0.9, 1.8, 3.6))
            notes.append((second, instrument.note(pitch, held, self._rng.uniform(0.5, 0.9))))
        return self._sum(notes)


def _driven(part: Wave, drive: float) -> Wave:
    """Overdrive: 0 leaves the part as it is, 1 is a fully distorted amplifier."""
    peak = float(np.abs(part).max())
    if drive <= 0 or peak == 0:
        return part
    gain = 1.0 + 25.0 * drive**2
    loud = np.tanh(part * np.float32(gain / peak))
    # A loudspeaker's cone takes the top off.
    cone = signal.butter(2, 5000, fs=SAMPLE_RATE, output="sos")
    return signal.sosfilt(cone, loud).astype(np.float32) * np.float32(0.5)


def _record(mix: Wave, *, sound: Sound, rng: np.random.Generator) -> Wave:
    """Room, tone, compression, noise and level: the studio and the year differ from track to track."""
    room = float(np.clip(sound.room + rng.normal(0.0, 0.08), 0.0, 1.0))
    tail = np.arange(int(0.6 * SAMPLE_RATE)) / SAMPLE_RATE
    echo = rng.standard_normal(len(tail)) * np.exp(-tail / (0.04 + 0.15 * room)) * 0.05
    wet = signal.oaconvolve(mix, echo.astype(np.float32))[: len(mix)]
    mix = mix + np.float32(room) * wet.astype(np.float32)
    # From a shellac transfer (3.5 kHz) to a modern master.
    cutoff = float(np.clip(3500 + 7000 * (sound.brightness + rng.normal(0.0, 0.12)), 3500, 10_500))
    mix = signal.sosfilt(signal.butter(1, cutoff, fs=SAMPLE_RATE, output="sos"), mix)
    mix = signal.sosfilt(signal.butter(1, rng.uniform(25, 90), "high", fs=SAMPLE_RATE, output="sos"), mix)
    mix /= max(float(np.abs(mix).max()), 1e-6)
    squeeze = sound.squeeze * rng.uniform(0.7, 1.4)
    mix = np.tanh(squeeze * mix) / np.tanh(squeeze)
    mix += rng.standard_normal(len(mix)) * 10.0 ** rng.uniform(-4.0, -2.8)
    level = rng.uniform(0.4, 0.97)
    return (mix * (level / np.abs(mix).max())).astype(np.float32)
