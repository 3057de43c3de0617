"""Suite of ``mfcc_summary``: 57 named statistics of a clip, each with a range that physics or arithmetic sets.

Where two limits follow from one quantity they are checked against each other: a variance cannot exceed what the
mean leaves room for (Bhatia and Davis, 2000: a quantity between 0 and N with mean m has variance at most
m(N - m)), and 85 % of a spectrum cannot lie below a roll-off that is more than 1/0.15 times its centroid (Markov).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from components.corpus.feature_table import VALUES as NAMES
from components.features.dsp.stft import HOP_LENGTH
from components.validation.checkpoint import Checked, Checks, between, equal, ordered
from components.validation.limits import CEPSTRUM, LOUD, QUIET, Limits
from components.validation.scan import Scan
from components.validation.tables import LEAST_COHERENCE, Inputs

#: Full scale is 1; decoders of lossy files and resamplers overshoot.
FULL_SCALE = 1.5
#: Rows a column, from which on a column's linear dependence on the others can be distinguished from chance.
ROWS_PER_COLUMN = 10
#: Cepstral statistics overlap: in the public tables others explain at least 0.19 of each.
LEAST_EXPLAINED = 0.05

LIMITS = Limits(discrete=("tempo",))


def extend(inputs: Inputs, found: Scan, checks: Checks) -> None:
    """Add what the 57 columns must hold, and ``values``, the table itself with what bounds each column."""
    names = tuple(found.columns["column"])
    named = equal("names_differ", 0, "the 57 columns are the public table's, in its order")
    checks["summary"].add([named], names_differ=int(names != NAMES))
    if names == NAMES:
        values = pd.DataFrame(np.asarray(inputs.values, dtype=np.float64), columns=list(NAMES))
        _columns(inputs, found, checks["columns"], values)
        _summary(inputs, checks["summary"], values)
        checks["values"] = _values(values, inputs.nyquist)


def _columns(inputs: Inputs, found: Scan, columns: Checked, values: pd.DataFrame) -> None:
    """Add the least and greatest value that each column can take, and how it goes with others."""
    named = columns.table["column"]
    cepstral, variance = named.str.startswith("mfcc"), named.str.endswith("_var")
    lowest = np.where(variance, 0.0, np.where(cepstral, -CEPSTRUM, -1e12))
    highest = np.where(cepstral, np.where(variance, CEPSTRUM**2, CEPSTRUM), 1e12)
    first = named == "mfcc1_mean"
    # The first coefficient also moves with loudness, by all that lies between floor and full scale.
    highest = np.where(named == "mfcc1_var", ((LOUD - QUIET) / 2.0) ** 2, np.where(first, LOUD, highest))
    columns.add(
        [
            ordered("minimum", "lowest", "variances are not negative; 80 dB between bands allow no less"),
            ordered("highest", "maximum", "80 dB between bands allow no more"),
        ],
        lowest=np.where(first, QUIET, lowest),
        highest=highest,
    )
    if len(values) >= ROWS_PER_COLUMN * len(NAMES):
        together = between("explained", LEAST_EXPLAINED, None, "statistics of one clip go together")
        columns.add([together], explained=np.where(cepstral, _explained(values), 1.0))
    if inputs.steady and found.coherence is not None:
        alike = between("coherence", LEAST_COHERENCE, None, "segments of a track have its timbre")
        coherence = np.where(cepstral & ~variance, np.nan_to_num(found.coherence), 1.0)
        columns.add([alike], coherence=coherence)


def _explained(values: pd.DataFrame) -> np.ndarray:
    """Return the adjusted share of each column's variance that the other columns explain linearly."""
    rows, columns = values.shape
    table = np.nan_to_num(values.to_numpy())
    if (np.ptp(table, axis=0) == 0).any():
        return np.zeros(columns)
    correlation = np.corrcoef(table, rowvar=False)
    raw = 1.0 - 1.0 / np.diag(np.linalg.pinv(correlation, hermitian=True))
    return np.asarray(1.0 - (1.0 - raw) * (rows - 1) / (rows - columns))


