"""What is taken of VGG16's channels."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from pydantic import ValidationError

from components.features import vgg16_embedding
from components.features.encoders import vgg16
from components.features.encoders.base import Encoder


def channels(pictures: np.ndarray, *, blocks: tuple[int, ...]) -> list[np.ndarray]:
    """Stands for VGG16 where only the arithmetic after it is of interest: 2 x 3 places, a channel a colour."""
    return [pictures[:, :2, :3] * block for block in blocks]


PLAIN = Encoder(name="vgg16", run=channels, origin="", trained=False, sha256="", batch=vgg16.BATCH)


def test_the_three_preparations() -> None:
    red = np.zeros((1, 2, 2, 3), dtype=np.float32)
    red[..., 0] = 255
    assert vgg16_embedding.prepare(red, preparation="raw").max() == 255
    assert vgg16_embedding.prepare(red, preparation="scaled").max() == 1
    blue_green_red = vgg16_embedding.prepare(red, preparation="preprocess_input")[0, 0, 0]
    np.testing.assert_allclose(blue_green_red, [-103.939, -116.779, 255 - 123.68], atol=1e-3)


def test_statistics_are_taken_of_each_channel_over_time_and_frequency() -> None:
    shown = np.random.default_rng(0).integers(0, 256, (5, 40, 50, 3)).astype(np.float32)
    options = vgg16_embedding.Options(preparation="raw", blocks=(2, 5), statistics=("mean", "max"))
    values = vgg16_embedding.extract(shown, options=options, encoders=(PLAIN,))
    part = shown[:, :2, :3].reshape(5, 6, 3)
    expected = [part.mean(axis=1) * 2, part.max(axis=1) * 2, part.mean(axis=1) * 5, part.max(axis=1) * 5]
    np.testing.assert_allclose(values, np.concatenate(expected, axis=1), rtol=1e-6)


def test_shrunk_pictures_are_means_of_squares() -> None:
    shown = np.random.default_rng(0).integers(0, 256, (2, 8, 12, 3)).astype(np.float32)
    options = vgg16_embedding.Options(preparation="raw", blocks=(1,), statistics=("max",), shrink=4)
    values = vgg16_embedding.extract(shown, options=options, encoders=(PLAIN,))
    squares = [
        [one[y : y + 4, x : x + 4].mean(axis=(0, 1)) for y in (0, 4) for x in (0, 4, 8)] for one in shown
    ]
    np.testing.assert_allclose(values, np.max(squares, axis=1), rtol=1e-6)


def test_bands_split_frequency_from_top_to_bottom_inside_the_margins() -> None:
    shown = np.full((3, 288, 432, 3), 255, dtype=np.float32)
    inside = np.random.default_rng(0).integers(0, 200, (3, 208, 328, 3)).astype(np.float32)
    shown[:, 40:248, 56:384] = inside
    halved = Encoder(
        name="vgg16",
        run=lambda pictures, *, blocks: [pictures[:, ::8, ::8] for _ in blocks],
        origin="",
        trained=False,
        sha256="",
        batch=vgg16.BATCH,
    )
    options = vgg16_embedding.Options(preparation="raw", blocks=(3,), statistics=("mean", "max"), bands=2)
    values = vgg16_embedding.extract(shown, options=options, encoders=(halved,))
    seen = inside[:, ::8, ::8]
    halves = seen[:, :13], seen[:, 13:]
    assert values.shape == (3, 2 * 2 * 3)
    assert values.max() < 255
    np.testing.assert_allclose(values[:, 6:9], halves[0].max(axis=(1, 2)), rtol=1e-6)
    np.testing.assert_allclose(values[:, 3:6], halves[1].mean(axis=(1, 2)), rtol=0.05)


def maps_of(shown: np.ndarray) -> Encoder:
    """An encoder whose every block gives these maps."""
    run = lambda pictures, *, blocks: [shown[: len(pictures)] for _ in blocks]  # noqa: E731
    return Encoder(name="vgg16", run=run, origin="", trained=False, sha256="", batch=vgg16.BATCH)


def test_windows_are_the_whole_picture_and_halves_of_it_from_left_to_right() -> None:
    maps = np.zeros((4, 6, 12, 2), dtype=np.float32)
    maps[..., 0] = np.arange(12)
    options = vgg16_embedding.Options(blocks=(3,), statistics=("mean", "time_std"), windows=4)
    values = vgg16_embedding.extract(np.zeros((4, 8, 8, 3)), options=options, encoders=(maps_of(maps),))
    assert values.shape == (4, 4, 4)
    np.testing.assert_allclose(values[0, :, 0], [5.5, 2.5, 5.5, 8.5])
    np.testing.assert_allclose(values[0, :, 2], [np.arange(12).std(), *[np.arange(6).std()] * 3], rtol=1e-6)


def test_deviation_in_time_is_of_the_mean_over_frequency() -> None:
    maps = np.zeros((4, 2, 6, 1), dtype=np.float32)
    maps[:, 0], maps[:, 1] = np.arange(6)[:, None], -np.arange(6)[:, None]
    options = vgg16_embedding.Options(blocks=(3,), statistics=("std", "time_std"))
    values = vgg16_embedding.extract(np.zeros((4, 8, 8, 3)), options=options, encoders=(maps_of(maps),))
    assert values[0, 0] > 1
    assert values[0, 1] == 0


def test_gram_says_which_channels_answer_in_the_same_places() -> None:
    maps = np.zeros((4, 4, 8, 3), dtype=np.float32)
    maps[:, :, :4, 0], maps[:, :, :4, 1], maps[:, :, 4:, 2] = 1, 4, 9
    options = vgg16_embedding.Options(blocks=(2,), statistics="gram")
    values = vgg16_embedding.extract(np.zeros((4, 8, 8, 3)), options=options, encoders=(maps_of(maps),))
    pairs = {(0, 0): 1, (0, 1): 4, (0, 2): 0, (1, 1): 16, (1, 2): 0, (2, 2): 81}
    np.testing.assert_allclose(values[0], np.sqrt(np.array(list(pairs.values())) / 2), rtol=1e-6)


def test_further_poolings_follow_the_first() -> None:
    shown = np.random.default_rng(0).integers(0, 256, (5, 40, 50, 3)).astype(np.float32)
    first, second = {"blocks": (2,), "statistics": ("mean",)}, {"blocks": (5,), "statistics": ("max", "std")}
    both = vgg16_embedding.Options(preparation="raw", **first, also=(second,))
    alone = [
        vgg16_embedding.extract(
            shown, options=vgg16_embedding.Options(preparation="raw", **one), encoders=(PLAIN,)
        )
        for one in (first, second)
    ]
    values = vgg16_embedding.extract(shown, options=both, encoders=(PLAIN,))
    np.testing.assert_array_equal(values, np.concatenate(alone, axis=1))


def test_content_is_the_picture_without_its_margins() -> None:
    shown = np.full((1, 288, 432, 3), 255, dtype=np.float32)
    shown[:, 35:253, 54:390] = 7
    seen = []
    spy = Encoder(
        name="vgg16",
        run=lambda pictures, *, blocks: seen.append(pictures) or channels(pictures, blocks=blocks),
        origin="",
        trained=False,
        sha256="",
        batch=vgg16.BATCH,
    )
    options = vgg16_embedding.Options(preparation="raw", blocks=(1,), crop="content")
    vgg16_embedding.extract(shown, options=options, encoders=(spy,))
    assert seen[0].shape[1:3] == (218, 336)
    assert (seen[0] == 7).all()


def test_flatten_keeps_every_value_and_crop_the_upper_left_corner() -> None:
    shown = np.random.default_rng(0).integers(0, 256, (2, 288, 432, 3)).astype(np.float32)
    seen = []
    spy = Encoder(
        name="vgg16",
        run=lambda pictures, *, blocks: seen.append(pictures) or channels(pictures, blocks=blocks),
        origin="",
        trained=False,
        sha256="",
        batch=vgg16.BATCH,
    )
    options = vgg16_embedding.Options(preparation="raw", blocks=(1,), statistics="flatten", crop=150)
    values = vgg16_embedding.extract(shown, options=options, encoders=(spy,))
    np.testing.assert_array_equal(values, shown[:, :2, :3].reshape(2, -1))
    np.testing.assert_array_equal(seen[0][:2], shown[:, :150, :150])


@pytest.mark.parametrize(
    "wrong",
    [
        {"blocks": (5, 3)},
        {"blocks": ()},
        {"blocks": (6,)},
        {"statistics": ()},
        {"crop": 10},
        {"size": 1},
        {"bands": 0},
        {"bands": 2, "statistics": "gram"},
        {"bands": 2, "crop": 150},
        {"shrink": 3},
        {"bands": 9, "blocks": (4,), "shrink": 2},
        {"also": [{"bands": 9, "blocks": (4,)}], "shrink": 2},
        {"windows": 2, "statistics": "flatten"},
        {"also": [{"windows": 2}]},
    ],
)
def test_options_that_are_not_valid_are_refused(wrong: dict) -> None:
    with pytest.raises(ValidationError):
        vgg16_embedding.Options(**wrong)


def test_a_song_costs_vgg16_one_picture_and_not_a_full_call():
    calls = []

    def run(pictures, *, blocks):
        calls.append(len(pictures))
        return [np.zeros((len(pictures), 144, 216, 64), dtype=np.float32)]

    options = vgg16_embedding.Options(preparation="raw", blocks=(1,))
    encoder = SimpleNamespace(run=run, batch=vgg16.BATCH)
    for pictures in (1, 3):
        clips = np.zeros((pictures, 288, 432, 3), dtype=np.float32)
        assert len(vgg16_embedding.extract(clips, options=options, encoders=(encoder,))) == pictures
    assert calls == [1, vgg16.BATCH]
