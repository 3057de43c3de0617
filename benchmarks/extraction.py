"""The stage ``features@NAME`` at length: how it grows with the corpus, and what a kill costs.

    python -m benchmarks.extraction growth AUDIO_FOLDER [--sizes 50 100 500 1000]
    python -m benchmarks.extraction kills  AUDIO_FOLDER [--kills 10]

AUDIO_FOLDER holds a folder a genre.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import yaml

from components.config import presets
from components.config.params import Params, parse
from components.core.processes import cores, peak_memory_mib
from components.corpus import store as corpus_store
from components.features.pipeline import store as feature_store
from components.stages import corpus, features

SECONDS, PIECES = 3.0, 10
PROCESSES = cores()


def params_for(folder: Path, *, features: Sequence[str], segments: int) -> Params:
    document = yaml.safe_load(presets.compose("demo"))
    document["corpus"]["sources"] = {"audio": {"path": str(folder.resolve())}}
    document["corpus"]["minimum_tracks"] = 2
    document["segments"] = {"seconds": SECONDS, "per_track": segments, "shortest": SECONDS}
    for feature in features:
        document["features"][feature]["reads"] = "data/corpus/audio.parquet"
    return parse(yaml.safe_dump(document))


def growth(folder: Path, *, sizes: list[int], feature: str, segments: int) -> None:
    """Extract corpora of several sizes, tracks repeated under new names, each in a fresh process."""
    print(f"{feature}, {segments} segments a track, {PROCESSES} processes, load {os.getloadavg()[0]:.1f}")
    print(
        f"{'tracks':>8}{'wall s':>9}{'CPU s':>9}{'CPU ms/track':>14}{'parent MiB':>12}{'largest child MiB':>19}"
    )
    params = params_for(folder, features=[feature], segments=segments)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "data"
        listing = corpus.run("audio", params=params, root=root)
        listing = corpus_store.usable(listing)
        (root / "params.yaml").write_text(yaml.safe_dump(params.model_dump(mode="json")))
        for size in sizes:
            repeated = pd.concat([listing.assign(copy=i) for i in range(-(-size // len(listing)))])[:size]
            repeated["track"] += "." + repeated.pop("copy").map("{:05d}".format)
            repeated.sort_values("track").to_parquet(root / "corpus" / "audio.parquet", index=False)
            shutil.rmtree(root / "features", ignore_errors=True)
            command = [sys.executable, "-m", "benchmarks.extraction", "one", str(root), "--feature", feature]
            out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            wall, processor, parent, child = json.loads(out.splitlines()[-1])
            print(
                f"{size:8}{wall:9.1f}{processor:9.1f}{1e3 * processor / size:14.1f}{parent:12.0f}{child:19.0f}",
                flush=True,
            )


def one(root: Path, *, feature: str) -> None:
    params = parse((root / "params.yaml").read_text())
    began = time.perf_counter()
    features.run(feature, params=params, root=root)
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    processor = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    peaks = peak_memory_mib(), peak_memory_mib(children=True)
    print(json.dumps([time.perf_counter() - began, processor, *peaks]))


def kills(folder: Path, *, times: int, feature: str, seed: int) -> None:
    """Kill extraction at random moments, start it again each time, and compare with an undisturbed run.

    An extraction that reaches its end between kills is compared, thrown away and begun anew, until there
    were so many kills.
    """
    params = params_for(folder, features=[feature], segments=PIECES)
    moments = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "data"
        corpus.run("audio", params=params, root=root)
        (root / "params.yaml").write_text(yaml.safe_dump(params.model_dump(mode="json")))
        command = [sys.executable, "-m", "benchmarks.extraction", "one", str(root), "--feature", feature]
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        whole = time.perf_counter() - began
        undisturbed = hashes(feature_store.folder(feature, root=root))
        shutil.rmtree(root / "features")
        killed = ended = 0
        while killed < times:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            moment = moments.uniform(0.05, 0.7) * whole
            try:
                process.wait(moment)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                killed += 1
                done = len(list((root / "features" / ".chunks" / feature).glob("*.npz")))
                print(f"kill {killed}: after {moment:.1f} s of {whole:.1f}; {done} chunks kept", flush=True)
            else:
                ended += 1
                compare(feature_store.folder(feature, root=root), undisturbed)
                shutil.rmtree(root / "features")
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        compare(feature_store.folder(feature, root=root), undisturbed)
        print(f"{times} kills, {ended + 1} extractions that ended: bit-identical to the undisturbed run")


def compare(folder: Path, undisturbed: dict[str, str]) -> None:
    """End the benchmark where a feature's files are not those of the undisturbed run."""
    if hashes(folder) != undisturbed:
        raise SystemExit("DIFFERENT from the undisturbed run")


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["growth", "kills", "one"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 100, 500, 1000])
    parser.add_argument("--feature", default="mfcc_sequence")
    parser.add_argument("--segments", type=int, default=PIECES)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    match given.what:
        case "growth":
            growth(given.folder, sizes=given.sizes, feature=given.feature, segments=given.segments)
        case "kills":
            kills(given.folder, times=given.kills, feature=given.feature, seed=given.seed)
        case "one":
            one(given.folder, feature=given.feature)


if __name__ == "__main__":
    main()
