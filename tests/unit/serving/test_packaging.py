"""Packaging: what travels with a served model, and what does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from components.config import presets
from components.config.params import UnsureParams, parse
from components.core.errors import PretrainedError
from components.features.encoders import yamnet
from components.features.pipeline import store as feature_store
from components.results import record as records
from components.results.record import TrainingRecord
from components.serving import genre_model, litert, packaging
from components.serving.prediction import Prediction, Segment
from tests.support.records import ENCODER, FEATURE, training_record


def record(model: str, *, encoder: str | None = None) -> TrainingRecord:
    """Return a record of one of the demo's models."""
    params = parse(presets.compose("demo"))
    feature = FEATURE | {"feature": params.model(model).feature}
    feature["pretrained"] = [ENCODER | {"encoder": encoder}] if encoder else []
    return training_record(model=model, params=params, feature=feature)


@pytest.mark.parametrize(
    ("model", "encoder", "carried", "left"),
    [
        ("mlp", None, {"mfcc_summary"}, {"mfcc_sequence", "mel_image", "yamnet_embedding", "encoders.vgg16"}),
        ("vgg16", "vgg16", {"vgg16_embedding", "mel_image", "encoders.vgg16"}, {"encoders.yamnet"}),
        ("yamnet", "yamnet", {"yamnet_embedding", "encoders.yamnet"}, {"encoders.vgg16", "mfcc_summary"}),
    ],
)
def test_a_model_carries_its_own_feature_and_encoder(
    model: str, encoder: str | None, carried: set[str], left: set[str]
) -> None:
    found = packaging.modules(record(model, encoder=encoder))
    assert {f"components.features.{name}" for name in carried} <= found
    assert not {f"components.features.{name}" for name in left} & found


def test_rooms_that_serve_nothing_stay_at_home(tmp_path: Path) -> None:
    package = packaging.copy_code(tmp_path, record=record("vgg16", encoder="vgg16"))
    files = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()}
    assert {"__init__.py", "serving/pyfunc_entrypoint.py", "serving/pyfunc_model.py"} <= files
    rooms = {path.partition("/")[0] for path in files}
    assert rooms == {
        "__init__.py",
        "config",
        "core",
        "corpus",
        "evaluation",
        "features",
        "results",
        "serving",
        "splits",
    }
    for room in ("training", "corpus", "config", "serving"):
        assert not {f"{room}/{name}.py" for name in ("fit", "search", "download", "presets", "load")} & files
    assert len(files) < 72
    assert {Path(path).suffix for path in files} == {".py"}


def test_requirements_are_pinned_and_those_of_the_encoder_come_with_it() -> None:
    plain = packaging.requirements(record("mlp"))
    assert all("==" in line for line in plain)
    added = set(packaging.requirements(record("yamnet", encoder="yamnet"))) - set(plain)
    assert {line.partition("==")[0] for line in added} >= {"tensorflow-hub"}


def test_weights_that_are_gone_are_named(tmp_path: Path) -> None:
    with pytest.raises(PretrainedError, match=r"model\.keras"):
        packaging.artifacts(record("mlp"), temporary=tmp_path, root=tmp_path)


def test_weights_of_each_trained_encoder_travel(tmp_path: Path) -> None:
    model = tmp_path / "models" / "mlp"
    model.mkdir(parents=True)
    weights = {"vgg16": str(tmp_path / "vgg16.h5"), "yamnet": str(tmp_path / "yamnet")}
    for path in (
        model / "model.keras",
        model / "training.json",
        model / "songs.parquet",
        tmp_path / "reference.parquet",
        tmp_path / "certainty.npz",
        tmp_path / "vgg16.h5",
    ):
        path.touch()
    (tmp_path / "yamnet").mkdir()
    params = parse(presets.compose("demo")).model_copy(update={"pretrained": weights})
    claims = [ENCODER | {"encoder": "vgg16"}, ENCODER]
    made = training_record(params=params, feature=FEATURE | {"pretrained": claims})
    found = packaging.artifacts(made, temporary=tmp_path, root=tmp_path)
    assert {name: found[name] for name in found if name.startswith("encoder")} == {
        "encoder_vgg16": weights["vgg16"],
        "encoder_yamnet": weights["yamnet"],
    }
    one = training_record(
        params=params, feature=FEATURE | {"pretrained": [claims[0], ENCODER | {"trained": False}]}
    )
    assert packaging.carried(one) == ["vgg16"]


