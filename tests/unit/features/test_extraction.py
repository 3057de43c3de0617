"""Extraction: rows on disk, chunks that are never computed twice, and files that are not what was listed."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from components import features
from components.config.params import Params
from components.core.errors import FeatureError, ParamsError, PretrainedError
from components.corpus import audio
from components.features import mfcc_sequence
from components.features.pipeline import cache, compute, worker
from components.features.pipeline import store as feature_store
from components.stages import corpus
from components.stages import features as extraction
from tests.unit.features.conftest import RATE, tone

SHAPES = {
    "mfcc_summary": (57,),
    "mfcc_sequence": (44, 13),
    "mel_sequence": (44, 128),
    "mel_image": (288, 432, 3),
    "yamnet_embedding": (2, 1024),
}


def content(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tracks that were computed, in order."""
    tracks: list[str] = []
    finish = worker.finish
    monkeypatch.setattr(
        worker,
        "finish",
        lambda chunk, material, *, job: (
            tracks.extend(track.track for track in chunk.tracks) or finish(chunk, material, job=job)
        ),
    )
    return tracks


@pytest.mark.parametrize("name", SHAPES)
def test_rows_are_written_as_every_later_stage_reads_them(name: str, project: Path, params: Params) -> None:
    extraction.run(name, params=params, root=project, processes=1)
    index, values, meta = feature_store.read(name, root=project)
    unit = params.feature(name).unit
    assert values.shape == (24 if unit == "segment" else 12, *SHAPES[name])
    assert values.dtype == np.float32
    assert isinstance(values, np.memmap)
    assert list(index.columns) == feature_store.INDEX_COLUMNS
    assert index["segment"].tolist() == ([0, 1] * 12 if unit == "segment" else [-1] * 12)
    assert index["start"].tolist() == ([0.0, 1.0] * 12 if unit == "segment" else [0.0] * 12)
    assert index["track"].is_monotonic_increasing
    assert (index["genre"] == index["track"].str.split(".").str[0]).all()
    np.testing.assert_allclose(
        index["mean"], values.reshape(len(values), -1).mean(axis=1), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_array_equal(index["maximum"], values.reshape(len(values), -1).max(axis=1))
    assert meta["feature"] == name
    assert meta["unit"] == unit
    assert tuple(meta["shape"]) == SHAPES[name]
    assert (meta["names"] is not None) == (name == "mfcc_summary")


@pytest.mark.parametrize("name", SHAPES)
def test_a_waveform_gives_the_stored_numbers(name: str, project: Path, params: Params) -> None:
    extraction.run(name, params=params, root=project, processes=1)
    index, values, _ = feature_store.read(name, root=project)
    y, rate = audio.decode(project.parent / "audio" / "jazz" / "jazz.00002.wav")
    computed, starts = compute.compute(name, y, rate, params=params)
    rows = (index["track"] == "jazz.00002").to_numpy()
    np.testing.assert_array_equal(computed, values[rows])
    np.testing.assert_array_equal(starts, index.loc[rows, "start"])


@pytest.mark.slow
def test_a_chain_goes_through_the_feature_that_it_reads(project: Path, params: Params) -> None:
    extraction.run("mel_image", params=params, root=project, processes=1)
    extraction.run("vgg16_embedding", params=params, root=project)
    index, values, meta = feature_store.read("vgg16_embedding", root=project)
    assert values.shape == (12, 2 * (256 + 512 + 512))
    assert meta["pretrained"]["trained"] is False
    y, rate = audio.decode(project.parent / "audio" / "rock" / "rock.00000.wav")
    computed, _ = compute.compute("vgg16_embedding", y, rate, params=params)
    np.testing.assert_allclose(computed, values[(index["track"] == "rock.00000").to_numpy()], rtol=1e-5)


def test_processes_do_not_change_a_bit(
    project: Path, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "MAX_TRACKS", 3)
    extraction.run("mfcc_sequence", params=params, root=project, processes=1)
    alone = content(feature_store.folder("mfcc_sequence", root=project))
    shutil.rmtree(project / "features")
    extraction.run("mfcc_sequence", params=params, root=project, processes=2)
    assert content(feature_store.folder("mfcc_sequence", root=project)) == alone


def test_nothing_is_computed_twice_even_if_the_output_was_deleted(
    project: Path, params: Params, counted: list[str]
) -> None:
    extraction.run("mfcc_sequence", params=params, root=project, processes=1)
    first = content(feature_store.folder("mfcc_sequence", root=project))
    assert len(counted) == 12
    shutil.rmtree(feature_store.folder("mfcc_sequence", root=project))
    extraction.run("mfcc_sequence", params=params, root=project, processes=1)
    assert len(counted) == 12
    assert content(feature_store.folder("mfcc_sequence", root=project)) == first


def test_one_changed_track_recomputes_its_chunk_alone(
    project: Path, params: Params, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "MAX_TRACKS", 3)
    extraction.run("mfcc_sequence", params=params, root=project, processes=1)
    before = np.array(feature_store.read("mfcc_sequence", root=project)[1])
    counted.clear()
    soundfile.write(project.parent / "audio" / "jazz" / "jazz.00003.wav", tone(99, seconds=2.2), RATE)
    corpus.run("audio", params=params, root=project)
    index = extraction.run("mfcc_sequence", params=params, root=project, processes=1)
    assert "jazz.00003" in counted
    assert len(counted) <= 3
    changed = (np.array(feature_store.read("mfcc_sequence", root=project)[1]) != before).any(axis=(1, 2))
    assert set(index["track"][changed]) == {"jazz.00003"}


def test_a_new_track_moves_no_chunk_but_its_own() -> None:
    tracks = [cache.Track(track=f"t.{n:05d}", path="", sha256=str(n)) for n in range(0, 2000, 2)]
    new = cache.Track(track="t.01001", path="", sha256="new")
    before = {chunk.key for chunk in cache.divide(tracks, about={})}
    after = {chunk.key for chunk in cache.divide(sorted([*tracks, new], key=lambda t: t.track), about={})}
    assert len(after - before) <= 3
    assert len(before) > 40


def test_chunks_of_other_options_are_computed_anew_and_the_old_ones_removed(
    project: Path, make_params: Callable[..., Params], counted: list[str]
) -> None:
    extraction.run("mfcc_sequence", params=make_params(), root=project, processes=1)
    reads = {"reads": "data/corpus/audio.parquet", "unit": "segment"}
    other = make_params(features={"mfcc_sequence": reads | {"options": {"coefficients": 20}}})
    extraction.run("mfcc_sequence", params=other, root=project, processes=1)
    assert len(counted) == 24
    assert feature_store.read("mfcc_sequence", root=project)[1].shape[2] == 20
    kept = list(cache.folder("mfcc_sequence", root=project).iterdir())
    assert sum(len(np.load(path)["counts"]) for path in kept) == 12


def test_a_chunk_that_a_crash_cut_short_is_computed_again(
    project: Path, params: Params, counted: list[str]
) -> None:
    extraction.run("mfcc_sequence", params=params, root=project, processes=1)
    first = content(feature_store.folder("mfcc_sequence", root=project))
    (path, *_) = cache.folder("mfcc_sequence", root=project).iterdir()
    path.write_bytes(path.read_bytes()[:200])
    extraction.run("mfcc_sequence", params=params, root=project, processes=1)
    assert len(counted) > 12
    assert content(feature_store.folder("mfcc_sequence", root=project)) == first


_DIES = """
import os, signal, sys
from pathlib import Path
from components.config import params
from components.features.pipeline import cache as chunks
from components.stages import features as extraction

left, save = int(sys.argv[1]), chunks.save
chunks.MAX_TRACKS = 2

def dying(*arguments, **more):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    save(*arguments, **more)

chunks.save = dying
extraction.run("mfcc_sequence", params=params.load("params.yaml"), root=Path("data"), processes=1)
"""


def test_killed_again_and_again_it_ends_with_the_same_bytes(
    project: Path, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.parent / "params.yaml").write_text(json.dumps(params.model_dump(mode="json")))
    command = [sys.executable, "-c", _DIES]
    killed = [subprocess.run([*command, "1"], cwd=project.parent, check=False).returncode for _ in range(3)]
    assert killed == [-9, -9, -9]
    assert not feature_store.folder("mfcc_sequence", root=project).exists()
    assert len(list(cache.folder("mfcc_sequence", root=project).glob("*.npz"))) == 3
    subprocess.run([*command, "-1"], cwd=project.parent, check=True)
    resumed = content(feature_store.folder("mfcc_sequence", root=project))
    shutil.rmtree(project / "features")
    subprocess.run([*command, "-1"], cwd=project.parent, check=True)
    assert content(feature_store.folder("mfcc_sequence", root=project)) == resumed


def test_a_file_that_changed_since_it_was_listed_is_named(project: Path, params: Params) -> None:
    soundfile.write(project.parent / "audio" / "blues" / "blues.00001.wav", tone(77, seconds=2.2), RATE)
    with pytest.raises(FeatureError, match=r"'blues.00001': .* has changed since it was listed"):
        extraction.run("mfcc_sequence", params=params, root=project)
    assert not feature_store.folder("mfcc_sequence", root=project).exists()


def test_a_file_that_vanished_is_named(project: Path, params: Params) -> None:
    (project.parent / "audio" / "rock" / "rock.00002.wav").unlink()
    with pytest.raises(FeatureError, match=r"'rock.00002': .* cannot be read .* genre stage corpus audio"):
        extraction.run("mfcc_sequence", params=params, root=project)


def test_tracks_of_different_length_cannot_be_whole_rows(
    project: Path, make_params: Callable[..., Params], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mfcc_sequence, "UNITS", ("track",))
    soundfile.write(project.parent / "audio" / "rock" / "rock.00009.wav", tone(5, seconds=3.3), RATE)
    params = make_params(features={"mfcc_sequence": {"reads": "data/corpus/audio.parquet", "unit": "track"}})
    corpus.run("audio", params=params, root=project)
    with pytest.raises(FeatureError, match=r"tracks of different length.*valid: 'segment'"):
        extraction.run("mfcc_sequence", params=params, root=project, processes=1)


def test_missing_weights_stop_the_stage_and_say_what_goes_where(
    project: Path, make_params: Callable[..., Params], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "none"))
    weights = {
        "yamnet": str(tmp_path / "no-model"),
        "vgg16": str(tmp_path / "no.h5"),
    }
    params = make_params(pretrained=weights, allow_untrained_encoders=False)
    with pytest.raises(PretrainedError, match=r"pretrained\.yamnet is .*saved_model\.pb"):
        extraction.run("yamnet_embedding", params=params, root=project)
    with pytest.raises(PretrainedError, match=r"pretrained\.vgg16 is .*no such file"):
        compute.encoder_of(features.load("vgg16_embedding"), params=params)


