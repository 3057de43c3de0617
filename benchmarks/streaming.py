"""Training on more rows than memory holds: peak memory, and rows a second, of one epoch of the ``yamnet`` model.

    python -m benchmarks.streaming [--rows 1000000] [--variants study,best] [--folder PLACE]

A file of YAMNet's embeddings, 24 KiB a row, is made in PLACE (or a temporary folder here) and removed in the end.
Most of it is holes, so that a million rows take 0.4 GB of disk; the variant ``best`` needs 12 KiB a row more for what
comes out of its frozen layers. Each variant is trained by the stage ``train`` in a process of its own: leak checks,
preprocessing, one epoch, validation, test and hashes. Holes are read faster than a disk: rows a second are those of
cached pages at best.

A second table trains as many rows as fit into memory, from memory and from disk in turn: how many times as much the
reading costs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from benchmarks.side_by_side import in_turn, times_as_much
from components.config import presets
from components.config.params import parse
from components.core import atomic
from components.results.record import BestTrial, TrainingRecord
from components.splits import store as split_store
from components.training import stored_rows

#: Frames and columns of a row; segments of a track.
ROW, SEGMENTS = (6, 1024), 10
GENRES = [f"genre{number}" for number in range(10)]
#: What a file system stores at least.
BLOCK = 4096
#: Seconds between two looks at a process's memory.
INTERVAL = 0.2


@dataclass(frozen=True)
class Measured:
    """Wall seconds and those of the fit, and MiB: resident at most, and of it what is no file's."""

    wall: float
    fit: float
    resident: float
    anonymous: float


