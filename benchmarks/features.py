"""Feature extraction side by side with the plain script; what is alike is done on the same files, in turn.

    python -m benchmarks.features AUDIO_FOLDER [--tracks 8] [--repeats 5] [--encoders]

AUDIO_FOLDER holds a folder a genre. Everything compared runs alternating in one process tree. Wall time is what
a person waits for; processor time says the same on a machine that does other work too. ``--encoders`` takes the
weights that ``TFHUB_CACHE_DIR`` and ``GENRE_VGG16`` name.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks import encoders, plain
from benchmarks.side_by_side import compare, pooled, timed
from components import features
from components.config.params import SegmentsParams
from components.core.processes import cores
from components.corpus import audio
from components.features.pipeline import chunks, compute

SECONDS, PIECES = 3.0, 10
PROCESSES = cores()


def ours(path: str, *names: str) -> float:
    """Features of one track from one decoding; returns processor seconds."""
    began = time.process_time()
    y, rate = audio.decode(path)
    segments = SegmentsParams(seconds=SECONDS, per_track=PIECES, shortest=SECONDS)
    for name in names:
        module = features.load(name)
        unit = "track" if name == "mel_image" else "segment"
        clips, _ = compute.cut(y, rate, module=module, unit=unit, segments=segments)
        compute.apply(module, clips, options=module.Options())
    return time.process_time() - began


def ours_summary(path: str) -> float:
    return ours(path, "mfcc_summary")


def ours_sequence_and_mel(path: str) -> float:
    return ours(path, "mfcc_sequence", "mel_image")


def speed(paths: list[str], *, repeats: int, encoders_too: bool) -> None:
    from threadpoolctl import threadpool_limits

    print(f"{PROCESSES} processors, load {os.getloadavg()[0]:.1f}")
    with (
        threadpool_limits(1),
        ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn"), initializer=chunks._start) as pool,
    ):
        list(pool.map(ours_summary, paths * 2))
        many = f"ours, {PROCESSES} processes"
        compare(
            "mfcc_summary: 57 columns of ten 3-s segments",
            {
                "plain script": lambda p: timed(plain.summary, p),
                "librosa with a shared S": lambda p: timed(plain.shared, p),
                "ours, 1 process": lambda p: timed(ours_summary, p),
                many: lambda p: pooled(pool, ours_summary, p),
                "floor: decode + one float32 rFFT pass": lambda p: timed(plain.floor, p),
            },
            paths,
            repeats,
        )
        compare(
            "mfcc_sequence + mel picture",
            {
                "plain script (57 columns)": lambda p: timed(plain.summary, p),
                "two librosa calls a clip": lambda p: timed(plain.sequence_and_mel, p),
                "ours, 1 process": lambda p: timed(ours_sequence_and_mel, p),
                many: lambda p: pooled(pool, ours_sequence_and_mel, p),
                "floor: decode + one float32 rFFT pass": lambda p: timed(plain.floor, p),
            },
            paths,
            repeats,
        )
    if encoders_too:
        encoders.speed(paths, repeats=repeats)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tracks", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--encoders", action="store_true")
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    files = sorted(path for path in given.folder.rglob("*") if path.suffix in audio.SUFFIXES)
    chosen = [str(path) for path in files[:: max(1, len(files) // given.tracks)][: given.tracks]]
    speed(chosen, repeats=given.repeats, encoders_too=given.encoders)


if __name__ == "__main__":
    main()
