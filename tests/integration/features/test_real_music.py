"""Against the public tables, pictures and weights, on real music."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from components.corpus import audio, image_files, segmentation
from components.features import mel_image, mfcc_summary, vgg16_embedding
from components.features.encoders import vgg16, yamnet

pytestmark = pytest.mark.real

TRACKS = [
    "blues.00002",
    "classical.00005",
    "disco.00003",
    "hiphop.00002",
    "jazz.00001",
    "pop.00007",
    "rock.00004",
]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> object:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


def waveform(test_data: Path, track: str) -> np.ndarray:
    genre = track.split(".")[0]
    y, rate = audio.decode(test_data / "gtzan-mini" / "genres_original" / genre / f"{track}.flac")
    assert rate == 22_050
    return y


def agreement(ours: np.ndarray, public: np.ndarray) -> float:
    return float((np.abs(ours - public) <= 1e-4 * np.abs(public)).mean())


def test_the_57_columns_of_the_30_second_table(test_data: Path) -> None:
    table = pd.read_csv(test_data / "gtzan" / "features_30_sec.csv").set_index("filename")
    public = np.stack(
        [table.loc[f"{track}.wav", list(mfcc_summary.NAMES)].to_numpy(float) for track in TRACKS]
    )
    ours = np.concatenate(
        [
            mfcc_summary.extract(waveform(test_data, track)[np.newaxis], options=mfcc_summary.Options())
            for track in TRACKS
        ]
    )
    assert agreement(ours, public) >= 0.99
    np.testing.assert_allclose(ours, public, rtol=2e-3)
    tempo = mfcc_summary.NAMES.index("tempo")
    np.testing.assert_allclose(ours[:, tempo], public[:, tempo], rtol=1e-6)


def test_the_57_columns_of_the_3_second_table(test_data: Path) -> None:
    table = pd.read_csv(test_data / "gtzan" / "features_3_sec.classical_jazz_rock.csv").set_index("filename")
    ours, public = [], []
    for track in ("classical.00005", "jazz.00001", "rock.00004"):
        pieces = segmentation.segments(waveform(test_data, track), 22_050, seconds=3.0, count=9)
        ours.append(mfcc_summary.extract(pieces[:, :-1], options=mfcc_summary.Options()))
        public += [
            table.loc[f"{track}.{number}.wav", list(mfcc_summary.NAMES)].to_numpy(float)
            for number in range(9)
        ]
    assert agreement(np.concatenate(ours), np.stack(public)) >= 0.99


@pytest.mark.parametrize("track", TRACKS)
def test_a_picture_drawn_from_audio_is_the_public_one(test_data: Path, track: str) -> None:
    drawn = mel_image.extract(waveform(test_data, track)[np.newaxis], options=mel_image.Options())[0]
    genre, number = track.split(".")
    public = image_files.read(test_data / "gtzan" / "images_original" / genre / f"{genre}{number}.png")
    inside = np.s_[36:252, 55:389]
    same = (np.abs(drawn[inside] - public[inside]).max(axis=-1) <= 2).mean()
    assert same > 0.97
    shades = [_shades(picture[inside]) for picture in (drawn, public)]
    assert np.corrcoef(shades[0].ravel(), shades[1].ravel())[0, 1] > 0.99
    assert (np.abs(drawn - public).max(axis=-1) <= 60).mean() > 0.99


def _shades(pixels: np.ndarray) -> np.ndarray:
    colours = mel_image.colours().astype(np.int64)
    flat, places = np.unique(pixels.reshape(-1, 3).astype(np.int64), axis=0, return_inverse=True)
    nearest = ((flat[:, np.newaxis] - colours) ** 2).sum(axis=-1).argmin(axis=1)
    return nearest[places.ravel()]


@pytest.fixture
def pretrained(test_data: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(test_data / "weights" / "tfhub"))
    return {
        "vgg16": str(test_data / "weights" / "vgg16" / "vgg16_notop.weights.h5"),
        "yamnet": "https://tfhub.dev/google/yamnet/1",
    }


def test_given_its_patches_yamnets_body_gives_its_embeddings(
    test_data: Path, pretrained: dict[str, str]
) -> None:
    import tensorflow_hub

    published = tensorflow_hub.load(pretrained["yamnet"])
    y = audio.resample(waveform(test_data, "rock.00004"), 22_050, to=16_000)[: 10 * 16_000]
    _, embeddings, frames = (output.numpy() for output in published(y))
    ours = yamnet.front_end()(y[np.newaxis])[0]
    np.testing.assert_allclose(ours, frames[: len(ours)], atol=1e-3)
    encoder = yamnet.load(pretrained["yamnet"])
    assert encoder.trained
    whole = len(embeddings) - 1
    (ours,) = encoder.run(y[np.newaxis], starts=np.arange(whole) * yamnet.PATCH_HOP)
    np.testing.assert_allclose(ours[0], embeddings[:whole], rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_vgg16_loads_by_path_and_its_facts_hold_no_path(test_data: Path, pretrained: dict[str, str]) -> None:
    encoder = vgg16.load(pretrained["vgg16"])
    assert encoder.trained
    assert encoder.origin == "vgg16_notop.weights.h5"
    public = image_files.read(test_data / "gtzan" / "images_original" / "pop" / "pop00003.png")
    values = vgg16_embedding.extract(
        public[np.newaxis], options=vgg16_embedding.Options(), encoders=(encoder,)
    )
    assert values.shape == (1, 2560)
    assert values.min() >= 0


def test_the_public_table_stands_in_for_extraction(test_data: Path, tmp_path: Path) -> None:
    import yaml

    from components.config import presets
    from components.config.params import parse
    from components.features.pipeline import store as feature_store
    from components.stages import corpus, features

    document = yaml.safe_load(presets.compose("demo"))
    document["corpus"]["sources"]["table"] = {"path": str(test_data / "gtzan" / "features_30_sec.csv")}
    document["features"]["mfcc_summary"] = {"reads": "data/corpus/table.parquet", "unit": "track"}
    params = parse(yaml.safe_dump(document))
    corpus.run("table", params=params, root=tmp_path / "data")
    features.run("mfcc_summary", params=params, root=tmp_path / "data")
    index, values, _ = feature_store.read("mfcc_summary", root=tmp_path / "data")
    table = pd.read_csv(test_data / "gtzan" / "features_30_sec.csv").set_index("filename")
    row = int(np.flatnonzero(index["track"] == "reggae.00042")[0])
    expected = table.loc["reggae.00042.wav", list(mfcc_summary.NAMES)].to_numpy(float)
    np.testing.assert_allclose(values[row], expected, rtol=1e-6)
    assert len(values) >= 980


def test_the_public_corrupt_file_is_named(test_data: Path) -> None:
    from components.core.errors import AudioError

    with pytest.raises(AudioError, match="no RIFF header"):
        audio.decode(test_data / "faulty" / "jazz.00054.wav")


def test_flac_is_read_as_soundfile_reads_it(test_data: Path) -> None:
    path = test_data / "gtzan-mini" / "genres_original" / "pop" / "pop.00001.flac"
    np.testing.assert_array_equal(audio.decode(path)[0], soundfile.read(path, dtype="float32")[0])
