"""The comparison: only like is compared with like, validation chooses, and equal models are called equal."""

from __future__ import annotations

import json
import shutil
from functools import reduce
from operator import getitem
from pathlib import Path

import pandas as pd
import pytest

from components.core.errors import ComparisonError, CorpusError, LeakError
from components.reporting import inputs
from components.reporting.limits import LIMITS
from components.results.record import ARTISTS_UNKNOWN
from components.stages import compare
from tests.support import finished_project


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """Two models, not yet compared, to be copied."""
    root = tmp_path_factory.mktemp("two") / "data"
    return finished_project.build(root, models=("mlp", "yamnet"), genres=("a", "b", "c"), trials=0)


@pytest.fixture
def two(finished, tmp_path) -> Path:
    """Two models, not yet compared."""
    return shutil.copytree(finished, tmp_path / "data")


def run_two(root: Path, **changed) -> dict:
    return compare.run(params=finished_project.params(models=("mlp", "yamnet"), **changed), root=root)


def compare_two(root: Path, **changed) -> dict:
    """The comparison alone, without writing the report."""
    params = finished_project.params(models=("mlp", "yamnet"), **changed)
    return compare.compare(inputs.read(params=params, root=root), params=params)


def edit(path: Path, **changed) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))


def test_all_files_are_written_and_agree(five_models):
    root, result = five_models
    assert sorted(path.name for path in (root / "report").iterdir()) == [
        "comparison.csv",
        "comparison.json",
        "confusion.csv",
        "index.html",
        "learning.csv",
        "metrics",
    ]
    assert json.loads((root / "report" / "comparison.json").read_text()) == result.model_dump(mode="json")
    rows = pd.read_csv(root / "report" / "comparison.csv").set_index("model")
    assert list(rows.index) == result.ranking
    for name, row in result.models.items():
        assert rows.loc[name, "test.song_accuracy"] == pytest.approx(row.test["song_accuracy"])
        assert rows.loc[name, "test_songs_low"] == pytest.approx(row.test_songs_interval[0])


def test_the_best_is_the_best_on_validation_songs_and_comes_first(five_models):
    _, result = five_models
    scores = {name: row.validation_songs for name, row in result.models.items()}
    assert result.best == result.ranking[0]
    assert scores[result.best] == max(scores.values())


def test_the_test_part_never_chooses(two):
    before = compare_two(two)
    folder = two / "models" / before.best
    table = pd.read_parquet(folder / "predictions.parquet")
    test = table["part"] == "test"
    # The best now names every test song wrong; what it said of validation is as it was.
    table.loc[test, "predicted"] = table.loc[test, "genre"].map({"a": "b", "b": "c", "c": "a"})
    for genre in ("a", "b", "c"):
        table.loc[test, f"probability.{genre}"] = (table.loc[test, "predicted"] == genre).astype(float)
    table.to_parquet(folder / "predictions.parquet")
    (folder / "metrics.json").write_text("{}")
    after = compare_two(two)
    assert after.models[before.best].test_songs == 0.0
    assert after.best == before.best


def test_headlines_rank_and_tell_apart_where_they_leave_songs_out(two):
    for name in ("mlp", "yamnet"):
        path = two / "models" / name / "predictions.parquet"
        table = pd.read_parquet(path)
        table["artist"] = "artist of " + table["track"]
        # Genre c is artist-confounded.
        table["headline"] = table["genre"] != "c"
        table.to_parquet(path)
    edit(two / "splits" / "split.json", artists="apart", confounded=["c"])
    found = compare_two(two)
    assert found.headline_genres == ["a", "b"]
    assert found.partial and 0 < found.headline_songs < found.songs
    assert {pair.songs for pair in found.pairs} == {found.headline_songs}
    for row in found.models.values():
        assert row.validation_songs == row.validation["headline_accuracy"]
        assert row.headline == row.test["headline_accuracy"] and row.headline_interval
    assert "artist-confounded" in found.scope()