@pytest.mark.parametrize("reason", ["", "it cannot be converted: ValueError"])
def test_networks_are_exported_all_or_none(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    compared = []

    def export(_network: object, *, rows: np.ndarray, to: Path) -> str:
        compared.append(rows)
        return reason

    monkeypatch.setattr(litert, "export", export)
    made = records.read("mlp", root=trained)
    index, values, _ = feature_store.read("mfcc_summary", root=trained)
    files, runtime = packaging.exports(
        made, tables={"mfcc_summary": (index, values)}, temporary=tmp_path, root=trained
    )
    fitted = values[index["track"].isin(made.train_tracks).to_numpy()]
    assert len(compared[0]) == min(len(fitted), packaging.COMPARED)
    assert {row.tobytes() for row in compared[0]} <= {row.tobytes() for row in fitted}
    if reason:
        assert (files, runtime) == ({}, f"Keras, since the export of mlp is not packaged: {reason}")
    else:
        assert (files, runtime) == ({"litert_mlp": str(tmp_path / "mlp.tflite")}, "LiteRT")


class TestExportedEncoders:
    """The predictions of the model by each kind of encoder are made up."""

    def runtime(self, *names: str, moved: float, monkeypatch: pytest.MonkeyPatch, folder: Path) -> tuple:
        made = record("yamnet")
        claims = [ENCODER | {"encoder": name, "trained": False} for name in names]
        made = training_record(model="yamnet", params=made.params, feature=FEATURE | {"pretrained": claims})
        song, other = (
            Prediction("blues", probabilities={"blues": share}, timeline=[Segment(0.0, "blues", 0.5)])
            for share in (0.25, 0.25 + moved)
        )
        monkeypatch.setattr(yamnet, "export", lambda value, *, options, to: None)
        monkeypatch.setattr(genre_model, "loaded_network", lambda *_, **__: None)
        monkeypatch.setattr(packaging, "_songs", lambda *_, **__: [b""])
        monkeypatch.setattr(
            genre_model.GenreModel,
            "predict_songs",
            lambda self, _: [song if self.params.pretrained["yamnet"] == "untrained" else other],
        )
        return packaging._export_encoders(made, files={}, temporary=folder, root=folder)

    def test_one_that_moves_no_probability_is_packaged(self, tmp_path, monkeypatch):
        files, runtime = self.runtime("yamnet", moved=1e-6, monkeypatch=monkeypatch, folder=tmp_path)
        assert (list(files), runtime) == (["litert_encoder_yamnet"], "LiteRT")

    def test_one_that_moves_some_is_not(self, tmp_path, monkeypatch):
        files, runtime = self.runtime("yamnet", moved=1e-4, monkeypatch=monkeypatch, folder=tmp_path)
        assert not files and "not packaged" in runtime and "1.0e-04" in runtime

    def test_beside_one_that_needs_tensorflow_it_saves_nothing(self, tmp_path, monkeypatch):
        files, runtime = self.runtime("yamnet", "vgg16", moved=0.0, monkeypatch=monkeypatch, folder=tmp_path)
        assert (files, runtime) == ({}, "LiteRT; TensorFlow for vgg16, which has no export")


@pytest.mark.parametrize(("segments", "lengths"), [(1, []), (4, [1, 2])])
def test_validation_songs_and_their_stretches_set_what_counts_as_like_the_training(
    segments: int, lengths: list[int], tmp_path: Path
) -> None:
    tracks = [f"{genre}/{number}" for genre in ("blues", "jazz", "rock") for number in range(4)]
    train, validation = tracks[:8], tracks[8:]
    index = pd.DataFrame({"track": np.repeat(tracks, segments)})
    values = np.random.default_rng(0).normal(size=(len(index), 5)).astype(np.float32)
    rows = index[index["track"].isin(validation)].assign(
        part="validation", genre="rock", predicted="rock", segment=0
    )
    shares = {
        f"probability.{genre}": share
        for genre, share in zip(["blues", "jazz", "rock"], (0.1, 0.2, 0.7), strict=True)
    }
    folder = tmp_path / "models" / "mlp"
    folder.mkdir(parents=True)
    rows.assign(artist="", headline=True, **shares).to_parquet(folder / "predictions.parquet")

    made = training_record(train_tracks=train, validation_tracks=validation)
    found = packaging.certainty(made, tables=[(index, values)], root=tmp_path)
    assert (len(found.songs), len(found.distance), found.whole) == (8, 4, segments)
    assert sorted(set(found.stretches.tolist())) == lengths
    assert found.distance.min() > 0 and len(found.stretch_distance) == len(found.stretches)
    assert [*found.limits(UnsureParams()).by_segments] == [segments, *reversed(lengths)]