def _summary(inputs: Inputs, summary: Checked, values: pd.DataFrame) -> None:
    """Add medians that music has, and relations between columns."""
    # The tempo is the lag of an autocorrelation in steps of the hop length.
    step = 60.0 * 2.0 * inputs.nyquist / HOP_LENGTH
    lags = step / values["tempo"].where(values["tempo"] > 0)
    pairs = ["zero_crossing_rate_mean", "spectral_centroid_mean", "mfcc1_mean", "rms_mean"]
    ranks = values[pairs].corr("spearman").fillna(0.0)
    expectations = [
        between("tempo_on_grid", 0.99, None, "60 x rate / hop / tempo is a whole number: right rate"),
        between("tempo_odd_lags", 0.02, None, "odd lags occur: a doubled rate leaves only even ones"),
        # Both grow with how high the energy of a spectrum lies: a tone's crossings are twice its frequency.
        between("crossings_with_centroid", 0.3, None, "zero crossings rise with the spectral centroid"),
        between("cepstrum_with_loudness", 0.3, None, "the first cepstral coefficient rises with loudness"),
    ]
    summary.add(
        expectations,
        tempo_on_grid=float(((lags - lags.round()).abs() <= 0.01).mean()),
        tempo_odd_lags=float((lags.round() % 2 == 1).mean()),
        crossings_with_centroid=ranks.loc["zero_crossing_rate_mean", "spectral_centroid_mean"],
        cepstrum_with_loudness=ranks.loc["mfcc1_mean", "rms_mean"],
    )
    for name, low, high, reason in (
        ("rms_mean", 1e-3, 0.7, "music of -60 to -3 dB: samples are scaled to -1..1"),
        ("spectral_centroid_mean", 300.0, 5000.0, "music's centroid, in Hz"),
        ("tempo", 40.0, 250.0, "music's tempo, in beats a minute"),
        ("mfcc1_mean", -700.0, 150.0, "decibels of mel power, times the square root of 128"),
        ("chroma_stft_mean", 0.05, 0.9, "chroma is scaled to its largest of twelve"),
    ):
        median = f"{name}_median"
        summary.add([between(median, low, high, reason)], **{median: float(values[name].median())})


def _values(values: pd.DataFrame, nyquist: float) -> Checked:
    """Return the values with what one column leaves room for in another."""
    frequency = "a frequency between 0 and Nyquist"
    expectations = [
        between("chroma_stft_mean", 0.0, 1.0, "chroma is between 0 and 1"),
        between("rms_mean", 0.0, FULL_SCALE, "a root mean square is not negative, and full scale is 1"),
        between("spectral_centroid_mean", 0.0, nyquist, frequency),
        between("spectral_bandwidth_mean", 0.0, nyquist / 2, "a deviation of frequencies up to Nyquist"),
        between("spectral_bandwidth_var", 0.0, (nyquist / 4) ** 2, "a variance of numbers up to Nyquist / 2"),
        between("rolloff_mean", 0.0, nyquist, frequency),
        between("zero_crossing_rate_mean", 0.0, 1.0, "a share of samples"),
        between("harmony_mean", -FULL_SCALE, FULL_SCALE, "the mean of samples of -1 to 1"),
        between("perceptr_mean", -FULL_SCALE, FULL_SCALE, "the mean of samples of -1 to 1"),
        between("tempo", 0.0, 320.0, "librosa looks no further than 320 beats a minute", strict_min=True),
        ordered("rolloff_most", "rolloff_mean", "Markov: 15 % of the energy cannot lie so high"),
        ordered("centroid_most", "spectral_centroid_mean", "85 % of the energy is below the roll-off"),
        ordered("bandwidth_most", "spectral_bandwidth_mean", "the centroid leaves no room for more spread"),
        ordered("power", "harmony_var", "the harmonic part has no more power than the whole"),
        ordered("power", "perceptr_var", "the percussive part has no more power than the whole"),
    ]
    centroid, rolloff = values["spectral_centroid_mean"], values["rolloff_mean"]
    made = values.assign(
        rolloff_most=centroid / 0.15,
        centroid_most=0.85 * rolloff + 0.15 * nyquist,
        bandwidth_most=np.sqrt(np.maximum(centroid * (nyquist - centroid), 0.0)),
        # Edge frames are half silence, so that the frames' power is up to 4 % below the clip's own.
        power=1.1 * (np.square(values["rms_mean"]) + values["rms_var"]) + 1e-5,
    )
    tops = {"chroma_stft": 1.0, "rms": FULL_SCALE, "zero_crossing_rate": 1.0}
    for name, top in {**tops, "spectral_centroid": nyquist, "rolloff": nyquist}.items():
        made[f"{name}_room"] = values[f"{name}_mean"] * (top - values[f"{name}_mean"])
        room = "the mean leaves no room for more variance"
        expectations.append(ordered(f"{name}_room", f"{name}_var", room))
    return Checked(made, expectations)
