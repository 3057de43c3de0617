"""Why a stage failed, and what is left out of its output."""

from __future__ import annotations

import pytest

from flows.pipeline import stage as stages


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("WARNING: All log messages before absl::InitializeLog() is called are written to STDERR", False),
        ("I0000 00:00:1795374369.055115    1880 port.cc:153] oneDNN custom operations are on.", False),
        ("E0000 00:00:1795374505.064073    2778 cuda_platform.cc:52] failed call to cuInit: INTERNAL", False),
        ("[src/libmpg123/layer3.c:INT123_do_layer3():1774] error: part2_3_length (1088) too large", False),
        ("Note: Illegal Audio-MPEG-Header 0xfff3afc4 at offset 181955.", False),
        ("Note: Trying to resync...", False),
        ("Note: Skipped 130 bytes in input.", False),
        ("Note: vgg16 uses an untrained encoder", True),
        ("> genre stage tune mlp", False),
        ("mlp: trial 1 of 2", True),
        ("E0000 00:00:1795374369.055115    1880 cuda.cc:1] no device", True),
        ("It took 3 s", True),
    ],
)
def test_noise_around_a_stage_is_left_out(text: str, shown: bool) -> None:
    assert (stages.CHATTER.match(text) is None) is shown
