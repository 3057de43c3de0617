"""Songs of mixed formats beside the same songs as WAV: listing and features in turn, and `genre predict` of them all.

    python -m benchmarks.formats AUDIO_FOLDER [--songs 200] [--repeats 2]
    python -m benchmarks.formats AUDIO_FOLDER --predict    # in a workspace where `genre run` has finished, too

AUDIO_FOLDER holds a folder a genre. Its songs are encoded by turns, so that each format has as many.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.extraction import params_for
from benchmarks.side_by_side import in_turn, times_as_much
from components.core.processes import cores
from components.corpus import audio
from components.corpus import store as corpus_store
from components.serving import predict
from components.stages import corpus, features

#: Codec of FFmpeg and its container by suffix; the others are libsndfile's.
ENCODERS = {".opus": ("libopus", "ogg"), ".m4a": ("aac", "ipod")}
FORMATS = (".wav", ".flac", ".mp3", ".ogg", *ENCODERS)


def encode(y: np.ndarray, rate: int, *, path: Path) -> None:
    """Write mono float32 samples in the format of a path's suffix."""
    if path.suffix not in ENCODERS:
        soundfile.write(path, y, rate)
        return
    import av

    codec, container = ENCODERS[path.suffix]
    if codec == "libopus":
        y, rate = audio.resample(y, rate, to=48_000), 48_000  # it knows no rate of CDs
    with av.open(path, "w", format=container) as made:
        stream = made.add_stream(codec, rate=rate, layout="mono")
        stream.bit_rate = 96_000
        for first in range(0, len(y), 1024):
            frame = av.AudioFrame.from_ndarray(
                y[np.newaxis, first : first + 1024], format="flt", layout="mono"
            )
            frame.sample_rate, frame.pts = rate, first
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))


def write(folder: Path, *, songs: int, to: Path) -> dict[str, Path]:
    """Write songs of all genres twice, and return the two folders by name."""
    by_genre = [predict.below(genre) for genre in sorted(folder.iterdir()) if genre.is_dir()]
    found = [song for some in itertools.zip_longest(*by_genre) for song in some if song][:songs]
    for number, (song, suffix) in enumerate(zip(found, itertools.cycle(FORMATS), strict=False)):
        y, rate = audio.decode(song)
        for name, ending in (("WAV", ".wav"), ("mixed", suffix)):
            path = to / name / song.parent.name / f"{number}{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            encode(y, rate, path=path)
    return {name: to / name for name in ("WAV", "mixed")}


def listed_and_extracted(folder: Path, *, songs: int, names: Sequence[str]) -> float:
    """List a folder's songs and compute features of them, from nothing; return the seconds that took."""
    params = params_for(folder, features=names, segments=10)
    with tempfile.TemporaryDirectory() as name:
        began = time.perf_counter()
        listing = corpus.run("audio", params=params, root=Path(name) / "data")
        for feature in names:
            features.run(feature, params=params, root=Path(name) / "data")
        seconds = time.perf_counter() - began
    assert len(corpus_store.usable(listing)) == songs, listing[listing["fault"] != ""]
    return seconds


def predicted(folder: Path) -> None:
    """Predict a folder by one command, and print how many songs have a prediction and how many a reason."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "flows", "predict", str(folder), "--json"]
    output = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True).stdout
    seconds = time.perf_counter() - began
    songs = json.loads(output)["songs"]
    failed = [song for song in songs if "reason" in song]
    lost = sum(song.get("lost", 0.0) > 0 for song in songs)
    print(
        f"genre predict: {len(songs)} of {len(predict.below(folder))} files, {len(songs) - len(failed)} predicted, "
        f"{len(failed)} named with a reason, {lost} with something lost, {seconds:.1f} s"
    )
    for song in failed:
        print(f"  {song['file']}: {song['reason']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--songs", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument(
        "--features", nargs="+", default=["mfcc_summary"], help="each decodes all songs again"
    )
    parser.add_argument("--predict", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folders = write(chosen.folder, songs=chosen.songs, to=Path(name))
        run = partial(listed_and_extracted, songs=chosen.songs, names=chosen.features)
        run(folders["WAV"])  # compiled, and read from disk
        ways = {name: partial(run, folder) for name, folder in folders.items()}
        taken = in_turn(ways, repeats=chosen.repeats)
        print(f"{chosen.songs} songs, {', '.join(FORMATS)} by turns; {', '.join(chosen.features)}")
        print(f"{cores()} cores, load {os.getloadavg()[0]:.1f}")
        for way, seconds in taken.items():
            print(
                f"{way:6} {statistics.median(seconds):8.1f} s, {1e3 * min(seconds) / chosen.songs:.1f} ms a song"
            )
        print(
            f"mixed at {times_as_much(taken['WAV'], taken['mixed']):.2f} times the speed of WAV", flush=True
        )
        if chosen.predict:
            predicted(folders["mixed"])


if __name__ == "__main__":
    main()
