"""The stage ``synthesise@NAME``: write a collection of composed tracks, whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from components.config.params import Params
from components.core import progress
from components.core.atomic import replacing_folder
from components.core.errors import CorpusError
from components.core.processes import cores
from components.corpus.synthetic.composition import compose
from components.corpus.synthetic.instruments import SAMPLE_RATE
from components.corpus.synthetic.params import SyntheticParams, block


def run(name: str, *, params: Params, root: Path = Path("data")) -> Path:
    """Compose one collection and write it to ``ROOT/raw/NAME/<genre>/<genre>.NNNNN.wav``.

    Parameters
    ----------
    name : str
        A key of ``synthetic``.
    params : Params
        For that block; see :class:`SyntheticParams`.
    root : Path
        The data folder.

    Returns
    -------
    Path
        The collection's folder: 22,050 Hz mono 16-bit WAV, the same bytes for the same block.

    Raises
    ------
    ParamsError
        If there is no such block, or a key of it is missing, unknown or out of range.
    CorpusError
        If the folder cannot be written.
    """
    checked = block(name, params=params)
    target = Path(root) / "raw" / name
    try:
        with replacing_folder(target) as folder:
            _write(checked, folder, label=f"compose {name}")
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CorpusError(f"{target} cannot be written: {reason}") from error
    return target


def _write(checked: SyntheticParams, folder: Path, *, label: str) -> None:
    tracks = [(genre, number) for genre, count in sorted(checked.counts().items()) for number in range(count)]
    # Most of a track's time goes by in NumPy's and SciPy's loops, which hold no lock.
    with ThreadPoolExecutor(cores()) as pool:
        written = pool.map(partial(_write_track, checked=checked, folder=folder), tracks)
        for _ in progress.each(written, label, total=len(tracks), unit="tracks"):
            pass


def _write_track(track: tuple[str, int], *, checked: SyntheticParams, folder: Path) -> None:
    import soundfile

    genre, number = track
    (folder / genre).mkdir(exist_ok=True)
    # A track's seed depends on nothing but itself: more tracks, or fewer genres, change no other.
    rng = np.random.default_rng([checked.seed, zlib.crc32(genre.encode()), number])
    wave = compose(genre, seconds=checked.seconds, rng=rng)
    # Rounded here and not in the file library, so that its version changes no byte.
    samples = np.round(wave * 32767.0).astype(np.int16)
    path = folder / genre / f"{genre}.{number:05d}.wav"
    try:
        soundfile.write(path, samples, SAMPLE_RATE, subtype="PCM_16")
    except soundfile.SoundFileError as error:  # a full disk is no OSError to it, but a "System error."
        if shutil.disk_usage(folder).free < samples.nbytes:
            raise OSError(errno.ENOSPC, str(error)) from error
        raise OSError(str(error)) from error
