"""Fits: by the workflow's own split and training, the same each time, and a failure is a result."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from components.config import presets
from components.config.params import parse
from components.core.errors import LeakError, ParamsError, TrainingError
from components.splits import folds
from components.stages import train
from components.study import fits, plan, results
from components.study.plan import DATA
from tests.unit.study import workspace

FILES = {"result.json", "costs.json", "predictions.parquet", "history.parquet"}


def outcome(root: Path, name: str) -> results.Outcome:
    return results.read_one(name, plan=plan.read(root), root=root)


def test_k_folds_test_each_song_once_by_a_fit_that_has_not_seen_it(tmp_path: Path) -> None:
    workspace.build(tmp_path, experiments={"toy": workspace.experiment(folds=3)})
    made = fits.run("toy", root=tmp_path)
    folder = tmp_path / DATA / "experiments" / "toy"
    assert {path.name for path in folder.iterdir()} == FILES
    assert [fit.fold for fit in made] == [0, 1, 2]
    tested = pd.read_parquet(folder / "predictions.parquet").query("part == 'test'")
    assert (tested.groupby("track")["fold"].nunique() == 1).all()
    figures = outcome(tmp_path, "toy").figures
    assert set(figures) == {"track", "kfold"}
    assert (figures["track"].fits, figures["kfold"].fits) == (1, 3)
    assert figures["kfold"].songs == tested["track"].nunique()
    whole = figures["kfold"]
    assert whole.segment_accuracy_low <= whole.segment_accuracy <= whole.segment_accuracy_high


def test_the_same_plan_gives_the_same_result_and_only_costs_differ(tmp_path: Path) -> None:
    workspace.build(tmp_path, experiments={"toy": workspace.experiment(protocols=["segment", "track"])})
    folder = tmp_path / DATA / "experiments" / "toy"
    kept = []
    for _ in range(2):
        fits.run("toy", root=tmp_path)
        kept.append({name: (folder / name).read_bytes() for name in FILES - {"costs.json"}})
    assert kept[0] == kept[1]
    (first, _) = json.loads((folder / "costs.json").read_text())
    assert first["cost"].keys() == {"seconds", "peak_memory_mib", "file_bytes", "gpu"}


@pytest.mark.slow
def test_shuffled_labels_give_chance_and_a_model_that_saw_its_test_does_not(tmp_path: Path) -> None:
    long = {"training": {"epochs": 30, "patience": 30}}
    workspace.build(
        tmp_path,
        spread=2.0,
        experiments={
            "shuffled": workspace.experiment(shuffled=True, folds=3, **long),
            "contaminated": workspace.experiment(contaminated=True, **long),
        },
    )
    fits.run("shuffled", root=tmp_path)
    fits.run("contaminated", root=tmp_path)
    control = outcome(tmp_path, "shuffled").figures["kfold"]
    # Guessing among three genres, and 36 songs.
    assert control.song_accuracy_low < 1 / 3 < control.song_accuracy_high
    assert outcome(tmp_path, "contaminated").figures["track"].segment_accuracy > 0.97


def test_a_fit_that_fails_is_a_result_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.build(tmp_path, experiments={"toy": workspace.experiment(folds=2)})
    honest = train.run

    def run(name: str, *, params: object, root: Path) -> dict[str, float]:
        if params.split.fold == 0:  # type: ignore[attr-defined]
            raise TrainingError("the loss became nan in epoch 1")
        return honest(name, params=params, root=root)  # type: ignore[arg-type]

    monkeypatch.setattr(train, "run", run)
    fits.run("toy", root=tmp_path)
    found = outcome(tmp_path, "toy")
    assert found.failures == ["the loss became nan in epoch 1"]
    assert found.figures == {}  # one fold of two is not k folds, and the first has no figure


def test_a_leak_stops_the_experiment_and_leaves_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.build(tmp_path, experiments={"toy": workspace.experiment()})
    honest = folds.make

    def torn(*given: object, **named: object) -> pd.DataFrame:
        table = honest(*given, **named)  # type: ignore[arg-type]
        row = table.index[(table["unit"] == "segment") & (table["part"] == "test")][0]
        table.loc[row, "part"] = "train"
        return table

    monkeypatch.setattr(folds, "make", torn)
    with pytest.raises(LeakError, match="on two sides of the split"):
        fits.run("toy", root=tmp_path)
    assert not (tmp_path / DATA / "experiments" / "toy").exists()


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    changed = {"units_9": 3}
    workspace.build(tmp_path, experiments={"toy": workspace.experiment(set=changed)})
    with pytest.raises(ParamsError, match=r"'toys'.*valid: toy"):
        fits.run("toys", root=tmp_path)
    with pytest.raises(ParamsError, match=r"mlp .*units_9; valid: .*units_1"):
        fits.run("toy", root=tmp_path)


def test_each_fold_is_a_run_and_each_seed_where_the_parts_are_given() -> None:
    experiment = workspace.experiment(protocols=["segment", "track", "fault_filtered"], folds=2, seeds=3)
    params = parse(presets.compose("gtzan"))
    listed = fits.runs(experiment, params=params, lists="lists", artists=None)
    seed = params.seed
    assert [(one.split.protocol, one.split.fold, one.seed) for one in listed] == [
        ("segment", 0, seed),
        ("segment", 1, seed),
        ("track", 0, seed),
        ("track", 1, seed),
        ("fault_filtered", 0, seed),
        ("fault_filtered", 0, seed + 1),
        ("fault_filtered", 0, seed + 2),
    ]


def test_artists_are_kept_whole_where_songs_are() -> None:
    params = parse(presets.compose("gtzan"))
    experiment = workspace.experiment(protocols=["segment", "track", "fault_filtered"])
    for artists, known in (("artists.txt", {"artists": "artists.txt"}), (None, {})):
        listed = fits.runs(experiment, params=params, lists="lists", artists=artists)
        assert [one.corpus.published for one in listed] == [{}, known, {"lists": "lists"}]
