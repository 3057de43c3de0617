"""Feature extraction side by side with the plain script, how it grows, and what a kill costs.

    python -m benchmarks.features speed  AUDIO_FOLDER [--tracks 8] [--repeats 5] [--encoders]
    python -m benchmarks.features growth AUDIO_FOLDER [--sizes 50 100 500 1000]
    python -m benchmarks.features kills  AUDIO_FOLDER [--kills 10]

AUDIO_FOLDER holds a folder a genre. Everything compared runs alternating in one process tree. Wall time is what
a person waits for; processor time says the same on a machine that does other work too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
import yaml

from benchmarks import plain
from components import audio, corpus, features, presets
from components.features import chunks, extraction, store, waveform, worker
from components.params import Params, parse

RATE, SECONDS, PIECES = 22_050, 3.0, 10
PROCESSES = len(os.sched_getaffinity(0))


def ours(path: str, *names: str) -> float:
    """Features of one track from one decoding; returns processor seconds."""
    began = time.process_time()
    y, rate = audio.decode(path)
    count = audio.segment_count(len(y), rate, seconds=SECONDS, per_track=PIECES)
    for name in names:
        module = features.load(name)
        unit = "track" if name == "mel_image" else "segment"
        clips = waveform.cut(y, rate, module=module, unit=unit, seconds=SECONDS, count=count)
        waveform.apply(module, clips, options=module.Options())
    return time.process_time() - began


def ours_summary(path: str) -> float:
    return ours(path, "mfcc_summary")


def ours_sequence_and_mel(path: str) -> float:
    return ours(path, "mfcc_sequence", "mel_image")


def timed(run: Callable[[str], object], paths: list[str]) -> tuple[float, float]:
    """Wall and processor milliseconds a track."""
    wall, processor = time.perf_counter(), time.process_time()
    for path in paths:
        run(path)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return 1e3 * wall / len(paths), 1e3 * processor / len(paths)


def pooled(pool: ProcessPoolExecutor, run: Callable[[str], float], paths: list[str]) -> tuple[float, float]:
    wall = time.perf_counter()
    processor = sum(pool.map(run, paths))
    return 1e3 * (time.perf_counter() - wall) / len(paths), 1e3 * processor / len(paths)


def compare(
    title: str, ways: dict[str, Callable[[list[str]], tuple[float, float]]], paths: list[str], n: int
) -> None:
    """Run each way once to warm up, then all of them in turn ``n`` times, and print medians and ratios."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for repeat in range(n + 1):
        for name, way in ways.items():
            measured = way(paths[:2] if repeat == 0 else paths)
            if repeat:
                taken[name].append(measured)
    reference = next(iter(ways))
    print(f"\n{title} ({len(paths)} tracks, median of {n})")
    print(f"{'':42}{'wall ms/track':>15}{'x':>8}{'CPU ms/track':>15}{'x':>8}")
    for name, pairs in taken.items():
        wall, processor = (statistics.median(column) for column in zip(*pairs, strict=True))
        times = [
            statistics.median(a[i] / b[i] for a, b in zip(taken[reference], pairs, strict=True))
            for i in (0, 1)
        ]
        print(f"{name:42}{wall:15.1f}{times[0]:8.1f}{processor:15.1f}{times[1]:8.1f}", flush=True)


