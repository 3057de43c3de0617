"""Work that tests send to workers."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from components.core.errors import ClusterError, FeatureError


def square(number: int) -> int:
    return number * number


def process(_: Any) -> int:
    return os.getpid()


def with_shared(number: int, shared: list[int]) -> int:
    return number + sum(shared)


def missing(name: str) -> None:
    raise FeatureError(f"{name} is missing")


def broken(number: int) -> None:
    raise ZeroDivisionError(f"{number} / 0")


def killed_always(mark: str) -> int:
    with Path(mark).open("a") as file:
        file.write("begun\n")
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def killed_at_first(mark: str) -> int:
    return 1 if Path(mark).exists() else killed_always(mark)


def lost(_: Any) -> None:
    raise ClusterError("lost")


class Unreadable(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__("of two numbers")


def unreadable(_: int) -> None:
    raise Unreadable(1, 2)