def test_confusion_has_one_row_a_model_and_test_song(five_models):
    root, result = five_models
    table = pd.read_csv(root / "report" / "confusion.csv")
    assert table.groupby("model")["track"].nunique().to_dict() == dict.fromkeys(result.ranking, 20)
    hits = (table["actual"] == table["predicted"]).groupby(table["model"]).mean()
    for name, row in result.models.items():
        assert hits[name] == pytest.approx(row.test_songs)


def test_what_dvc_compares_is_a_few_figures_a_model(five_models):
    root, result = five_models
    for name, row in result.models.items():
        kept = json.loads((root / "report" / "metrics" / f"{name}.json").read_text())
        assert kept["test_songs"] == row.test_songs and kept["validation_songs"] == row.validation_songs
        assert len(kept) < 8 and "new_artists" not in kept


def test_learning_curves_have_a_row_a_model_epoch_and_part(five_models):
    root, result = five_models
    table = pd.read_csv(root / "report" / "learning.csv")
    epochs = table.groupby(["model", "part"])["epoch"].nunique()
    for name, row in result.models.items():
        assert epochs[name].to_dict() == {"training": row.epochs, "validation": row.epochs}


def test_the_same_files_give_the_same_report_byte_for_byte(tmp_path):
    root = finished_project.build(tmp_path, models=("mlp",), genres=("a", "b"), trials=2)

    def files() -> dict[str, bytes]:
        compare.run(params=finished_project.params(models=("mlp",)), root=root)
        return {path.name: path.read_bytes() for path in (root / "report").rglob("*") if path.is_file()}

    assert files() == files()


def test_a_model_of_another_split_is_left_out_and_named(two):
    edit(two / "models" / "mlp" / "training.json", fingerprint="0" * 64)
    result = compare_two(two)
    assert list(result.models) == ["yamnet"]
    assert "another split" in result.left_out["mlp"] and "dvc repro train@mlp" in result.left_out["mlp"]
    assert any("mlp is left out" in note for note in result.notes)


def test_many_models_that_are_left_out_are_one_note(tmp_path):
    models = ("mlp", "yamnet", "lstm", "vgg16")
    root = finished_project.build(tmp_path, models=models, genres=("a", "b"), trials=0)
    for name in models[1:]:
        edit(root / "models" / name / "training.json", fingerprint="0" * 64)
    result = compare.run(params=finished_project.params(models=models), root=root)
    (note,) = [note for note in result.notes if "left out" in note]
    assert all(name in note for name in models[1:]) and set(result.left_out) == set(models[1:])


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("training.patience", 99, "models.mlp: training"),
        ("models.mlp.variants.study.fixed", {"standardise": False}, "models.mlp: fixed"),
        ("seed", 99, "seed"),
        # Other budgets of the search or another model's params change nothing of this one.
        ("tuning.max_trials", 99, None),
        ("models.yamnet.variants.study.fixed", {"standardise": False}, None),
    ],
)
def test_a_model_of_other_params_is_left_out_with_what_changed(two, path, value, named):
    recorded = finished_project.params(models=("mlp", "yamnet")).model_dump(mode="json")
    *parents, last = path.split(".")
    reduce(getitem, parents, recorded)[last] = value
    edit(two / "models" / "mlp" / "training.json", params=recorded)
    left_out = inputs.read(params=finished_project.params(models=("mlp", "yamnet")), root=two).left_out
    if named is None:
        assert left_out == {}
    else:
        assert f"({named})" in left_out["mlp"] and "dvc repro train@mlp" in left_out["mlp"]


def test_an_untrained_model_is_left_out_and_named(two):
    (two / "models" / "mlp" / "predictions.parquet").unlink()
    assert "mlp/predictions.parquet is missing" in compare_two(two).left_out["mlp"]


def test_a_model_that_is_not_in_the_params_is_left_out_and_named(two):
    (two / "models" / "mlp").rename(two / "models" / "older")
    assert "not among the models" in compare_two(two).left_out["older"]


def test_nothing_to_compare_is_an_error_with_each_reason_and_writes_nothing(two):
    for name in ("mlp", "yamnet"):
        edit(two / "models" / name / "training.json", fingerprint="0" * 64)
    with pytest.raises(ComparisonError, match=r"mlp: it was trained on another split.*; yamnet: it was"):
        run_two(two)
    assert not (two / "report").exists()


