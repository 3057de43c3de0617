"""Memory of predicting long songs: all processes of `genre predict`, and whether stretches change a prediction.

``python -m benchmarks.long_songs SONG [SONG ...]`` in a workspace where `genre run` has finished. Songs that are given
together are predicted by one command, side by side. ``--whole`` predicts each from its sound decoded as a whole too,
which takes gigabytes, and compares.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from components.config import params
from components.corpus import audio
from components.serving import load

#: Seconds between two looks at the memory.
STEP = 0.1


class Watched:
    """The most memory that processes hold together while this block lasts, in MB.

    Attributes
    ----------
    shared, each : float
        With pages that several hold counted once (PSS), and once for each (RSS).
    processes : int
        The most that there were at once.
    """

    def __init__(self, pid: int) -> None:
        self._pid, self._ended = pid, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.shared = self.each = 0.0
        self.processes = 0

    def __enter__(self) -> Watched:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(STEP):
            try:
                first = psutil.Process(self._pid)
                tree = [first, *first.children(recursive=True)]
                held = [one.memory_full_info() for one in tree]
            except psutil.Error:
                continue  # one of them has just ended
            self.shared = max(self.shared, sum(one.pss for one in held) / 1e6)
            self.each = max(self.each, sum(one.rss for one in held) / 1e6)
            self.processes = max(self.processes, len(tree))


def predicted(songs: list[Path], *, model: str | None) -> list[dict[str, Any]]:
    """Predict songs by one command, print what it took, and return what it says."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "flows", "predict", *map(str, songs), "--json", "--timeline"]
    command += ["--model", model] if model else []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with Watched(process.pid) as memory:
        output, _ = process.communicate()
    seconds = time.perf_counter() - began
    found: list[dict[str, Any]] = json.loads(output)["songs"]
    length = sum(song.get("seconds", 0.0) for song in found)
    print(
        f"{len(songs)} songs of {length / len(songs):.0f} s: {seconds:.1f} s, {memory.shared:.0f} MB "
        f"(PSS; {memory.each:.0f} MB RSS) in up to {memory.processes} processes, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    return found


def difference(song: Path, said: dict[str, Any], *, model: str | None) -> float:
    """Return by how much a probability differs where the song is decoded as a whole; 0 where all are equal."""
    client = load.store()
    loaded = load.load(client, load.address(client, model, params=params.load())).model
    limits = loaded.params.corpus
    y, rate = audio.decode(song, max_seconds=limits.max_seconds, max_bytes=limits.max_bytes)
    (prediction,) = loaded.predict_features([loaded.features_of(y, rate)])
    shares = [abs(prediction.probabilities[genre] - share) for genre, share in said["probabilities"].items()]
    moments = [
        abs(one.probability - other["probability"])
        for one, other in zip(prediction.timeline, said["timeline"], strict=True)
    ]
    return max(*shares, *moments)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("songs", nargs="+", type=Path)
    parser.add_argument("--whole", action="store_true", help="compare with the first song decoded as a whole")
    parser.add_argument("--model", help="as of `genre predict`")
    chosen = parser.parse_args()
    found = predicted(chosen.songs, model=chosen.model)
    if chosen.whole:
        differs = difference(chosen.songs[0], found[0], model=chosen.model)
        print(f"decoded as a whole, the largest difference of a probability: {differs:g}")


if __name__ == "__main__":
    main()