def test_untrained_encoders_say_so_where_they_are_allowed(
    make_params: Callable[..., Params], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    params = make_params(pretrained={"yamnet": str(tmp_path / "no-model")})
    encoder = compute.encoder_of(features.load("yamnet_embedding"), params=params)
    assert encoder is not None
    assert encoder.record()["trained"] is False
    assert "yamnet: UNTRAINED" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "block", "message"),
    [
        (
            "mfcc_sequence",
            {"options": {"hop": 3}},
            r"features\.mfcc_sequence\.options: hop is 3.*options: coeff",
        ),
        ("mfcc_sequence", {"options": {"coefficients": 0}}, "coefficients is 0"),
        ("mfcc_sequence", {"reads": "data/features/mel_image"}, "made from: audio"),
        ("mfcc_sequence", {"unit": "track"}, r"features\.mfcc_sequence\.unit is 'track'; valid: segment"),
        ("mel_image", {"options": {"mels": 64}}, "options: none"),
    ],
)
def test_choices_that_are_not_valid_are_refused(
    make_params: Callable[..., Params], name: str, block: dict, message: str
) -> None:
    base = {"reads": "data/corpus/audio.parquet", "unit": "segment"}
    blocks = {name: base | block} | ({"mel_image": base} if name != "mel_image" else {})
    params = make_params(features=blocks)
    with pytest.raises(ParamsError, match=message):
        features.options(name, params=params)


def test_a_feature_without_a_file_is_refused() -> None:
    with pytest.raises(ParamsError, match=r"'mfcc'.*mel_image"):
        features.load("mfcc")


def test_the_features_are_there() -> None:
    assert features.names() == [
        "mel_image",
        "mel_sequence",
        "mfcc_sequence",
        "mfcc_summary",
        "vgg16_embedding",
        "yamnet_embedding",
    ]


def test_reading_what_was_not_extracted_says_how_to(tmp_path: Path) -> None:
    with pytest.raises(FeatureError, match="genre stage features mel_image"):
        feature_store.read("mel_image", root=tmp_path)
