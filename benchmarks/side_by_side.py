"""Several ways of doing one thing, run in turn: medians, and the ratios of what ran next to each other."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TypeVar

Measured = TypeVar("Measured")


def in_turn(ways: Mapping[str, Callable[[], Measured]], *, repeats: int) -> dict[str, list[Measured]]:
    """Run all ways one after the other, so many times: what disturbs the machine for a while disturbs them alike."""
    taken: dict[str, list[Measured]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            taken[name].append(way())
    return taken


def times_as_much(reference: Sequence[float], other: Sequence[float]) -> float:
    """Return how many times as much the reference takes: the median over what ran next to each other."""
    return statistics.median(a / b for a, b in zip(reference, other, strict=True))


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
    for way in ways.values():
        way(paths[:2])
    taken = in_turn({name: partial(way, paths) for name, way in ways.items()}, repeats=n)
    reference = list(zip(*next(iter(taken.values())), strict=True))
    print(f"\n{title} ({len(paths)} tracks, median of {n})")
    print(f"{'':42}{'wall ms/track':>15}{'x':>8}{'CPU ms/track':>15}{'x':>8}")
    for name, pairs in taken.items():
        columns = list(zip(*pairs, strict=True))
        wall, processor = (statistics.median(column) for column in columns)
        times = [times_as_much(*both) for both in zip(reference, columns, strict=True)]
        print(f"{name:42}{wall:15.1f}{times[0]:8.1f}{processor:15.1f}{times[1]:8.1f}", flush=True)
