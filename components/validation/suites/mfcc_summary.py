"""Suite of ``mfcc_summary``: 57 named statistics of a clip, each with a range that physics or arithmetic sets.

Where two limits follow from one quantity they are checked against each other: a variance cannot exceed what the
mean leaves room for (Bhatia and Davis, 2000: a quantity between 0 and N with mean m has variance at most
m(N - m)), and 85 % of a spectrum cannot lie below a roll-off that is more than 1/0.15 times its centroid (Markov).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from components.validation.base import LEAST_COHERENCE, between, equal, ordered, steady
from components.validation.contract import Suite, Tables
from components.validation.inputs import Inputs
from components.validation.limits import Limits
from components.validation.scan import Scan

_SERIES = (
    *("chroma_stft", "rms", "spectral_centroid", "spectral_bandwidth", "rolloff", "zero_crossing_rate"),
    *("harmony", "perceptr"),
)
NAMES = (
    *(f"{name}_{statistic}" for name in _SERIES for statistic in ("mean", "var")),
    "tempo",
    *(f"mfcc{number}_{statistic}" for number in range(1, 21) for statistic in ("mean", "var")),
)
#: The public table takes every 512 samples; the tempo is the lag of an autocorrelation in such steps.
HOP_LENGTH = 512
#: Mel bands behind the cepstrum, and decibels that librosa's power_to_db keeps below a clip's loudest value.
MELS, TOP_DB = 128, 80.0
#: power_to_db's floor, 1e-10, is -100 dB; 2048 samples of a full-scale tone under a Hann window are 2**20: 60 dB.
FLOOR_DB, FULL_SCALE_DB = -100.0, 61.0
QUIET, LOUD = float(np.sqrt(MELS)) * FLOOR_DB, float(np.sqrt(MELS)) * FULL_SCALE_DB
#: Full scale is 1; decoders of lossy files and resamplers overshoot.
FULL_SCALE = 1.5
#: Rows a column, from which on a column's linear dependence on the others can be told from chance.
ROWS_PER_COLUMN = 10
#: Cepstral statistics overlap in what they say: in the public tables others explain at least 0.19 of each.
LEAST_EXPLAINED = 0.05

LIMITS = Limits(discrete=("tempo",))


def tables(inputs: Inputs, found: Scan, built: Tables) -> Tables:
    """Add ``values``, the table itself with what bounds each column; bounds to ``columns``; facts to ``summary``.

    Returns
    -------
    dict of str to DataFrame
        ``values``, ``columns``, ``summary``.
    """
    differing = _differing(list(found.columns["column"]))
    if differing:
        return {"summary": built["summary"].assign(names_differ=differing)}
    values = pd.DataFrame(np.asarray(inputs.values, dtype=np.float64), columns=list(NAMES))
    columns = _bounded(built["columns"])
    explained = _explained(values)
    if explained is not None:
        columns["explained"] = np.where(columns["column"].str.startswith("mfcc"), explained, 1.0)
    if found.coherence is not None:
        steady = columns["column"].str.fullmatch(r"mfcc\d+_mean")
        columns["coherence"] = np.where(steady, np.nan_to_num(found.coherence), 1.0)
    summary = built["summary"].assign(**_relations(values, inputs))
    return {"values": _with_room(values, inputs.nyquist), "columns": columns, "summary": summary}


def _bounded(columns: pd.DataFrame) -> pd.DataFrame:
    """Add the least and greatest value that each column can take."""
    # An orthonormal cosine transform of 128 bands: the first is their sum over the root of 128, the others at the
    # most the root of 2/128 times half the range of 80 dB times the sum of 128 cosines' sizes (2/pi each).
    other = np.sqrt(2.0 / MELS) * TOP_DB / 2.0 * MELS * 2.0 / np.pi + 1.0
    named = columns["column"]
    cepstral, variance = named.str.startswith("mfcc"), named.str.endswith("_var")
    highest = np.where(cepstral, np.where(variance, other**2, other), np.inf)
    lowest = np.where(variance, 0.0, np.where(cepstral, -other, -np.inf))
    first = named == "mfcc1_mean"
    lowest, highest = np.where(first, QUIET, lowest), np.where(first, LOUD, highest)
    # The first coefficient also moves with loudness, by all that lies between floor and full scale.
    highest = np.where(named == "mfcc1_var", ((LOUD - QUIET) / 2.0) ** 2, highest)
    return columns.assign(lowest=lowest.clip(-1e12, 1e12), highest=highest.clip(-1e12, 1e12))


def _with_room(values: pd.DataFrame, nyquist: float) -> pd.DataFrame:
    """Add what one column leaves room for in another."""
    for name, top in (("chroma_stft", 1.0), ("zero_crossing_rate", 1.0), ("rms", FULL_SCALE)):
        values[f"{name}_room"] = values[f"{name}_mean"] * (top - values[f"{name}_mean"])
    for name in ("spectral_centroid", "rolloff"):
        values[f"{name}_room"] = values[f"{name}_mean"] * (nyquist - values[f"{name}_mean"])
    centroid = values["spectral_centroid_mean"]
    values["rolloff_most"] = centroid / 0.15
    values["centroid_most"] = 0.85 * values["rolloff_mean"] + 0.15 * nyquist
    values["bandwidth_most"] = np.sqrt(np.maximum(centroid * (nyquist - centroid), 0.0))
    # Edge frames are half silence, so that the frames' power is up to 4 % below the clip's own.
    values["power"] = 1.1 * (np.square(values["rms_mean"]) + values["rms_var"]) + 1e-5
    return values


def _differing(names: list[str]) -> int:
    return sum(name != due for name, due in zip(names, NAMES, strict=False)) + abs(len(names) - len(NAMES))


def _relations(values: pd.DataFrame, inputs: Inputs) -> dict[str, float]:
    step = 60.0 * 2.0 * inputs.nyquist / HOP_LENGTH
    lags = step / values["tempo"].where(values["tempo"] > 0, np.nan)
    whole = (lags - lags.round()).abs() <= 0.01
    # Both grow with how high the energy of a spectrum lies: a tone's crossings are twice its frequency.
    together = np.corrcoef(values["zero_crossing_rate_mean"].rank(), values["spectral_centroid_mean"].rank())[
        0, 1
    ]
    loudness = np.corrcoef(values["mfcc1_mean"].rank(), values["rms_mean"].rank())[0, 1]
    return {
        "names_differ": 0,
        "tempo_on_grid": float(whole.mean()),
        "tempo_odd_lags": float((lags.round() % 2 == 1).mean()),
        "crossings_with_centroid": float(np.nan_to_num(together)),
        "cepstrum_with_loudness": float(np.nan_to_num(loudness)),
        **{
            f"{name}_median": float(values[name].median())
            for name in ("rms_mean", "spectral_centroid_mean", "tempo", "mfcc1_mean", "chroma_stft_mean")
        },
    }


def _explained(values: pd.DataFrame) -> np.ndarray | None:
    """Return the adjusted share of each column's variance that the other columns explain linearly."""
    rows, columns = values.shape
    if rows < ROWS_PER_COLUMN * columns:
        return None
    table = values.to_numpy()
    if (np.ptp(table, axis=0) == 0).any() or not np.isfinite(table).all():
        return None
    correlation = np.corrcoef(table, rowvar=False)
    raw = 1.0 - 1.0 / np.diag(np.linalg.pinv(correlation, hermitian=True))
    return np.asarray(1.0 - (1.0 - raw) * (rows - 1) / (rows - columns))


