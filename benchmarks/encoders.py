"""The frozen encoders side by side with the published models, fed as everybody feeds them."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks import plain
from benchmarks.side_by_side import compare, timed
from components.core.processes import cores
from components.corpus import audio, segmentation
from components.features import mel_image, vgg16_embedding, yamnet_embedding
from components.features.encoders import base as encoders

#: YAMNet's rate in Hz, and 3 s of it.
RATE, LENGTH, PIECES = 16_000, 48_000, 10
PROCESSORS = cores()


def read(path: str) -> np.ndarray:
    """Ten whole pieces of a track at YAMNet's rate, as extraction reads them."""
    y = audio.resample(*audio.decode(path), to=RATE)
    count = min(PIECES, len(y) // LENGTH)
    return segmentation.segments(y, RATE, seconds=LENGTH / RATE, count=count)


def threaded(one: Callable[[str], None]) -> Callable[[list[str]], tuple[float, float]]:
    """As extraction does it: a thread a processor, each on a track of its own."""

    def way(paths: list[str]) -> tuple[float, float]:
        def every(_: str) -> None:
            with ThreadPoolExecutor(PROCESSORS) as pool:
                list(pool.map(one, paths))

        wall, processor = timed(every, ["all"])
        return wall / len(paths), processor / len(paths)

    return way


def speed(paths: list[str], *, repeats: int) -> None:
    """Time both encoders with the weights that ``TFHUB_CACHE_DIR`` and ``GENRE_VGG16`` name."""
    handle, weights = "https://tfhub.dev/google/yamnet/1", os.environ.get("GENRE_VGG16", "imagenet")
    yamnet = encoders.find("yamnet").load(handle)
    waves = {path: audio.resample(*audio.decode(path), to=RATE) for path in paths}
    pieces = {path: read(path) for path in paths}
    published = plain.published_yamnet(handle)

    def embed(clips: np.ndarray) -> None:
        yamnet_embedding.extract(clips, options=yamnet_embedding.Options(), encoders=(yamnet,))

    compare(
        "yamnet_embedding: (6, 1024) of each 3-s segment",
        {
            "hub.load, one piece after the other": lambda p: timed(
                lambda path: [published(waves[path][i * LENGTH : (i + 1) * LENGTH]) for i in range(PIECES)], p
            ),
            "hub.load, one track after the other": lambda p: timed(lambda path: published(waves[path]), p),
            "ours": threaded(lambda path: embed(pieces[path])),
        },
        paths,
        repeats,
    )
    compare(
        "yamnet_embedding from the file",
        {
            "librosa.load, hub.load, piece after piece": lambda p: timed(
                lambda path: [published(wave) for wave in plain.pieces(path, rate=RATE)], p
            ),
            "librosa.load, hub.load, track after track": lambda p: timed(
                lambda path: published(plain.pieces(path, rate=RATE).ravel()), p
            ),
            "ours": threaded(lambda path: embed(read(path))),
        },
        paths,
        repeats,
    )
    vgg16 = encoders.find("vgg16").load(weights)
    picture = {
        path: mel_image.extract(audio.decode(path)[0][np.newaxis], options=mel_image.Options())
        for path in paths[:4]
    }
    predict = plain.keras_vgg16(weights)

    def embed_picture(one: np.ndarray) -> None:
        vgg16_embedding.extract(one, options=vgg16_embedding.Options(), encoders=(vgg16,))

    compare(
        "vgg16_embedding: pictures of 288 x 432",
        {
            "model.predict, one picture after the other": lambda p: timed(lambda x: predict(picture[x]), p),
            "ours": threaded(lambda path: embed_picture(picture[path])),
        },
        paths[:4],
        repeats,
    )
