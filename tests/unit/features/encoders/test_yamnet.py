"""YAMNet's patches and its untrained weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from components.features.encoders import yamnet
from components.features.encoders.base import Encoder


@pytest.mark.parametrize(
    ("seconds", "patches", "hop"), [(3.0, 6, 40), (30.0, 62, 47), (0.975, 1, 0), (0.5, 1, 0)]
)
def test_patches_lie_inside_the_clip_as_many_as_yamnet_takes(seconds: float, patches: int, hop: int) -> None:
    samples = round(seconds * 16_000)
    starts = yamnet.patch_starts(samples)
    assert starts.tolist() == [hop * i for i in range(patches)]
    if samples > 15_600:
        assert (starts[-1] + 95) * 160 + 400 <= samples


def test_untrained_weights_are_the_same_every_time() -> None:
    assert yamnet.untrained().sha256 == yamnet.untrained().sha256


def embedded_by_both(value: str, *, known: Encoder, folder: Path) -> list[np.ndarray]:
    """Embed noise by an encoder and by its export."""
    yamnet.export(value, options=[], to=folder / "yamnet.tflite")
    clips = np.random.default_rng(0).normal(0.0, 0.1, (12, 48_000)).astype(np.float32)
    return [yamnet.embed(clips, encoder=one) for one in (known, yamnet.load(str(folder / "yamnet.tflite")))]


def test_the_export_of_untrained_weights_embeds_alike(tmp_path: Path) -> None:
    known, found = embedded_by_both("untrained", known=yamnet.untrained(), folder=tmp_path)
    np.testing.assert_allclose(found, known, rtol=0, atol=1e-4)


@pytest.mark.real
def test_the_export_of_the_published_weights_embeds_alike(
    tmp_path: Path, test_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(test_data / "weights" / "tfhub"))
    handle = "https://tfhub.dev/google/yamnet/1"
    known, found = embedded_by_both(handle, known=yamnet.load(handle), folder=tmp_path)
    np.testing.assert_allclose(found, known, rtol=0, atol=1e-4)
