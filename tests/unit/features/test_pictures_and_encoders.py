"""The picture as it is drawn, and what the encoders make of clips and pictures."""

from __future__ import annotations

from pathlib import Path

import librosa
import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from components.core.errors import FeatureError
from components.features import mel_image, vgg16_embedding, yamnet_embedding
from components.features.encoders import yamnet
from components.features.encoders.base import Encoder
from components.features.pipeline import images
from tests.unit.features.conftest import tone


def channels(pictures: np.ndarray, *, blocks: tuple[int, ...]) -> list[np.ndarray]:
    """Stands for VGG16 where only the arithmetic after it is of interest: 2 x 3 places, a channel a colour."""
    return [pictures[:, :2, :3] * block for block in blocks]


PLAIN = Encoder(name="vgg16", run=channels, origin="", trained=False, sha256="")


def picture(y: np.ndarray) -> np.ndarray:
    return mel_image.extract(y[np.newaxis], options=mel_image.Options())[0]


def test_a_picture_is_whole_numbers_in_a_frame_with_white_margins() -> None:
    drawn = picture(tone(1, seconds=3.0))
    assert drawn.shape == (288, 432, 3)
    assert (drawn == np.round(drawn)).all()
    assert drawn.min() >= 0
    assert drawn.max() == 255
    for margin in (drawn[:35], drawn[253:], drawn[:, :54], drawn[:, 390:]):
        assert (margin == 255).all()


def test_higher_tones_lie_higher_and_later_sounds_to_the_right() -> None:
    time = np.arange(66_150) / 22_050
    low, high = (np.sin(2 * np.pi * f * time).astype(np.float32) for f in (300, 6_000))
    rows = [picture(y)[36:251, 60:380].sum(axis=(1, 2)).argmax() for y in (low, high)]
    assert rows[0] > rows[1] + 50
    late = picture(np.where(time > 2, low, 0).astype(np.float32))[36:251]
    assert late[:, 340:380].sum() > 2 * late[:, 60:200].sum() / 3.5


def test_silence_is_black() -> None:
    drawn = picture(np.zeros(66_150, dtype=np.float32))
    assert (drawn[36:251, 55:388] == [0, 0, 4]).all()


def test_a_public_picture_is_read_without_its_transparency(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (288, 432, 4), dtype=np.uint8)
    Image.fromarray(pixels, "RGBA").save(tmp_path / "a.png")
    read = images.read(tmp_path / "a.png")
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, pixels[..., :3])


def test_a_picture_of_another_size_is_named(tmp_path: Path) -> None:
    Image.new("RGB", (100, 50)).save(tmp_path / "a.png")
    with pytest.raises(FeatureError, match=r"a\.png is 100 x 50; valid: 432 x 288"):
        images.read(tmp_path / "a.png")


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    with pytest.raises(FeatureError, match=r"a\.png is no picture"):
        images.read(tmp_path / "a.png")


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
    values = vgg16_embedding.extract(shown, options=options, encoder=PLAIN)
    part = shown[:, :2, :3].reshape(5, 6, 3)
    expected = [part.mean(axis=1) * 2, part.max(axis=1) * 2, part.mean(axis=1) * 5, part.max(axis=1) * 5]
    np.testing.assert_allclose(values, np.concatenate(expected, axis=1), rtol=1e-6)


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
    )
    options = vgg16_embedding.Options(preparation="raw", blocks=(3,), statistics=("mean", "max"), bands=2)
    values = vgg16_embedding.extract(shown, options=options, encoder=halved)
    seen = inside[:, ::8, ::8]
    halves = seen[:, :13], seen[:, 13:]
    assert values.shape == (3, 2 * 2 * 3)
    assert values.max() < 255
    np.testing.assert_allclose(values[:, 6:9], halves[0].max(axis=(1, 2)), rtol=1e-6)
    np.testing.assert_allclose(values[:, 3:6], halves[1].mean(axis=(1, 2)), rtol=0.05)


def maps_of(shown: np.ndarray) -> Encoder:
    """An encoder whose every block answers with these maps."""
    run = lambda pictures, *, blocks: [shown[: len(pictures)] for _ in blocks]  # noqa: E731
    return Encoder(name="vgg16", run=run, origin="", trained=False, sha256="")


def test_windows_are_the_whole_picture_and_halves_of_it_from_left_to_right() -> None:
    maps = np.zeros((4, 6, 12, 2), dtype=np.float32)
    maps[..., 0] = np.arange(12)
    options = vgg16_embedding.Options(blocks=(3,), statistics=("mean", "time_std"), windows=4)
    values = vgg16_embedding.extract(np.zeros((4, 8, 8, 3)), options=options, encoder=maps_of(maps))
    assert values.shape == (4, 4, 4)
    np.testing.assert_allclose(values[0, :, 0], [5.5, 2.5, 5.5, 8.5])
    np.testing.assert_allclose(values[0, :, 2], [np.arange(12).std(), *[np.arange(6).std()] * 3], rtol=1e-6)


def test_deviation_in_time_is_of_the_mean_over_frequency() -> None:
    maps = np.zeros((4, 2, 6, 1), dtype=np.float32)
    maps[:, 0], maps[:, 1] = np.arange(6)[:, None], -np.arange(6)[:, None]
    options = vgg16_embedding.Options(blocks=(3,), statistics=("std", "time_std"))
    values = vgg16_embedding.extract(np.zeros((4, 8, 8, 3)), options=options, encoder=maps_of(maps))
    assert values[0, 0] > 1
    assert values[0, 1] == 0


