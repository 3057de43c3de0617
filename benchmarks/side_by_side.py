"""Several ways of doing one thing, run in turn: medians, and the ratios of what ran next to each other."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor


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
