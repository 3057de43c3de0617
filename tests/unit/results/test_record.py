"""Training records: the file keeps all of it, and each derived mark has one meaning."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from components.config import presets
from components.config.params import parse
from components.core.errors import TrainingError
from components.results.record import (
    ARTISTS_ON_BOTH_SIDES,
    ARTISTS_UNKNOWN,
    COMPOSED,
    LEAKY,
    UNTRAINED,
    BestTrial,
    TrainingRecord,
    read,
    read_file,
)
from tests.support.records import ENCODER, FEATURE, ensemble_record, training_record

REFIT = {"rule": "best epoch", "epochs": 2, "rows": 9, "history": {"epoch": [1, 2], "loss": [0.5, 0.25]}}


def own_songs(**changes: object) -> TrainingRecord:
    return training_record(params=parse(presets.compose("gtzan-mini")), **changes)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    record = training_record(refit=REFIT, hyperparameters={"a": True, "b": 1, "c": 1.0, "d": "relu"})
    record.write(tmp_path / "training.json")
    again = TrainingRecord.read(tmp_path)
    assert again == record
    assert [type(value) for value in again.hyperparameters.values()] == [bool, int, float, str]
    best = BestTrial(trial="007", score=0.5, hyperparameters={"units_1": 32})
    best.write(tmp_path / "best.json")
    assert BestTrial.read(tmp_path) == best


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"model": 3}'])
def test_a_damaged_file_is_one_line_that_names_it_and_the_stage(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "mlp"
    folder.mkdir()
    for kind, name, stage in ((TrainingRecord, "training.json", "train"), (BestTrial, "best.json", "tune")):
        with pytest.raises(TrainingError) as missing:
            kind.read(folder)
        (folder / name).write_bytes(content)
        with pytest.raises(TrainingError) as damaged:
            kind.read(folder)
        for error in (missing, damaged):
            line = str(error.value)
            assert str(folder / name) in line and f"dvc repro {stage}@mlp" in line and "\n" not in line


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    document = training_record().model_dump(mode="json") | {"leaky": False}
    (tmp_path / "training.json").write_text(json.dumps(document))
    with pytest.raises(TrainingError, match="leaky"):
        TrainingRecord.read(tmp_path)


def test_marks_are_derived_once() -> None:
    untrained = FEATURE | {"pretrained": [ENCODER, ENCODER | {"trained": False}]}
    assert training_record(feature=untrained, protocol="segment").marks == [UNTRAINED, LEAKY, COMPOSED]
    assert own_songs(feature=FEATURE | {"pretrained": [ENCODER]}, artists="apart").marks == []


def test_artists_are_a_mark_of_real_music() -> None:
    assert own_songs(artists="apart").marks == []
    assert own_songs(artists="unknown").marks == [ARTISTS_UNKNOWN]
    assert own_songs(artists="on both sides").marks == [ARTISTS_ON_BOTH_SIDES]
    assert training_record(artists="unknown").marks == [COMPOSED]


def test_the_parts_fitted_on() -> None:
    assert training_record().fitted_on == "train"
    assert training_record(refit=REFIT).fitted_on == "train and validation"


def test_an_ensemble_offers_what_a_network_does(tmp_path: Path) -> None:
    other = FEATURE | {"feature": "yamnet_embedding", "pretrained": [ENCODER | {"trained": False}]}
    one = training_record(model="mlp", refit=REFIT)
    two, three = (training_record(model=name, feature=other) for name in ("yamnet", "yamnet_lstm"))
    record = ensemble_record((0.5, one), (0.2, two), (0.3, three))
    assert [feature.feature for feature in record.features] == ["mfcc_summary", "yamnet_embedding"]
    assert [encoder.encoder for encoder in record.encoders] == ["yamnet"]
    assert UNTRAINED in record.marks and UNTRAINED not in one.marks
    assert record.fitted_on == "train and validation"
    assert record.about == "weighted mean: 0.50 mlp, 0.30 yamnet_lstm, 0.20 yamnet"
    record.write(tmp_path / "training.json")
    assert read_file(tmp_path / "training.json", remedy="") == record
    one.write(tmp_path / "training.json")
    assert read_file(tmp_path / "training.json", remedy="") == one


def test_a_damaged_record_of_either_kind_is_one_line_with_its_remedy(tmp_path: Path) -> None:
    for content in (b"[]", b"{", b'{"model": "ensemble", "members": []}'):
        (tmp_path / "training.json").write_bytes(content)
        with pytest.raises(TrainingError, match=r"training\.json is damaged.*log it again"):
            read_file(tmp_path / "training.json", remedy="log it again")


def test_a_missing_ensemble_names_its_stage(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"ensemble/training\.json is missing; run `dvc repro ensemble`"):
        read("ensemble", root=tmp_path)
