"""VGG16's embedding: pictures in full calls, and a single one alone."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from components.features import vgg16_embedding


def test_a_song_costs_vgg16_one_picture_and_not_a_full_call():
    calls = []

    def run(pictures, *, blocks):
        calls.append(len(pictures))
        return [np.zeros((len(pictures), 144, 216, 64), dtype=np.float32)]

    options = vgg16_embedding.Options(preparation="raw", blocks=(1,))
    encoder = SimpleNamespace(run=run)
    for pictures in (1, 3):
        clips = np.zeros((pictures, 288, 432, 3), dtype=np.float32)
        assert len(vgg16_embedding.extract(clips, options=options, encoder=encoder)) == pictures
    assert calls == [1, vgg16_embedding.BATCH]