def test_gram_says_which_channels_answer_in_the_same_places() -> None:
    maps = np.zeros((4, 4, 8, 3), dtype=np.float32)
    maps[:, :, :4, 0], maps[:, :, :4, 1], maps[:, :, 4:, 2] = 1, 4, 9
    options = vgg16_embedding.Options(blocks=(2,), statistics="gram")
    values = vgg16_embedding.extract(np.zeros((4, 8, 8, 3)), options=options, encoder=maps_of(maps))
    pairs = {(0, 0): 1, (0, 1): 4, (0, 2): 0, (1, 1): 16, (1, 2): 0, (2, 2): 81}
    np.testing.assert_allclose(values[0], np.sqrt(np.array(list(pairs.values())) / 2), rtol=1e-6)


def test_further_poolings_follow_the_first() -> None:
    shown = np.random.default_rng(0).integers(0, 256, (5, 40, 50, 3)).astype(np.float32)
    first, second = {"blocks": (2,), "statistics": ("mean",)}, {"blocks": (5,), "statistics": ("max", "std")}
    both = vgg16_embedding.Options(preparation="raw", **first, also=(second,))
    alone = [
        vgg16_embedding.extract(
            shown, options=vgg16_embedding.Options(preparation="raw", **one), encoder=PLAIN
        )
        for one in (first, second)
    ]
    values = vgg16_embedding.extract(shown, options=both, encoder=PLAIN)
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
    )
    options = vgg16_embedding.Options(preparation="raw", blocks=(1,), crop="content")
    vgg16_embedding.extract(shown, options=options, encoder=spy)
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
    )
    options = vgg16_embedding.Options(preparation="raw", blocks=(1,), statistics="flatten", crop=150)
    values = vgg16_embedding.extract(shown, options=options, encoder=spy)
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
        {"windows": 2, "statistics": "flatten"},
        {"also": [{"windows": 2}]},
    ],
)
def test_options_that_are_not_valid_are_refused(wrong: dict) -> None:
    with pytest.raises(ValidationError):
        vgg16_embedding.Options(**wrong)


@pytest.mark.parametrize(
    ("seconds", "patches", "hop"), [(3.0, 6, 40), (30.0, 62, 47), (0.975, 1, 0), (0.5, 1, 0)]
)
def test_patches_lie_inside_the_clip_as_many_as_yamnet_takes(seconds: float, patches: int, hop: int) -> None:
    samples = round(seconds * 16_000)
    starts = yamnet.patch_starts(samples)
    assert starts.tolist() == [hop * i for i in range(patches)]
    if samples > 15_600:
        assert (starts[-1] + 95) * 160 + 400 <= samples


def test_a_segments_embedding_holds_nothing_of_its_neighbours() -> None:
    encoder = yamnet.untrained()
    options = yamnet_embedding.Options()
    clips = np.stack([tone(seed, seconds=3.0, rate=16_000) for seed in range(12)])
    together = yamnet_embedding.extract(clips, options=options, encoder=encoder)
    assert together.shape == (12, 6, 1024)
    for place in (0, 7, 11):
        alone = yamnet_embedding.extract(clips[place : place + 1], options=options, encoder=encoder)
        np.testing.assert_allclose(alone[0], together[place], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("seconds", [3.0, 1.0, 0.5])
def test_a_clip_at_other_speeds_is_further_views_of_as_many_frames(seconds: float) -> None:
    encoder = yamnet.untrained()
    clips = np.stack([tone(seed, seconds=seconds, rate=16_000) for seed in range(3)])
    alone = yamnet_embedding.extract(clips, options=yamnet_embedding.Options(), encoder=encoder)
    options = yamnet_embedding.Options(speeds=(0.8, 1.25))
    views = yamnet_embedding.extract(clips, options=options, encoder=encoder)
    assert views.shape == (3, 3, *alone.shape[1:])
    np.testing.assert_array_equal(views[:, 0], alone)


def test_a_clip_a_quarter_faster_is_a_quarter_higher_and_four_fifths_as_long() -> None:
    encoder = yamnet.untrained()
    clips = np.stack([tone(seed, seconds=3.0, rate=16_000) for seed in range(3)])
    options = yamnet_embedding.Options(speeds=(1.25,))
    views = yamnet_embedding.extract(clips, options=options, encoder=encoder)
    faster = librosa.resample(clips, orig_sr=20_000, target_sr=16_000, res_type="soxr_hq")
    first = yamnet_embedding.extract(faster[:, :15_600], options=yamnet_embedding.Options(), encoder=encoder)
    np.testing.assert_allclose(views[:, 1, 0], first[:, 0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("speeds", [(1.0,), (0.9, 0.9), (1.00002,), (0.9, 0.90002), (0.1,), (3.0,)])
def test_speeds_that_make_no_other_view_are_refused(speeds: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="speeds"):
        yamnet_embedding.Options(speeds=speeds)


def test_untrained_weights_are_the_same_every_time() -> None:
    assert yamnet.untrained().sha256 == yamnet.untrained().sha256
