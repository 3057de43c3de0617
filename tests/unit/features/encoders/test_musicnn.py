"""musicnn's network in Keras, its front end, and how its weights are found."""

from __future__ import annotations

import zipfile
from pathlib import Path

import librosa
import numpy as np
import pytest

from components.core.errors import MissingWeightsError, PretrainedError
from components.features import musicnn_embedding
from components.features.encoders import musicnn
from components.features.encoders.base import Encoder


@pytest.fixture(scope="module")
def untrained() -> Encoder:
    return musicnn.untrained()


def test_patches_are_log_mel_spectra_of_librosa() -> None:
    clips = np.random.default_rng(0).normal(0.0, 0.1, (2, 48_000)).astype(np.float32)
    patches = musicnn.front_end()(clips)
    assert patches.shape == (2, 1, 187, 96)
    mel = librosa.feature.melspectrogram(y=clips[1], sr=16_000, n_fft=512, hop_length=256, n_mels=96)
    np.testing.assert_allclose(patches[1, 0], np.log10(1 + 10_000 * mel.T[:187]), atol=2e-5)


def test_a_short_clip_is_repeated() -> None:
    clip = np.random.default_rng(0).normal(0.0, 0.1, (1, 20_000)).astype(np.float32)
    spectra = musicnn.front_end()
    np.testing.assert_array_equal(spectra(clip), spectra(np.resize(clip[0], 187 * 256)[np.newaxis]))


def test_layers_have_their_widths_at_any_length(untrained: Encoder) -> None:
    clips = np.zeros((2, 7 * 16_000), dtype=np.float32)
    layers = untrained.run(clips, networks=("mtt",), layers=tuple(musicnn.WIDTHS))
    assert [layer.shape for layer in layers] == [(2, 2, width) for width in musicnn.WIDTHS.values()]
    assert not untrained.trained
    assert untrained.sha256 == musicnn.untrained().sha256


def test_a_row_holds_the_layers_of_both_networks_side_by_side(untrained: Encoder) -> None:
    clips = np.random.default_rng(0).normal(0.0, 0.1, (3, 48_000)).astype(np.float32)
    options = musicnn_embedding.Options(networks=("msd", "mtt"), layers=("tags", "penultimate"))
    rows = musicnn_embedding.extract(clips, options=options, encoders=(untrained,))
    assert rows.shape == (3, 500)
    (tags,) = untrained.run(clips, networks=("mtt",), layers=("tags",))
    np.testing.assert_allclose(rows[:, 250:300], tags[:, 0], rtol=1e-5, atol=1e-6)


BOTH = {"networks": ["msd", "mtt"], "layers": list(musicnn.WIDTHS)}


def check_export(value: str, *, known: Encoder, folder: Path) -> None:
    """Embed noise, of which some fills no patch and some two, by an encoder and by its export."""
    musicnn.export(value, options=[BOTH], to=folder / "musicnn.litert")
    exported = musicnn.load(str(folder / "musicnn.litert"))
    for samples in (20_000, 48_000, 7 * 16_000):
        clips = np.random.default_rng(0).normal(0.0, 0.1, (3, samples)).astype(np.float32)
        rows, found = (
            musicnn.embed(clips, layers=musicnn.Layers.model_validate(BOTH), encoder=one)
            for one in (known, exported)
        )
        np.testing.assert_allclose(found, rows, rtol=1e-4, atol=1e-4)


def test_the_export_of_untrained_weights_embeds_alike(untrained: Encoder, tmp_path: Path) -> None:
    check_export("untrained", known=untrained, folder=tmp_path)


@pytest.mark.skipif(
    not (musicnn.locate("package") / "msd.index").is_file(), reason="`make install` unpacks musicnn"
)
def test_the_export_of_the_published_weights_embeds_alike(tmp_path: Path) -> None:
    check_export("package", known=musicnn.load("package"), folder=tmp_path)


def test_networks_that_no_feature_runs_are_not_exported(tmp_path: Path) -> None:
    musicnn.export("untrained", options=[{"networks": ["mtt"]}] * 2, to=tmp_path / "musicnn.litert")
    assert [file.name for file in (tmp_path / "musicnn.litert").iterdir()] == ["mtt.tflite"]


def test_a_folder_without_an_export_is_refused(tmp_path: Path) -> None:
    (tmp_path / "musicnn.litert").mkdir()
    with pytest.raises(MissingWeightsError, match="no export"):
        musicnn.load(str(tmp_path / "musicnn.litert"))


def test_weights_that_are_not_there_are_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingWeightsError, match=r"msd\.index"):
        musicnn.load(str(tmp_path))


def test_other_weights_are_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        for name in musicnn.NETWORKS.values():
            for part in (".index", ".data-00000-of-00001"):
                packed.writestr(f"musicnn/{name}/{part}", b"no checkpoint")
        packed.writestr("musicnn-0.1.0.dist-info/LICENSE.md", "ISC")
    musicnn.unpack(wheel, folder=tmp_path / "weights")
    with pytest.raises(PretrainedError, match="msd"):
        musicnn.load(str(tmp_path / "weights"))
