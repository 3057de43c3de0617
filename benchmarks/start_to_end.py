"""Two checkouts side by side, from start to end: what a person waits for, in turn on this machine.

    python -m benchmarks.start_to_end OLD NEW [--only ROW …] [--repeats 3] [--songs FOLDER] [--corpus PRESET=FOLDER …]

OLD and NEW are checkouts, each with its own ``.venv`` and, for what needs a finished workspace, a finished demo. What
begins from nothing runs in a fresh clone of the checkout, with the checkout's ``.venv``; so commit what is to count.
Each row is run in turn, OLD first. Wall seconds are what a person waits for on a quiet machine; processor
seconds, of the command and all of its processes, say the same on a busy one; memory is of the largest process.

``--corpus gtzan-mini=FOLDER`` adds that preset from nothing on a corpus that is here; ``TFHUB_CACHE_DIR`` and
``--vgg16-weights`` name pretrained weights.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import yaml

from benchmarks.side_by_side import in_turn, times_as_much
from components.core.processes import cores

#: Suffixes of songs.
SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".au")
#: Executions of the shorter and of the longer search whose difference is what one more execution costs.
FEW, MANY = 2, 12
#: Lines of a failed command that are shown.
SHOWN = 3
#: What a search of the MLP reads.
SEARCHED = ("corpus", "splits", "features/mfcc_summary", "validation/mfcc_summary")


class FailedError(Exception):
    """A command ended with another status than 0."""


class LeftOutError(Exception):
    """A row cannot be run with what was given."""


@dataclass(frozen=True)
class Measured:
    """Wall and processor seconds, and MiB of the largest process."""

    wall: float
    processor: float
    memory: float


@dataclass(frozen=True)
class Checkout:
    """A checkout with its environment."""

    root: Path

    @property
    def commit(self) -> str:
        """Its commit, and whether files differ from it."""
        said = [
            subprocess.run(["git", "-C", str(self.root), *words], capture_output=True, text=True, check=True)
            for words in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        ]
        return said[0].stdout.strip() + (" with changes" if said[1].stdout.strip() else "")

    def run(self, *command: str, at: Path | None = None) -> Measured:
        """Run one of its commands in its own workspace, or in another, and measure it and its processes.

        Raises
        ------
        FailedError
            If it ends with another status than 0.
        """
        binaries = self.root / ".venv" / "bin"
        environment = os.environ | {"PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
        with tempfile.TemporaryFile() as output:
            began = time.perf_counter()
            process = subprocess.Popen(
                [str(binaries / command[0]), *command[1:]],
                cwd=at or self.root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                output.seek(0)
                last = output.read().decode(errors="replace").strip().splitlines()[-SHOWN:]
                raise FailedError(f"{' '.join(command)} ended with {process.returncode}: {' / '.join(last)}")
        # Linux gives KiB, macOS bytes (getrusage(2) of each).
        memory = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
        return Measured(wall, usage.ru_utime + usage.ru_stime, memory)

    @contextmanager
    def nothing(self) -> Iterator[Path]:
        """Give a fresh clone: a workspace in which nothing was run."""
        with tempfile.TemporaryDirectory(prefix="genre-benchmark-") as name:
            place = Path(name) / "clone"
            subprocess.run(
                ["git", "-c", "advice.detachedHead=false", "clone", "-q", str(self.root), str(place)],
                check=True,
            )
            yield place


@dataclass(frozen=True)
class Row:
    """What is measured.

    Attributes
    ----------
    name : str
        For ``--only``.
    title : str
        Its name in the table.
    measure : callable
        Takes a checkout.
    long : bool
        Whether it takes minutes: then it is run ``--long-repeats`` times, and not once before to warm up.
    """

    name: str
    title: str
    measure: Callable[[Checkout], Measured]
    long: bool = False


def main() -> int:
    """Measure, and print the table."""
    given = _arguments()
    checkouts = {"old": Checkout(given.old.resolve()), "new": Checkout(given.new.resolve())}
    rows = _rows(given)
    known = [row.name for row in rows]
    if unknown := sorted(set(given.only) - set(known)):
        print(f"--only {unknown[0]}; valid: {', '.join(known)}", file=sys.stderr)
        return 2
    commits = ", ".join(f"{name} {checkout.commit}" for name, checkout in checkouts.items())
    print(f"{commits}; {cores()} cores, load {os.getloadavg()[0]:.1f}\n", flush=True)
    print("| work | old: wall s | CPU s | MiB | new: wall s | CPU s | MiB | wall, times | CPU, times |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    missing, failed = [], []
    for row in rows:
        if given.only and row.name not in given.only:
            continue
        try:
            print(
                _line(row, checkouts, repeats=given.long_repeats if row.long else given.repeats), flush=True
            )
        except LeftOutError as reason:
            missing.append(f"{row.name}: {reason}")
        except FailedError as error:
            failed.append(f"{row.name}: {error}")
    print(f"\nMedians of {given.repeats} runs in turn ({given.long_repeats} of those that take minutes).")
    for title, reasons in (("Left out", missing), ("FAILED", failed)):
        if reasons:
            print("\n".join([f"{title}:", *(f"- {reason}" for reason in reasons)]))
    return 1 if failed else 0


def _line(row: Row, checkouts: dict[str, Checkout], *, repeats: int) -> str:
    ways = {name: partial(row.measure, checkout) for name, checkout in checkouts.items()}
    if not row.long:
        for way in ways.values():
            way()
    taken = in_turn(ways, repeats=repeats)
    cells = [row.title]
    for measured in taken.values():
        wall, processor, memory = (
            statistics.median(getattr(one, name) for one in measured)
            for name in ("wall", "processor", "memory")
        )
        cells += [f"{wall:.1f}", f"{processor:.1f}", f"{memory:.0f}"]
    for name in ("wall", "processor"):
        old, new = ([getattr(one, name) for one in measured] for measured in taken.values())
        cells.append(f"{times_as_much(old, new):.1f}")
    return f"| {' | '.join(cells)} |"


def _rows(given: argparse.Namespace) -> list[Row]:
    songs = given.songs and given.songs.resolve()
    presets = dict(pair.split("=", 1) for pair in given.corpus)

    def some(checkout: Checkout) -> Path:
        return songs or checkout.root / "data" / "raw" / "synthetic"

    def predict(checkout: Checkout, *, model: str, folder: bool = False) -> Measured:
        place = some(checkout)
        if not folder:
            found = sorted(path for path in place.rglob("*") if path.suffix.lower() in SUFFIXES)
            if not found:
                raise LeftOutError(f"no song in {place}")
            place = found[0]
        return checkout.run("genre", "predict", str(place), "--model", model)

    def of(*command: str) -> Callable[[Checkout], Measured]:
        return lambda checkout: checkout.run(*command)

    def preset(checkout: Checkout, *, name: str) -> Measured:
        if name not in presets:
            raise LeftOutError(f"no --corpus {name}=FOLDER")
        return _preset(checkout, name=name, corpus=Path(presets[name]).resolve(), weights=given.vgg16_weights)

    return [
        Row("demo", "the demo from nothing", _demo, long=True),
        Row("run", "`genre run`, nothing stale", of("genre", "run")),
        Row("repro", "`dvc repro`, nothing stale", of("dvc", "repro")),
        Row("predict-mlp", "`genre predict`, one song, cold, MLP", partial(predict, model="mlp")),
        Row("predict-yamnet", "`genre predict`, one song, cold, YAMNet", partial(predict, model="yamnet")),
        Row("predict-folder", "`genre predict`, a folder, MLP", partial(predict, model="mlp", folder=True)),
        *(
            Row(
                f"validate-{feature}",
                f"`genre stage validate {feature}`",
                of("genre", "stage", "validate", feature),
            )
            for feature in ("mfcc_summary", "mel_image")
        ),
        Row("compare", "`genre stage compare`", of("genre", "stage", "compare")),
        Row("execution", "an execution of one epoch in a search of the MLP", _execution),
        Row("gtzan-mini", "gtzan-mini from nothing", partial(preset, name="gtzan-mini"), long=True),
        Row("gtzan", "gtzan from nothing", partial(preset, name="gtzan"), long=True),
    ]


def _demo(checkout: Checkout) -> Measured:
    with checkout.nothing() as place:
        return checkout.run("genre", "run", at=place)


def _preset(checkout: Checkout, *, name: str, corpus: Path, weights: Path | None) -> Measured:
    options = ["--corpus-path", str(corpus), *(["--vgg16-weights", str(weights)] if weights else [])]
    with checkout.nothing() as place:
        try:
            checkout.run("genre", "config", "use", name, *options, at=place)
        except FailedError:
            checkout.run("genre", "use", name, *options, at=place)  # as it was called once
        return checkout.run("genre", "run", at=place)


def _execution(checkout: Checkout) -> Measured:
    """Measure what one more execution costs: a longer search less a shorter one, by the executions between them."""
    with checkout.nothing() as place:
        for part in SEARCHED:
            if not (source := checkout.root / "data" / part).exists():
                raise LeftOutError(f"{checkout.root} has no finished demo")
            shutil.copytree(source, place / "data" / part)
        few, many = (_search(checkout, executions, at=place) for executions in (FEW, MANY))
    more = MANY - FEW
    return Measured((many.wall - few.wall) / more, (many.processor - few.processor) / more, many.memory)


def _search(checkout: Checkout, executions: int, *, at: Path) -> Measured:
    path = at / "params.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    budget = {"max_trials": executions - 1, "executions_per_trial": 1, "epochs": 1, "patience": 1}
    document["tuning"] = document["tuning"] | {"tuner": "random"} | budget
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    shutil.rmtree(at / "data" / "tuning", ignore_errors=True)
    return checkout.run("genre", "stage", "tune", "mlp", at=at)


def _arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--only", nargs="+", default=[], metavar="ROW")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--long-repeats", type=int, default=1, help="of rows that take minutes")
    parser.add_argument("--songs", type=Path, help="songs to predict; by default the demo's own")
    parser.add_argument("--corpus", action="append", default=[], metavar="PRESET=FOLDER")
    parser.add_argument("--vgg16-weights", type=Path)
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
