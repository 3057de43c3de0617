"""The stage ``ensemble``: weights from validation songs alone, files as a model's, and members that do not fit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from components.config.params import EnsembleParams, Params
from components.core.errors import TrainingError
from components.evaluation import aggregation
from components.results import record as records
from components.results.record import UNTRAINED, EnsembleRecord, TrainingRecord
from components.stages import ensemble
from tests.support import finished_project

MODELS = ("mlp", "vgg16", "yamnet")
MEMBERS = ("mlp", "yamnet")


def params(*members: str, **changes: object) -> Params:
    chosen = EnsembleParams(members=list(members), **changes)
    return finished_project.params(models=MODELS).model_copy(update={"ensemble": chosen})


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three made-up models, one with an untrained encoder."""
    root = tmp_path_factory.mktemp("finished") / "data"
    return finished_project.build(root, models=MODELS, untrained=("vgg16",), trials=0)


@pytest.fixture
def root(finished: Path, tmp_path: Path) -> Path:
    """A copy to write to."""
    shutil.copytree(finished, tmp_path / "data")
    return tmp_path / "data"


def run(root: Path, chosen: Params) -> tuple[dict[str, float], EnsembleRecord, pd.DataFrame]:
    metrics = ensemble.run(params=chosen, root=root)
    folder = root / "ensemble"
    return metrics, EnsembleRecord.read(folder), pd.read_parquet(folder / "predictions.parquet")


def change(root: Path, model: str, **changes: object) -> None:
    folder = root / "models" / model
    TrainingRecord.read(folder).model_copy(update=changes).write(folder / "training.json")


def test_it_leaves_the_files_of_a_model_one_row_a_song(root: Path) -> None:
    metrics, record, predictions = run(root, params(*MEMBERS))
    assert {path.name for path in (root / "ensemble").iterdir()} == set(EnsembleRecord.FILES)
    assert json.loads((root / "ensemble/metrics.json").read_text()) == metrics
    member = aggregation.songs(pd.read_parquet(root / "models/mlp/predictions.parquet"))
    pd.testing.assert_frame_equal(predictions[["part", "track"]], member[["part", "track"]])
    assert [one.record.model for one in record.members] == list(MEMBERS)
    assert sum(one.weight for one in record.members) == pytest.approx(1.0)
    assert records.read("ensemble", root=root) == record
    assert records.read_file(root / "ensemble/training.json", remedy="") == record


def test_probabilities_are_the_calibrated_weighted_mean_of_the_members(root: Path) -> None:
    _, record, predictions = run(root, params(*MEMBERS, calibrate=False))
    mean = sum(
        one.weight
        * aggregation.probabilities(
            aggregation.songs(pd.read_parquet(root / "models" / one.record.model / "predictions.parquet")),
            genres=record.genres,
        )
        for one in record.members
    )
    np.testing.assert_allclose(aggregation.probabilities(predictions, genres=record.genres), mean)
    assert record.temperature == 1.0
    _, scaled, after = run(root, params(*MEMBERS))
    assert scaled.temperature != 1.0
    assert aggregation.probabilities(after, genres=record.genres) == pytest.approx(
        mean ** (1 / scaled.temperature) / (mean ** (1 / scaled.temperature)).sum(axis=1, keepdims=True)
    )


def test_test_songs_choose_nothing(root: Path) -> None:
    _, before, _ = run(root, params(*MEMBERS))
    path = root / "models/mlp/predictions.parquet"
    table = pd.read_parquet(path)
    columns = [column for column in table if column.startswith(aggregation.PREFIX)]
    test = (table["part"] == "test").to_numpy()
    table.loc[test, columns] = table.loc[test, columns].to_numpy()[:, ::-1]
    table.to_parquet(path)
    _, after, _ = run(root, params(*MEMBERS))
    assert [one.weight for one in after.members] == [one.weight for one in before.members]
    assert after.calibration == before.calibration


def test_more_shrinkage_draws_to_equal_weights(root: Path) -> None:
    shares = [
        max(one.weight for one in run(root, params(*MEMBERS, shrinkage=shrinkage))[1].members)
        for shrinkage in (0.0, 50.0, 1e6)
    ]
    assert shares[0] > shares[1] > shares[2] == pytest.approx(0.5, abs=1e-3)


def test_a_member_s_mark_is_the_ensemble_s(root: Path) -> None:
    assert UNTRAINED in run(root, params("mlp", "vgg16"))[1].marks
    assert UNTRAINED not in run(root, params(*MEMBERS))[1].marks


def test_without_members_there_is_a_record_that_says_so(root: Path) -> None:
    run(root, params(*MEMBERS))
    assert ensemble.run(params=params(), root=root) == {}
    assert [path.name for path in (root / "ensemble").iterdir()] == ["training.json"]
    assert json.loads((root / "ensemble/training.json").read_text()) == {"model": "ensemble", "members": []}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"fingerprint": "a" * 64}, "yamnet was trained on split aaaaaaaaaaaa.*train@yamnet"),
        ({"genres": ["blues", "jazz"]}, "yamnet knows genres blues, jazz"),
    ],
)
def test_a_member_that_does_not_fit_is_named(root: Path, changes: dict[str, object], reason: str) -> None:
    change(root, "yamnet", **changes)
    with pytest.raises(TrainingError, match=reason):
        ensemble.run(params=params(*MEMBERS), root=root)


def test_a_feature_of_two_meanings_is_refused(root: Path) -> None:
    other = TrainingRecord.read(root / "models/mlp").feature
    change(root, "yamnet", feature=other.model_copy(update={"options": {"hop_length": 1}}))
    with pytest.raises(TrainingError, match="mfcc_summary of yamnet is not that of mlp"):
        ensemble.run(params=params(*MEMBERS), root=root)


def test_a_song_that_one_member_lacks_is_named(root: Path) -> None:
    path = root / "models/yamnet/predictions.parquet"
    table = pd.read_parquet(path)
    track = table.loc[table["part"] == "test", "track"].iloc[0]
    table[table["track"] != track].to_parquet(path)
    with pytest.raises(TrainingError, match=f"only one of mlp and yamnet, test song '{track}'"):
        ensemble.run(params=params(*MEMBERS), root=root)


def test_a_member_that_was_not_trained_is_named(root: Path) -> None:
    (root / "models/yamnet/training.json").unlink()
    with pytest.raises(TrainingError, match="train@yamnet"):
        ensemble.run(params=params(*MEMBERS), root=root)