def speed(paths: list[str], *, repeats: int, encoders: bool) -> None:
    from threadpoolctl import threadpool_limits

    print(f"{PROCESSES} processors, load {os.getloadavg()[0]:.1f}")
    with (
        threadpool_limits(1),
        ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn"), initializer=worker.start) as pool,
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
    if encoders:
        speed_of_encoders(paths, repeats=repeats)


def speed_of_encoders(paths: list[str], *, repeats: int) -> None:
    """Encoders with the weights that ``TFHUB_CACHE_DIR`` and ``GENRE_VGG16`` name."""
    from components.features import mel_image, vgg16_embedding, yamnet_embedding
    from components.params import PretrainedParams

    pretrained = PretrainedParams(
        yamnet="https://tfhub.dev/google/yamnet/1",
        vgg16=os.environ.get("GENRE_VGG16", "imagenet"),
        allow_untrained=False,
    )
    yamnet = yamnet_embedding.load_encoder(pretrained)
    waves = {path: audio.resample(*audio.decode(path), to=16_000) for path in paths}
    published = plain.published_yamnet(pretrained.yamnet)

    def embed(path: str) -> None:
        pieces = waves[path][: PIECES * 48_000]
        clips = audio.segments(pieces, 16_000, seconds=SECONDS, count=len(pieces) // 48_000)
        yamnet_embedding.extract(clips, options=yamnet_embedding.Options(), encoder=yamnet)

    compare(
        "yamnet_embedding: (6, 1024) of each 3-s segment",
        {
            "hub.load, one piece after the other": lambda p: timed(
                lambda path: [published(waves[path][i * 48_000 : (i + 1) * 48_000]) for i in range(PIECES)], p
            ),
            "hub.load, one track after the other": lambda p: timed(lambda path: published(waves[path]), p),
            "ours": lambda p: timed(embed, p),
        },
        paths,
        repeats,
    )
    vgg16 = vgg16_embedding.load_encoder(pretrained)
    picture = {
        path: mel_image.extract(audio.decode(path)[0][np.newaxis], options=mel_image.Options())
        for path in paths[:4]
    }
    every = np.concatenate(list(picture.values()))
    predict = plain.keras_vgg16(pretrained.vgg16)
    options = vgg16_embedding.Options()

    def batch(p: list[str]) -> tuple[float, float]:
        wall, processor = timed(
            lambda _: vgg16_embedding.extract(every, options=options, encoder=vgg16), ["all"]
        )
        return wall / len(every), processor / len(every)

    compare(
        "vgg16_embedding: pictures of 288 x 432",
        {
            "model.predict, one picture after the other": lambda p: timed(lambda x: predict(picture[x]), p),
            "ours": batch,
        },
        paths[:4],
        repeats,
    )


def params_for(folder: Path, *, feature: str, segments: int) -> Params:
    document = yaml.safe_load(presets.compose("demo"))
    document["corpus"]["sources"] = {"audio": {"path": str(folder.resolve())}}
    document["corpus"]["minimum_tracks"] = 2
    document["segments"] = {"seconds": SECONDS, "per_track": segments}
    document["features"][feature]["reads"] = "data/corpus/audio.parquet"
    return parse(yaml.safe_dump(document))


def growth(folder: Path, *, sizes: list[int], feature: str, segments: int) -> None:
    """Extract corpora of several sizes, tracks repeated under new names, each in a fresh process."""
    print(f"{feature}, {segments} segments a track, {PROCESSES} processes, load {os.getloadavg()[0]:.1f}")
    print(
        f"{'tracks':>8}{'wall s':>9}{'CPU s':>9}{'CPU ms/track':>14}{'parent MiB':>12}{'largest child MiB':>19}"
    )
    params = params_for(folder, feature=feature, segments=segments)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "data"
        listing = corpus.run("audio", params=params, root=root)
        listing = corpus.usable(listing)
        (root / "params.yaml").write_text(yaml.safe_dump(params.model_dump(mode="json")))
        for size in sizes:
            repeated = pd.concat([listing.assign(copy=i) for i in range(-(-size // len(listing)))])[:size]
            repeated["track"] += "." + repeated.pop("copy").map("{:05d}".format)
            repeated.sort_values("track").to_parquet(root / "corpus" / "audio.parquet", index=False)
            shutil.rmtree(root / "features", ignore_errors=True)
            command = [sys.executable, "-m", "benchmarks.features", "one", str(root), "--feature", feature]
            out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            wall, processor, parent, child = json.loads(out.splitlines()[-1])
            print(
                f"{size:8}{wall:9.1f}{processor:9.1f}{1e3 * processor / size:14.1f}{parent:12.0f}{child:19.0f}",
                flush=True,
            )


def one(root: Path, *, feature: str) -> None:
    params = parse((root / "params.yaml").read_text())
    began = time.perf_counter()
    extraction.run(feature, params=params, root=root)
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    processor = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    print(
        json.dumps([time.perf_counter() - began, processor, own.ru_maxrss / 1024, children.ru_maxrss / 1024])
    )


def kills(folder: Path, *, times: int, feature: str, seed: int) -> None:
    """Kill extraction at random moments, start it again each time, and compare with an undisturbed run."""
    params = params_for(folder, feature=feature, segments=PIECES)
    moments = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "data"
        corpus.run("audio", params=params, root=root)
        (root / "params.yaml").write_text(yaml.safe_dump(params.model_dump(mode="json")))
        command = [sys.executable, "-m", "benchmarks.features", "one", str(root), "--feature", feature]
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        whole = time.perf_counter() - began
        undisturbed = _hashes(store.folder(feature, root=root))
        shutil.rmtree(root / "features")
        for kill in range(times):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            moment = moments.uniform(0.1, 0.9) * whole
            try:
                process.wait(moment)
                print(f"start {kill + 1}: had ended before its {moment:.1f} s")
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                done = len(list(chunks.folder(feature, root=root).glob("*.npz")))
                print(
                    f"start {kill + 1}: killed after {moment:.1f} s of {whole:.1f}; {done} chunks kept",
                    flush=True,
                )
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        same = _hashes(store.folder(feature, root=root)) == undisturbed
        print(f"after {times} kills: {'bit-identical to' if same else 'DIFFERENT from'} the undisturbed run")
        if not same:
            raise SystemExit(1)


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["speed", "growth", "kills", "one"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tracks", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--encoders", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 100, 500, 1000])
    parser.add_argument("--feature", default="mfcc_sequence")
    parser.add_argument("--segments", type=int, default=PIECES)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    match given.what:
        case "speed":
            files = sorted(
                path for path in given.folder.rglob("*") if path.suffix in {".wav", ".au", ".flac", ".mp3"}
            )
            chosen = [str(path) for path in files[:: max(1, len(files) // given.tracks)][: given.tracks]]
            speed(chosen, repeats=given.repeats, encoders=given.encoders)
        case "growth":
            growth(given.folder, sizes=given.sizes, feature=given.feature, segments=given.segments)
        case "kills":
            kills(given.folder, times=given.kills, feature=given.feature, seed=given.seed)
        case "one":
            one(given.folder, feature=given.feature)


if __name__ == "__main__":
    main()
