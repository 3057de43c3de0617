"""The frozen encoders side by side with the published models, fed as everybody feeds them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks import plain
from benchmarks.side_by_side import compare, timed
from components import audio
from components.features import mel_image, vgg16_embedding, yamnet_embedding
from components.params import PretrainedParams

#: YAMNet's rate in Hz, and 3 s of it.
RATE, LENGTH, PIECES = 16_000, 48_000, 10


def read(path: str) -> np.ndarray:
    """Ten whole pieces of a track at YAMNet's rate, as extraction reads them."""
    y = audio.resample(*audio.decode(path), to=RATE)
    count = min(PIECES, len(y) // LENGTH)
    return audio.segments(y, RATE, seconds=LENGTH / RATE, count=count)


def speed(paths: list[str], *, repeats: int) -> None:
    """Time both encoders with the weights that ``TFHUB_CACHE_DIR`` and ``GENRE_VGG16`` name."""
    pretrained = PretrainedParams(
        yamnet="https://tfhub.dev/google/yamnet/1",
        vgg16=os.environ.get("GENRE_VGG16", "imagenet"),
        allow_untrained=False,
    )
    yamnet = yamnet_embedding.load_encoder(pretrained)
    waves = {path: audio.resample(*audio.decode(path), to=RATE) for path in paths}
    pieces = {path: read(path) for path in paths}
    published = plain.published_yamnet(pretrained.yamnet)

    def embed(clips: np.ndarray) -> None:
        yamnet_embedding.extract(clips, options=yamnet_embedding.Options(), encoder=yamnet)

    def from_files(p: list[str]) -> tuple[float, float]:
        # As extraction does it: the next track is read while this one is embedded.
        def run(_: str) -> None:
            with ThreadPoolExecutor(1) as reader:
                for clips in reader.map(read, p):
                    embed(clips)

        wall, processor = timed(run, ["all"])
        return wall / len(p), processor / len(p)

    compare(
        "yamnet_embedding: (6, 1024) of each 3-s segment",
        {
            "hub.load, one piece after the other": lambda p: timed(
                lambda path: [published(waves[path][i * LENGTH : (i + 1) * LENGTH]) for i in range(PIECES)], p
            ),
            "hub.load, one track after the other": lambda p: timed(lambda path: published(waves[path]), p),
            "ours": lambda p: timed(lambda path: embed(pieces[path]), p),
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
            "ours": from_files,
        },
        paths,
        repeats,
    )
    vgg16 = vgg16_embedding.load_encoder(pretrained)
    picture = {
        path: mel_image.extract(audio.decode(path)[0][np.newaxis], options=mel_image.Options())
        for path in paths[:4]
    }
    every = np.concatenate(list(picture.values()))
    predict = plain.keras_vgg16(pretrained.vgg16)
    options = vgg16_embedding.Options()

    def batch(p: list[str]) -> tuple[float, float]:
        wall, processor = timed(
            lambda _: vgg16_embedding.extract(every, options=options, encoder=vgg16), ["all"]
        )
        return wall / len(every), processor / len(every)

    compare(
        "vgg16_embedding: pictures of 288 x 432",
        {
            "model.predict, one picture after the other": lambda p: timed(lambda x: predict(picture[x]), p),
            "ours": batch,
        },
        paths[:4],
        repeats,
    )
