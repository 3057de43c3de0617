"""Work that tests send to workers."""

from __future__ import annotations

import os
from typing import Any

from components.core.errors import FeatureError


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


class Unreadable(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__("of two numbers")


def unreadable(_: int) -> None:
    raise Unreadable(1, 2)
