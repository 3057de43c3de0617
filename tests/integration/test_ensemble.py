"""An ensemble from its members' files to the champion version: the served one gives what the stage tested."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from components import tracking
from components.config.params import ENSEMBLE, Params, parse
from components.evaluation import aggregation
from components.features.pipeline import store as feature_store
from components.registry import promote
from components.reporting import comparison
from components.results.record import EnsembleRecord
from components.serving import drift, load, packaging
from components.serving.genre_model import Extracted, Rows
from components.serving.packaging import example_song
from components.stages import compare, ensemble, train, tune
from tests.conftest import small
from tests.support.small_project import build_small_project

pytestmark = pytest.mark.slow


def two_members() -> Params:
    """Two MLPs, each with a feature of its own, and their ensemble."""
    document = yaml.safe_load(small().model_dump_json())
    document["features"]["mfcc_again"] = document["features"]["mfcc_summary"] | {"extractor": "mfcc_summary"}
    document["models"]["mlp_again"] = document["models"]["mlp"] | {"feature": "mfcc_again"}
    document["ensemble"] = {"members": ["mlp", "mlp_again"], "shrinkage": 5.0}
    return parse(yaml.safe_dump(document))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Params]:
    """The trained members and their ensemble, in the working directory."""
    import mlflow

    root, before = tmp_path_factory.mktemp("ensemble"), Path.cwd()
    os.chdir(root)
    build_small_project(root / "data", seed=0, spread=2.5)
    again = root / "data" / "features" / "mfcc_again"
    shutil.copytree(root / "data" / "features" / "mfcc_summary", again)
    shutil.copytree(
        root / "data" / "validation" / "mfcc_summary", root / "data" / "validation" / "mfcc_again"
    )
    meta = json.loads((again / "meta.json").read_text()) | {"feature": "mfcc_again"}
    (again / "meta.json").write_text(json.dumps(meta))
    params = two_members()
    for name in params.models:
        tune.run(name, params=params)
        train.run(name, params=params)
    ensemble.run(params=params)
    yield params
    os.chdir(before)
    mlflow.set_tracking_uri(None)


def test_the_logged_model_predicts_what_the_stage_did(project: Params) -> None:
    run_id = packaging.ensure_logged(ENSEMBLE)
    client = tracking.connect()
    loaded = load.load(client, f"runs:/{run_id}/model")
    assert loaded.name == ENSEMBLE
    record = loaded.model.record
    saved = pd.read_parquet("data/ensemble/predictions.parquet").query("part == 'test'")
    tables = {feature.feature: feature_store.read(feature.feature)[:2] for feature in record.features}
    songs = [
        Extracted(
            {
                name: Rows(
                    np.asarray(values[(index["track"] == track).to_numpy()]),
                    index.loc[index["track"] == track, "start"].to_numpy(),
                )
                for name, (index, values) in tables.items()
            },
            seconds=12.0,
        )
        for track in saved["track"]
    ]
    rows = pd.DataFrame([song.as_row() for song in loaded.model.predict_extracted(songs)])
    given, tested = (aggregation.probabilities(table, genres=record.genres) for table in (rows, saved))
    np.testing.assert_allclose(given, tested, atol=1e-6)
    assert rows["genre"].tolist() == saved["predicted"].tolist()
    assert list(loaded.model.reference.columns) == drift.names(record.features)
    (prediction,) = loaded.model.predict_songs([example_song()])
    assert [segment.start for segment in prediction.timeline] == [0.0, 3.0]


def test_its_run_has_weights_and_leads_to_its_members(project: Params) -> None:
    client = tracking.connect()
    run = client.get_run(packaging.ensure_logged(ENSEMBLE))
    weights = [float(run.data.params[f"weight.{name}"]) for name in project.ensemble.members]
    assert sum(weights) == pytest.approx(1.0, abs=1e-5)
    for name in project.ensemble.members:
        assert run.data.tags[f"member.{name}"] == packaging.ensure_logged(name)
    assert packaging.ensure_logged(ENSEMBLE) == run.info.run_id


def test_it_is_compared_and_becomes_champion(project: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    result = compare.run(params=project)
    assert set(result.ranking) == {*project.models, ENSEMBLE}
    assert any("weights were chosen on the validation songs" in note for note in result.notes)
    monkeypatch.setattr(comparison, "best", lambda **_: ENSEMBLE)
    decision = promote.promote(params=project)
    assert decision.promoted, decision.markdown()
    assert ENSEMBLE in promote.summary(params=project)
    assert promote.promote(params=project).model == ENSEMBLE


def test_one_of_a_member_trained_anew_is_left_out(project: Params) -> None:
    folder = Path("data/ensemble")
    record = EnsembleRecord.read(folder)
    first = record.members[0]
    other = first.model_copy(update={"record": first.record.model_copy(update={"weights_sha256": "a" * 64})})
    record.model_copy(update={"members": [other, *record.members[1:]]}).write(folder / "training.json")
    try:
        assert "not the one" in compare.run(params=project).left_out[ENSEMBLE]
    finally:
        record.write(folder / "training.json")
