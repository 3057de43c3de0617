"""Two encoders in one pass, side by side."""

from __future__ import annotations

import numpy as np

from components.features import encoders_embedding, musicnn_embedding, yamnet_embedding
from components.features.encoders import musicnn, yamnet


def test_a_row_holds_what_each_encoder_gives_alone() -> None:
    hub, music = yamnet.untrained(), musicnn.untrained()
    clips = np.random.default_rng(0).normal(0.0, 0.1, (2, 48_000)).astype(np.float32)
    options = encoders_embedding.Options(statistics=("max", "mean"), networks=("mtt",), layers=("tags",))
    rows = encoders_embedding.extract(clips, options=options, encoders=(hub, music))
    assert rows.shape == (2, 2 * 1024 + 50)
    frames = yamnet_embedding.extract(clips, options=yamnet_embedding.Options(), encoders=(hub,))
    np.testing.assert_array_equal(rows[:, :1024], frames.max(axis=1))
    np.testing.assert_array_equal(rows[:, 1024:2048], frames.mean(axis=1))
    alone = musicnn_embedding.Options(networks=("mtt",), layers=("tags",))
    np.testing.assert_array_equal(
        rows[:, 2048:], musicnn_embedding.extract(clips, options=alone, encoders=(music,))
    )
