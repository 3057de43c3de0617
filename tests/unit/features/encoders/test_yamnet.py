"""YAMNet's patches and its untrained weights."""

from __future__ import annotations

import pytest

from components.features.encoders import yamnet


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