@pytest.mark.parametrize("name", ["predictions.parquet", "history.csv", "metrics.json"])
def test_a_file_that_cannot_be_read_is_named_with_its_stage(two, name):
    (two / "models" / "mlp" / name).write_bytes(b"")
    with pytest.raises(ComparisonError, match=rf"mlp/{name} cannot be read .* `dvc repro train@mlp`"):
        run_two(two)


def test_a_missing_split_is_an_error_that_names_the_stage(two):
    (two / "splits" / "split.json").unlink()
    with pytest.raises(CorpusError, match=r"split\.json.*`dvc repro split`"):
        run_two(two)


@pytest.mark.parametrize("part", ["train", "validation"])
def test_a_model_that_saw_a_test_song_is_a_leak(two, part):
    edit(two / "models" / "mlp" / "training.json", **{f"{part}_tracks": ["a.00000", "z.00001"]})
    with pytest.raises(LeakError, match=rf"'mlp': 1 test songs are in {part} too, 'a.00000'"):
        run_two(two)


def test_metrics_that_the_predictions_do_not_give_are_an_error(two):
    edit(two / "models" / "mlp" / "metrics.json", **{"test.song_accuracy": 0.999})
    with pytest.raises(ComparisonError, match=r"0\.999"):
        compare_two(two)


def test_models_that_know_different_genres_are_an_error(two):
    other = finished_project.build(two.parent / "other", models=("mlp",), genres=("a", "b", "d"), trials=0)
    for path in (other / "models" / "mlp").iterdir():
        (two / "models" / "mlp" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(ComparisonError, match="'yamnet' knows genres a, b, c; 'mlp' knows a, b, d"):
        compare_two(two)


def test_the_study_s_protocol_is_marked_leaky_wherever_a_model_is_shown(tmp_path):
    root = finished_project.build(tmp_path, models=("mlp",), genres=("a", "b"), protocol="segment", trials=0)
    result = compare.run(params=finished_project.params(models=("mlp",), protocol="segment"), root=root)
    assert result.leaky
    assert result.models["mlp"].mark == "leaky: songs on both sides"
    assert "leaky: songs on both sides" in pd.read_csv(root / "report" / "comparison.csv")["mark"].to_list()


def test_an_untrained_encoder_is_marked(five_models):
    _, result = five_models
    assert result.models["vgg16"].mark == "untrained encoder"
    assert result.models["mlp"].mark == ""
    assert any(note.startswith("† vgg16 uses an untrained encoder") for note in result.notes)


def test_composed_songs_say_that_their_accuracies_mean_nothing_about_music(two):
    assert any("mean nothing about music" in note for note in compare_two(two).notes)
    assert not any("music" in note for note in compare_two(two, synthetic=False).notes)


def test_real_music_under_the_demo_s_preset_is_not_taken_for_composed_songs(two):
    params = finished_project.params(models=("mlp", "yamnet"))
    sources = {"audio": params.corpus.sources["audio"].model_copy(update={"path": "/music"})}
    mine = params.model_copy(update={"corpus": params.corpus.model_copy(update={"sources": sources})})
    notes = compare.compare(inputs.read(params=mine, root=two), params=mine).notes
    assert not any("mean nothing about music" in note for note in notes)
    assert LIMITS[ARTISTS_UNKNOWN].note in notes


def test_one_model_has_nothing_to_be_told_from(tmp_path):
    root = finished_project.build(tmp_path, models=("mlp",), genres=("a", "b"), trials=0)
    result = compare.run(params=finished_project.params(models=("mlp",)), root=root)
    assert (result.pairs, result.groups) == ([], [])
    assert "Only one model" in result.verdicts()[0]


def test_a_hundred_genres_of_two_songs_each(tmp_path):
    genres = [f"genre number {n}" for n in range(100)]
    root = finished_project.build(tmp_path, models=("mlp",), genres=genres, tracks=5, trials=2)
    result = compare.run(params=finished_project.params(models=("mlp",)), root=root)
    assert result.chance == 0.01
    assert len([key for key in result.models["mlp"].test if key.startswith("recall.")]) == 100
