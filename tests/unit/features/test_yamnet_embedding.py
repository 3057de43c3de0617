"""YAMNet's embedding of clips, at their own and other speeds."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from components.features import yamnet_embedding
from components.features.encoders import yamnet
from tests.support.small_collection import tone


def test_a_segments_embedding_holds_nothing_of_its_neighbours() -> None:
    encoder = yamnet.untrained()
    options = yamnet_embedding.Options()
    clips = np.stack([tone(seed, seconds=3.0, rate=16_000) for seed in range(12)])
    together = yamnet_embedding.extract(clips, options=options, encoders=(encoder,))
    assert together.shape == (12, 6, 1024)
    for place in (0, 7, 11):
        alone = yamnet_embedding.extract(clips[place : place + 1], options=options, encoders=(encoder,))
        np.testing.assert_allclose(alone[0], together[place], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("seconds", [3.0, 1.0, 0.5])
def test_a_clip_at_other_speeds_is_further_views_of_as_many_frames(seconds: float) -> None:
    encoder = yamnet.untrained()
    clips = np.stack([tone(seed, seconds=seconds, rate=16_000) for seed in range(3)])
    alone = yamnet_embedding.extract(clips, options=yamnet_embedding.Options(), encoders=(encoder,))
    options = yamnet_embedding.Options(speeds=(0.8, 1.25))
    views = yamnet_embedding.extract(clips, options=options, encoders=(encoder,))
    assert views.shape == (3, 3, *alone.shape[1:])
    np.testing.assert_array_equal(views[:, 0], alone)


def test_a_clip_a_quarter_faster_is_a_quarter_higher_and_four_fifths_as_long() -> None:
    encoder = yamnet.untrained()
    clips = np.stack([tone(seed, seconds=3.0, rate=16_000) for seed in range(3)])
    options = yamnet_embedding.Options(speeds=(1.25,))
    views = yamnet_embedding.extract(clips, options=options, encoders=(encoder,))
    faster = librosa.resample(clips, orig_sr=20_000, target_sr=16_000, res_type="soxr_hq")
    first = yamnet_embedding.extract(
        faster[:, :15_600], options=yamnet_embedding.Options(), encoders=(encoder,)
    )
    np.testing.assert_allclose(views[:, 1, 0], first[:, 0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("speeds", [(1.0,), (0.9, 0.9), (1.00002,), (0.9, 0.90002), (0.1,), (3.0,)])
def test_speeds_that_make_no_other_view_are_refused(speeds: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="speeds"):
        yamnet_embedding.Options(speeds=speeds)