def expectations(inputs: Inputs) -> Suite:
    """Say what the 57 columns must hold."""
    summary = [equal("names_differ", 0, "the 57 columns are the public table's, in its order")]
    if _differing(list(inputs.meta.get("names") or [])):
        return {"summary": summary}
    summary += [
        between(
            "tempo_on_grid", 0.99, None, "60 x rate / hop / tempo is a whole number of frames: right rate"
        ),
        between(
            "tempo_odd_lags", 0.02, None, "odd lags occur: a doubled or halved rate leaves only even ones"
        ),
        between("crossings_with_centroid", 0.3, None, "zero crossings rise with the spectral centroid"),
        between("cepstrum_with_loudness", 0.3, None, "the first cepstral coefficient rises with loudness"),
        between("rms_mean_median", 1e-3, 0.7, "music of -60 to -3 dB: samples are scaled to -1..1"),
        between("spectral_centroid_mean_median", 300.0, 5000.0, "music's centroid, in Hz"),
        between("tempo_median", 40.0, 250.0, "music's tempo, in beats a minute"),
        between("mfcc1_mean_median", -700.0, 150.0, "decibels of mel power, times the square root of 128"),
        between("chroma_stft_mean_median", 0.05, 0.9, "chroma is scaled to its largest of twelve"),
    ]
    columns = [
        ordered("minimum", "lowest", "variances are not negative; 80 dB between bands allow no less"),
        ordered("highest", "maximum", "80 dB between bands allow no more"),
    ]
    if len(inputs.index) >= ROWS_PER_COLUMN * len(NAMES):
        columns.append(between("explained", LEAST_EXPLAINED, None, "statistics of one clip go together"))
    if steady(inputs):
        columns.append(between("coherence", LEAST_COHERENCE, None, "segments of a track have its timbre"))
    return {"values": _ranges(inputs.nyquist), "columns": columns, "summary": summary}


def _ranges(nyquist: float) -> list[Any]:
    values = [
        between("chroma_stft_mean", 0.0, 1.0, "chroma is between 0 and 1"),
        between("rms_mean", 0.0, FULL_SCALE, "a root mean square is not negative, and full scale is 1"),
        between("spectral_centroid_mean", 0.0, nyquist, "a frequency between 0 and Nyquist"),
        between("spectral_bandwidth_mean", 0.0, nyquist / 2, "a deviation of frequencies up to Nyquist"),
        between("spectral_bandwidth_var", 0.0, (nyquist / 4) ** 2, "a variance of numbers up to Nyquist / 2"),
        between("rolloff_mean", 0.0, nyquist, "a frequency between 0 and Nyquist"),
        between("zero_crossing_rate_mean", 0.0, 1.0, "a share of samples"),
        between("tempo", 0.0, 320.0, "librosa looks no further than 320 beats a minute", strict_min=True),
        ordered("rolloff_most", "rolloff_mean", "Markov: 15 % of the energy cannot lie so high"),
        ordered("centroid_most", "spectral_centroid_mean", "85 % of the energy is below the roll-off"),
        ordered("bandwidth_most", "spectral_bandwidth_mean", "the centroid leaves no room for more spread"),
        ordered("power", "harmony_var", "the harmonic part has no more power than the whole"),
        ordered("power", "perceptr_var", "the percussive part has no more power than the whole"),
    ]
    for name in ("chroma_stft", "rms", "spectral_centroid", "rolloff", "zero_crossing_rate"):
        values.append(ordered(f"{name}_room", f"{name}_var", "the mean leaves no room for more variance"))
    for name in ("harmony", "perceptr"):
        values.append(between(f"{name}_mean", -FULL_SCALE, FULL_SCALE, "the mean of samples of -1 to 1"))
    return values
