"""Fits: every split and seed of an experiment, and failures and leaks; real fits are in tests/integration."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from components.config import presets
from components.config.params import Params, parse
from components.core.errors import LeakError, ParamsError, TrainingError
from components.splits import folds
from components.stages import train
from components.study import fits, plan, results
from components.study.plan import DATA
from tests.unit.study import workspace


def test_a_fit_that_fails_is_a_result_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.build(tmp_path, experiments={"toy": workspace.experiment(folds=2)})

    def fail(name: str, *, params: Params, root: Path) -> None:
        raise TrainingError(f"the loss became nan in fold {params.split.fold}")

    monkeypatch.setattr(train, "run", fail)
    made = fits.run("toy", root=tmp_path)
    assert [fit.failed for fit in made] == ["the loss became nan in fold 0", "the loss became nan in fold 1"]
    found = results.read_one("toy", plan=plan.read(tmp_path), root=tmp_path)
    assert found.failures == [fit.failed for fit in made]
    assert found.figures == {}
    assert found.cost == {}


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
    experiment = workspace.experiment(
        protocols=["segment", "track", "artist", "fault_filtered"], folds=2, seeds=3
    )
    params = parse(presets.compose("gtzan"))
    listed = fits.runs(experiment, params=params, lists="lists", artists=None)
    seed = params.seed
    assert [(one.split.protocol, one.split.fold, one.seed) for one in listed] == [
        ("segment", 0, seed),
        ("segment", 1, seed),
        ("track", 0, seed),
        ("track", 1, seed),
        ("artist", 0, seed),
        ("artist", 1, seed),
        ("fault_filtered", 0, seed),
        ("fault_filtered", 0, seed + 1),
        ("fault_filtered", 0, seed + 2),
    ]


def test_songs_beside_a_source_are_taken_with_artists_apart_alone() -> None:
    params = parse(presets.compose("gtzan"))
    sources = {name: params.corpus.sources["audio"] for name in ("audio", "clips")}
    params = params.model_copy(update={"corpus": params.corpus.model_copy(update={"sources": sources})})
    experiment = workspace.experiment(protocols=["segment", "track", "artist"], beside=["clips"])
    listed = fits.runs(experiment, params=params, lists=None, artists="artists.txt")
    assert [list(one.corpus.sources) for one in listed] == [["audio"], ["audio"], ["audio", "clips"]]


def test_artists_where_they_are_known_are_there_under_every_protocol() -> None:
    params = parse(presets.compose("gtzan"))
    experiment = workspace.experiment(protocols=["segment", "track", "artist", "fault_filtered"], folds=1)
    known = {"artists": "artists.txt"}
    listed = fits.runs(experiment, params=params, lists="lists", artists="artists.txt")
    assert [one.corpus.published for one in listed] == [known, known, known, {"lists": "lists", **known}]
    songs = workspace.experiment(protocols=["segment", "track"], folds=1)
    assert [one.corpus.published for one in fits.runs(songs, params=params, lists=None, artists=None)] == [
        {},
        {},
    ]
