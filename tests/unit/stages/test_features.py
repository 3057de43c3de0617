"""Extraction: rows on disk, chunks that are never computed twice, and files that are not what was listed."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from components import features
from components.config.params import Params
from components.core.errors import FeatureError, PretrainedError
from components.corpus import audio
from components.features import mfcc_sequence
from components.features.pipeline import chunks, compute, kept_rows
from components.features.pipeline import store as feature_store
from components.stages import corpus
from components.stages import features as extraction
from tests.support.small_collection import RATE, tone

SHAPES = {
    "mfcc_summary": (57,),
    "mfcc_sequence": (44, 13),
    "mel_sequence": (44, 128),
    "mel_image": (288, 432, 3),
    "yamnet_embedding": (2, 1024),
}


def content(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def cached(project: Path) -> Path:
    """Where the chunks of ``mfcc_sequence`` are."""
    return project / "features" / ".chunks" / "mfcc_sequence"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tracks that were computed, in order."""
    tracks: list[str] = []
    compute = chunks.compute

    def counting(chunk: chunks.Chunk, **more: Any) -> chunks.Values:
        tracks.extend(track.track for track in chunk.tracks)
        return compute(chunk, **more)

    monkeypatch.setattr(chunks, "compute", counting)
    return tracks


@pytest.mark.parametrize("name", SHAPES)
def test_rows_are_written_as_later_stages_read_them_and_as_a_waveform_gives_them(
    name: str, project: Path, params: Params
) -> None:
    extraction.run(name, params=params, root=project, processes=1)
    index, values, record = feature_store.read(name, root=project)
    unit = params.feature(name).unit
    assert values.shape == (24 if unit == "segment" else 12, *SHAPES[name])
    assert values.dtype == np.float32
    assert isinstance(values, np.memmap)
    assert list(index.columns) == list(feature_store.INDEX)
    assert index["segment"].tolist() == ([0, 1] * 12 if unit == "segment" else [-1] * 12)
    assert index["start"].tolist() == ([0.0, 1.0] * 12 if unit == "segment" else [0.0] * 12)
    assert index["track"].is_monotonic_increasing
    assert (index["genre"] == index["track"].str.split(".").str[0]).all()
    np.testing.assert_allclose(
        index["mean"], values.reshape(len(values), -1).mean(axis=1), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_array_equal(index["maximum"], values.reshape(len(values), -1).max(axis=1))
    assert record.feature == name
    assert record.unit == unit
    assert tuple(record.shape) == SHAPES[name]
    assert (record.names is not None) == (name == "mfcc_summary")
    y, rate = audio.decode(project.parent / "audio" / "jazz" / "jazz.00002.wav")
    computed, starts = compute.compute(name, y, rate, params=params)
    rows = (index["track"] == "jazz.00002").to_numpy()
    np.testing.assert_array_equal(computed, values[rows])
    np.testing.assert_array_equal(starts, index.loc[rows, "start"])


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
    monkeypatch.setattr(chunks, "MAX_TRACKS", 3)
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


def test_chunks_of_other_options_are_computed_anew_and_the_old_ones_removed(
    project: Path, make_params: Callable[..., Params], counted: list[str]
) -> None:
    extraction.run("mfcc_sequence", params=make_params(), root=project, processes=1)
    reads = {"reads": "data/corpus/audio.parquet", "unit": "segment"}
    other = make_params(features={"mfcc_sequence": reads | {"options": {"coefficients": 20}}})
    extraction.run("mfcc_sequence", params=other, root=project, processes=1)
    assert len(counted) == 24
    assert feature_store.read("mfcc_sequence", root=project)[1].shape[2] == 20
    assert not list(cached(project).glob("*.npz"))
    listed = json.loads((cached(project) / "kept/index.json").read_text())
    assert sum(len(kept_rows.Block(*block).counts) for block in listed) == 12


def test_a_speed_is_of_tracks_that_were_extracted(
    project: Path, params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    extraction.run("mfcc_sequence", params=params, root=project, processes=1)
    assert "tracks/s" in capsys.readouterr().err
    extraction.run("mfcc_sequence", params=params, root=project, processes=1)
    again = capsys.readouterr().err
    assert "12 of them cached" in again and "tracks/s" not in again


def test_no_number_is_kept_twice(project: Path, params: Params) -> None:
    extraction.run("mfcc_sequence", params=params, root=project, processes=1)
    values = feature_store.folder("mfcc_sequence", root=project) / "values.npy"
    assert (cached(project) / "kept/values.npy").samefile(values)
    assert [path.name for path in cached(project).iterdir()] == ["kept"]


@pytest.mark.parametrize(
    "spoil", [lambda data: data[:-4], lambda data: data[:-4] + b"oops"], ids=["cut", "changed"]
)
def test_rows_that_are_not_what_was_kept_are_computed_again(
    project: Path, params: Params, counted: list[str], spoil: Callable[[bytes], bytes]
) -> None:
    extraction.run("mfcc_sequence", params=params, root=project, processes=1)
    folder = feature_store.folder("mfcc_sequence", root=project)
    first, path = content(folder), folder / "values.npy"
    path.write_bytes(spoil(path.read_bytes()))
    counted.clear()
    extraction.run("mfcc_sequence", params=params, root=project, processes=1)
    assert 0 < len(counted) < 12 and "rock.00003" in counted
    assert content(folder) == first


def test_a_chunk_that_a_crash_cut_short_is_computed_again(
    project: Path, params: Params, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", no_links)
    extraction.run("mfcc_sequence", params=params, root=project, processes=1)
    first = content(feature_store.folder("mfcc_sequence", root=project))
    (path, *_) = cached(project).glob("*.npz")
    path.write_bytes(path.read_bytes()[:200])
    extraction.run("mfcc_sequence", params=params, root=project, processes=1)
    assert len(counted) > 12
    assert content(feature_store.folder("mfcc_sequence", root=project)) == first


def test_where_there_are_no_links_chunks_stay_as_files(
    project: Path, params: Params, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", no_links)
    extraction.run("mfcc_sequence", params=params, root=project, processes=1)
    shutil.rmtree(feature_store.folder("mfcc_sequence", root=project))
    extraction.run("mfcc_sequence", params=params, root=project, processes=1)
    assert len(counted) == 12


def no_links(*_: Any) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def test_a_file_that_changed_since_it_was_listed_is_named(project: Path, params: Params) -> None:
    soundfile.write(project.parent / "audio" / "blues" / "blues.00001.wav", tone(77, seconds=2.2), RATE)
    with pytest.raises(FeatureError, match=r"'blues.00001': .* has changed since it was listed"):
        extraction.run("mfcc_sequence", params=params, root=project, processes=1)
    assert not feature_store.folder("mfcc_sequence", root=project).exists()


def test_a_file_that_vanished_is_named(project: Path, params: Params) -> None:
    (project.parent / "audio" / "rock" / "rock.00002.wav").unlink()
    with pytest.raises(FeatureError, match=r"'rock.00002': .* cannot be read .*genre stage corpus audio"):
        extraction.run("mfcc_sequence", params=params, root=project, processes=1)


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
        compute.encoders_of(features.load("vgg16_embedding"), params=params)


def test_one_file_makes_several_features(project: Path, make_params: Callable[..., Params]) -> None:
    block = {"extractor": "mfcc_sequence", "reads": "data/corpus/audio.parquet", "unit": "segment"}
    features = {f"mfcc_{n}": block | {"options": {"coefficients": n}} for n in (5, 9)}
    params = make_params(features=features)
    for n in (5, 9):
        extraction.run(f"mfcc_{n}", params=params, root=project, processes=1)
        _, values, record = feature_store.read(f"mfcc_{n}", root=project)
        assert values.shape == (24, 44, n)
        assert record.feature == f"mfcc_{n}"


def test_augmented_views_lie_beside_the_rows_and_a_further_one_costs_no_other(
    project: Path, make_params: Callable[..., Params], counted: list[str]
) -> None:
    reads = {"reads": "data/corpus/audio.parquet", "unit": "segment"}

    def extract(*augment: dict) -> tuple[np.ndarray, np.ndarray | None]:
        params = make_params(features={"mel_sequence": reads | {"augment": list(augment)}})
        extraction.run("mel_sequence", params=params, root=project, processes=1)
        values = feature_store.read("mel_sequence", root=project)[1]
        return values, feature_store.augmented("mel_sequence", root=project)

    plain, none = extract()
    assert none is None
    louder = {"gain": 6.0}
    values, views = extract(louder, {"gain": [-6.0, 6.0], "draws": 2})
    np.testing.assert_array_equal(values, plain)
    assert views.shape == (3, *plain.shape)
    above = plain > plain.max(axis=(1, 2), keepdims=True) - 60
    np.testing.assert_allclose((views[0] - plain)[above], 6.0, atol=0.01)
    assert not np.array_equal(views[1], views[2])
    assert len(counted) == 4 * 12
    first = np.array(views[0])
    _, views = extract({"semitones": 1}, louder)
    assert len(counted) == 5 * 12
    np.testing.assert_array_equal(views[1], first)
    # What serves a song computes it as it is.
    params = make_params(features={"mel_sequence": reads | {"augment": [louder]}})
    y, rate = audio.decode(project.parent / "audio" / "jazz" / "jazz.00002.wav")
    computed, _ = compute.compute("mel_sequence", y, rate, params=params)
    index = feature_store.read("mel_sequence", root=project)[0]
    np.testing.assert_array_equal(computed, plain[(index["track"] == "jazz.00002").to_numpy()])


def test_every_source_of_the_form_is_extracted_from_its_own_folder(
    project: Path, make_params: Callable[..., Params]
) -> None:
    clip = tone(50, seconds=0.7)
    for genre in ("blues", "folk"):
        (project.parent / "clips" / genre).mkdir(parents=True)
        soundfile.write(project.parent / "clips" / genre / "clip.wav", clip, RATE)
    document = make_params().model_dump(mode="json")
    document["corpus"]["sources"]["clips"] = {"path": "clips", "form": "audio"}
    document["features"]["mfcc_sequence"]["reads"] = "data/corpus"
    params = Params.model_validate(document)
    for source in ("audio", "clips"):
        corpus.run(source, params=params, root=project)
    index = extraction.run("mfcc_sequence", params=params, root=project, processes=1)
    assert index.groupby("track").size().value_counts().to_dict() == {2: 12, 1: 2}
    assert set(index["genre"]) == {"blues", "folk", "jazz", "rock"}
    values = np.array(feature_store.read("mfcc_sequence", root=project)[1])
    # Extraction and serving repeat a part of a segment alike.
    y, rate = audio.decode(project.parent / "clips" / "folk" / "clip.wav")
    served, _ = compute.compute("mfcc_sequence", y, rate, params=params)
    np.testing.assert_array_equal(values[(index["track"] == "folk/clip").to_numpy()], served)
    (project.parent / "clips" / "folk" / "clip.wav").write_bytes(b"")
    shutil.rmtree(cached(project))
    with pytest.raises(FeatureError, match="genre stage corpus clips"):
        extraction.run("mfcc_sequence", params=params, root=project, processes=1)
