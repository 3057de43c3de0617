"""Experiments: by the workflow's own split and training, the same each time, and honest about what fails."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from components.core.errors import LeakError, ParamsError, TrainingError
from components.splits import folds
from components.stages import train
from components.study import fits, results
from components.study.materials import DATA
from tests.unit.study import workspace

FILES = {"result.json", "costs.json", "predictions.parquet", "history.parquet"}


def outcome(root: Path, name: str) -> results.Outcome:
    return results._read(name, folder=root / DATA / "experiments" / name, root=root, seed=20)


def test_k_folds_test_each_song_once_by_a_fit_that_never_heard_it(tmp_path: Path) -> None:
    workspace.build(tmp_path, experiments={"toy": workspace.experiment(folds=3)})
    result = fits.run("toy", root=tmp_path)
    folder = tmp_path / DATA / "experiments" / "toy"
    assert {path.name for path in folder.iterdir()} == FILES
    assert [fit["fold"] for fit in result["fits"]] == [0, 1, 2]
    tested = pd.read_parquet(folder / "predictions.parquet").query("part == 'test'")
    assert (tested.groupby("track")["fold"].nunique() == 1).all()
    figures = outcome(tmp_path, "toy").figures
    assert set(figures) == {"track", "kfold"}
    assert (figures["track"].fits, figures["kfold"].fits) == (1, 3)
    assert figures["kfold"].songs == tested["track"].nunique()
    assert figures["kfold"].segments_low <= figures["kfold"].segments <= figures["kfold"].segments_high


def test_the_same_plan_gives_the_same_result_and_only_costs_differ(tmp_path: Path) -> None:
    workspace.build(tmp_path, experiments={"toy": workspace.experiment(protocols=["segment", "track"])})
    folder = tmp_path / DATA / "experiments" / "toy"
    kept = []
    for _ in range(2):
        fits.run("toy", root=tmp_path)
        kept.append({name: (folder / name).read_bytes() for name in FILES - {"costs.json"}})
    assert kept[0] == kept[1]
    assert {"seconds", "peak_memory_mib", "file_bytes"} <= json.loads((folder / "costs.json").read_text())[
        0
    ].keys()


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
    assert control.voted_low < 1 / 3 < control.voted_high
    assert outcome(tmp_path, "contaminated").figures["track"].segments > 0.97


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
    assert found.figures == {}  # one fold of two says nothing of k folds, and the first has no figure


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
    with pytest.raises(ParamsError, match="experiment 'toys' is not in the plan; valid: toy"):
        fits.run("toys", root=tmp_path)
    with pytest.raises(ParamsError, match="mlp has no hyperparameter units_9; valid: "):
        fits.run("toy", root=tmp_path)
