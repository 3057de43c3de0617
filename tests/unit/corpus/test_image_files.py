"""Public pictures are read without their transparency; what is none is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from components.core.errors import FeatureError
from components.corpus import image_files


def test_a_public_picture_is_read_without_its_transparency(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (288, 432, 4), dtype=np.uint8)
    Image.fromarray(pixels, "RGBA").save(tmp_path / "a.png")
    read = image_files.read(tmp_path / "a.png")
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, pixels[..., :3])


def test_a_picture_of_another_size_is_named(tmp_path: Path) -> None:
    Image.new("RGB", (100, 50)).save(tmp_path / "a.png")
    with pytest.raises(FeatureError, match=r"a\.png is 100 x 50; valid: 432 x 288"):
        image_files.read(tmp_path / "a.png")


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    with pytest.raises(FeatureError, match=r"a\.png is no picture"):
        image_files.read(tmp_path / "a.png")
