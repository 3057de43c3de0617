"""Suites: one file a feature extractor, none needed."""

from __future__ import annotations

import pkgutil
from dataclasses import replace
from typing import Any

import matplotlib
import numpy as np
import pytest
from scipy.spatial import cKDTree

from components import features
from components.validation import suites, tables
from components.validation.limits import Limits
from components.validation.scan import scan
from components.validation.suites import mel_image, vgg16_embedding
from components.validation.tables import Inputs

NAMES = [module.name for module in pkgutil.iter_modules(suites.__path__)]


@pytest.mark.parametrize("name", NAMES)
def test_a_suite_is_an_extractor_s(name: str) -> None:
    suite = suites.find(name)
    assert name in features.names()
    assert suite is not None
    assert isinstance(suite.LIMITS, Limits)
    assert callable(suite.extend)


def test_an_extractor_without_a_suite_has_none() -> None:
    assert suites.find("loudness") is None


@pytest.mark.parametrize(
    ("options", "width", "blocks"),
    [
        ({"blocks": [1, 2], "statistics": ["mean", "max"]}, 2 * (64 + 128), {1: (0.5, 1.0), 2: (0.5, 1.0)}),
        ({"blocks": [1], "statistics": ["mean", "max"], "bands": 2}, 2 * 64 * 2, {1: (0.5, 1.0)}),
        ({"blocks": [1], "statistics": "gram"}, 64 * 65 // 2, None),
        ({"statistics": "flatten"}, 57, None),
        ({"blocks": [1], "statistics": ["mean", "max"]}, 57, None),
    ],
)
def test_pooled_blocks_are_measured_one_by_one(
    loudness: Inputs, options: dict[str, Any], width: int, blocks: dict[int, tuple[float, float]] | None
) -> None:
    values = np.full((len(loudness.index), width), 0.5, dtype=np.float32)
    for start in (64, 256) if options.get("blocks") == [1, 2] else (width // 2,):
        values[:, start : start + (64 if start == 64 else 128)] = 1.0
    made = replace(loudness, values=values, meta=loudness.meta | {"options": options})
    found = scan(values, tracks=made.index["track"].to_numpy(dtype=object))
    checks = tables.content(made, found=found, limits=vgg16_embedding.LIMITS)
    vgg16_embedding.extend(made, found, checks)
    table = checks["blocks"].table.set_index("block") if "blocks" in checks else None
    assert (blocks is None) == (table is None)
    if table is not None and blocks is not None:
        assert dict(zip(table.index, zip(table["mean"], table["max"], strict=True), strict=True)) == blocks
    assert checks["summary"].table["width_differs"].iloc[0] == (
        128 - 57 if width == 57 and "blocks" in options else 0
    )


@pytest.mark.parametrize("kind", ["whole", "near the map", "any", "outside"])
def test_pixels_off_the_colour_map_are_those_that_a_search_of_the_nearest_colour_finds(kind: str) -> None:
    rng = np.random.default_rng(0)
    colours = np.asarray(matplotlib.colormaps["magma"](np.arange(256)))[:, :3] * 255.0
    shape = (4, 30, 40, 3)
    pixels = {
        "whole": rng.integers(0, 256, shape),
        "near the map": np.rint(colours[rng.integers(0, 256, shape[:-1])] + rng.integers(-3, 4, shape)),
        "any": colours[rng.integers(0, 256, shape[:-1])] + rng.uniform(-3, 3, shape),
        "outside": rng.choice([-1.0, 0.0, 255.0, 256.0, 1e9, -2.5], shape),
    }[kind].astype(np.float32)
    distances = cKDTree(colours).query(pixels.reshape(-1, 3), p=np.inf)[0].reshape(len(pixels), -1)
    np.testing.assert_array_equal(mel_image._off_map(pixels), (distances > mel_image.ROUNDING).mean(axis=1))
