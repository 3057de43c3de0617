"""How long an answer takes, warm: one song, and a folder. ``python -m benchmarks.prediction FOLDER [MODEL...]``.

Run in a workspace where `genre run` has finished; FOLDER holds songs of about 30 s.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

from components import params, prediction

#: Songs heard one by one for the median.
SINGLE = 9


def main(folder: Path, names: list[str]) -> None:
    """Print milliseconds a song for each model; the first answer, which compiles, is left out."""
    client, checked = prediction.store(), params.load()
    files = prediction.listed([folder])
    print(f"{len(files)} songs; milliseconds a song")
    print(f"{'model':14}{'one':>10}{'folder':>10}{'features':>10}{'network':>10}")

    for name in names or list(prediction.latest_runs(client)):
        voice = prediction.load(client, prediction.address(client, name, params=checked))
        list(prediction.answers(files[:2], voice=voice))
        single = [
            _seconds(lambda file=file, voice=voice: list(prediction.answers([file], voice=voice)))
            for file in files[:SINGLE]
        ]
        all_at_once = _seconds(lambda voice=voice: list(prediction.answers(files, voice=voice))) / len(files)
        features, network = _parts(voice, files[:SINGLE])
        figures = (statistics.median(single), all_at_once, features, network)
        print(f"{name:14}" + "".join(f"{1e3 * value:10.0f}" for value in figures), flush=True)


def _seconds(what) -> float:  # type: ignore[no-untyped-def]
    before = time.perf_counter()
    what()
    return time.perf_counter() - before


def _parts(voice: prediction.Voice, files: list[Path]) -> tuple[float, float]:
    from components import audio

    features, network = [], []
    for file in files:
        before = time.perf_counter()
        heard = voice.model.hear(*audio.decode(file))
        features.append(time.perf_counter() - before)
        network.append(_seconds(lambda heard=heard: voice.model.vote([heard])))
    return statistics.median(features), statistics.median(network)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