def make(folder: Path, *, rows: int) -> None:
    """Write a data folder with a feature and a split."""
    tracks = pd.DataFrame({"track": [f"{number:07d}" for number in range(rows // SEGMENTS)]})
    tracks["genre"] = [GENRES[number % len(GENRES)] for number in range(len(tracks))]
    # Of 25 songs 16 are train songs, 4 validation songs and 5 test songs.
    place = np.arange(len(tracks)) // len(GENRES) % 25
    tracks["part"] = np.select([place < 16, place < 20], ["train", "validation"], "test")
    segments = tracks.loc[tracks.index.repeat(SEGMENTS)].reset_index(drop=True)
    segments["segment"] = np.arange(len(segments)) % SEGMENTS
    table = pd.concat([tracks.assign(unit="track", segment=-1), segments.assign(unit="segment")])
    table = table.assign(artist="", headline=True).sort_values(
        ["unit", "track", "segment"], ignore_index=True
    )
    record = split_store.SplitRecord(
        protocol="track",
        seed=0,
        fold=0,
        folds=5,
        fingerprint=split_store.fingerprint(table),
        genres=GENRES,
        counts={},
        artists="unknown",
        artists_by_genre={},
        confounded=[],
        tracks_with_artist=0,
    )
    known = tracks[["track"]].assign(sha256="", sound_sha256="", seconds=30.0)
    split_store.write(table, record, tracks=known, root=folder)
    feature = folder / "features" / "yamnet_embedding"
    feature.mkdir(parents=True)
    index = segments[["track", "segment", "genre"]].assign(start=3.0 * segments["segment"])
    index.assign(mean=0.0, std=1.0, minimum=0.0, maximum=1.0).to_parquet(
        feature / "index.parquet", index=False
    )
    meta = {"feature": "yamnet_embedding", "unit": "segment", "shape": list(ROW), "names": None}
    atomic.write_json(feature / "meta.json", meta | {"sample_rate": 16000, "options": {}, "pretrained": []})
    random, size = np.random.default_rng(0), 4 * int(np.prod(ROW))
    with (feature / "values.npy").open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (len(index), *ROW)}
        np.lib.format.write_array_header_1_0(file, header)
        begin = file.tell()
        # One block of each song's first row: no two songs are alike.
        for number in range(len(tracks)):
            offset = begin + number * SEGMENTS * size
            file.seek(-(-offset // BLOCK) * BLOCK)
            file.write(np.abs(random.normal(number % len(GENRES), 1.0, BLOCK // 4)).astype(np.float32).data)
        file.truncate(begin + len(index) * size)


def choose(folder: Path, *, variant: str) -> None:
    """Write params of one epoch, and the variant's first set as the one that was found."""
    document = yaml.safe_load(presets.compose("demo"))
    model = document["models"]["yamnet"] | {"variant": variant}
    model["variants"][variant]["training"] = {
        "epochs": 1,
        "patience": 1,
        "monitor": "val_loss",
        "refit": False,
    }
    document["models"], document["ensemble"]["members"] = {"yamnet": model}, []
    text = yaml.safe_dump(document)
    (folder.parent / "params.yaml").write_text(text, encoding="utf-8")
    hp = parse(text).model("yamnet").first_set
    BestTrial(trial="0", score=0.0, hyperparameters=hp).write(folder / "tuning" / "yamnet" / "best.json")


def train(folder: Path, *, in_memory: int) -> Measured:
    """Train in a process of its own, and look at its memory all the while."""
    code = (
        "from pathlib import Path; from components.config.params import load; "
        "from components.stages import train; from components.training import stored_rows; "
        f"stored_rows.IN_MEMORY = {in_memory}; train.run('yamnet', params=load(), root=Path('data'))"
    )
    here = str(Path(__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": here, "TF_CPP_MIN_LOG_LEVEL": "3"}
    began, most = time.perf_counter(), {"RssAnon": 0, "VmHWM": 0}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder.parent,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while process.poll() is None:
            for line in Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines():
                name, _, value = line.partition(":")
                if name in most:
                    most[name] = max(most[name], int(value.split()[0]))
            time.sleep(INTERVAL)
    if process.returncode:
        raise SystemExit(f"training ended with {process.returncode}")
    fit = TrainingRecord.read(folder / "models" / "yamnet").seconds
    return Measured(time.perf_counter() - began, fit, most["VmHWM"] / 2**10, most["RssAnon"] / 2**10)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="a multiple of 250")
    parser.add_argument("--variants", default="study,best", help="comma-separated")
    parser.add_argument("--repeats", type=int, default=3, help="of the second table; 0 leaves it out")
    parser.add_argument("--folder", type=Path, default=Path(), help="where the files are made")
    given = parser.parse_args()
    variants = given.variants.split(",")
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="streaming-") as place:
        data = Path(place) / "data"
        make(data, rows=given.rows)
        size = given.rows * 4 * np.prod(ROW) / 2**30
        print(f"{given.rows} rows, {size:.1f} GiB; of them 16 in 25 are fitted on, once")
        print(f"{'variant':12}{'wall s':>9}{'fit s':>9}{'rows/s of it':>14}{'peak MiB':>10}{'anonymous':>11}")
        for variant in variants:
            choose(data, variant=variant)
            taken = train(data, in_memory=stored_rows.IN_MEMORY)
            rate = given.rows * 16 / 25 / taken.fit
            print(
                f"{variant:12}{taken.wall:9.0f}{taken.fit:9.0f}{rate:14.0f}"
                f"{taken.resident:10.0f}{taken.anonymous:11.0f}",
                flush=True,
            )
    if not given.repeats:
        return
    rows = stored_rows.IN_MEMORY // (4 * int(np.prod(ROW))) // 250 * 250
    print(f"\n{rows} rows, median of {given.repeats}: from memory and from disk")
    print(f"{'variant':12}{'fit s':>9}{'MiB':>7}{'fit s':>9}{'MiB':>7}{'x':>6}")
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="streaming-") as place:
        data = Path(place) / "data"
        make(data, rows=rows)
        for variant in variants:
            choose(data, variant=variant)
            ways = {
                "memory": partial(train, data, in_memory=2**62),
                "disk": partial(train, data, in_memory=0),
            }
            taken = in_turn(ways, repeats=given.repeats)
            seconds = {name: [one.fit for one in runs] for name, runs in taken.items()}
            memory = {name: statistics.median(one.resident for one in runs) for name, runs in taken.items()}
            ratio = times_as_much(seconds["disk"], seconds["memory"])
            columns = "".join(f"{statistics.median(seconds[name]):9.1f}{memory[name]:7.0f}" for name in ways)
            print(f"{variant:12}{columns}{ratio:6.2f}", flush=True)


if __name__ == "__main__":
    main()
