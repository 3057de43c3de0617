"""The study's experiments with real fits: by the workflow's own split and training, the same each time."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from components.parallel import cluster
from components.study import fits, page, plan, results
from components.study.plan import DATA
from tests.support.dask_cluster import dask_cluster
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


def test_on_a_cluster_the_folds_give_the_same_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cluster.VARIABLE, raising=False)
    made = {"toy": workspace.experiment(folds=3), "shuffled": workspace.experiment(shuffled=True, folds=2)}
    workspace.build(tmp_path, experiments=made)
    names = [(name, file) for name in made for file in FILES - {"costs.json"}]

    def written() -> list[bytes]:
        for name in made:
            fits.run(name, root=tmp_path)
        return [(tmp_path / DATA / "experiments" / name / file).read_bytes() for name, file in names]

    here = written()
    with dask_cluster(tmp_path / "dask") as dask:
        for _ in range(2):
            dask.worker()
        monkeypatch.setenv(cluster.VARIABLE, dask.address)
        assert written() == here


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


def test_an_unchanged_study_gives_the_same_files_byte_for_byte(tmp_path: Path) -> None:
    workspace.build(tmp_path, experiments={"mlp": workspace.experiment(group="model", findings=[1])})
    fits.run("mlp", root=tmp_path)
    names = ("index.html", "results.json", "results.csv")
    written = []
    for _ in range(2):
        page.run(root=tmp_path)
        written.append([(tmp_path / DATA / name).read_bytes() for name in names])
    assert written[0] == written[1]
    rows = pd.read_csv(tmp_path / DATA / "results.csv")
    assert rows[rows["experiment"] == "mlp"]["protocol"].to_list() == ["track"]
    assert rows[rows["experiment"] == "lstm"]["reason"].to_list() == [results.NOT_YET]
