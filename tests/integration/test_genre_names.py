"""Genres of any name go from training to the champion, under their own names wherever a person reads them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from matplotlib import font_manager

from components import tracking
from components.config.params import Params
from components.registry import promote
from components.reporting import comparison
from components.serving import packaging
from components.stages import train, tune
from components.tracking import keys
from tests.support.small_project import build_small_project

GENRES = sorted(["R&B", "Drum'n'Bass \"live\"", "Hip/Hop", "日本の歌", "a\\b: 50 % <i>"])


@pytest.mark.slow
def test_a_model_of_genres_of_any_name_is_logged_registered_and_promoted(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    small_params: Params,
    recwarn: pytest.WarningsRecorder,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    # As on a machine without a font for Japanese.
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [])
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    root = tmp_path / "data"
    build_small_project(root, seed=0, genres=GENRES)
    tune.run("mlp", params=small_params, root=root)
    train.run("mlp", params=small_params, root=root)
    monkeypatch.setattr(comparison, "best", lambda **_: "mlp")
    decision = promote.promote(params=small_params, root=root)
    assert decision.promoted, decision.reason
    assert not [one for one in recwarn if "Glyph" in str(one.message)]
    (named,) = [line for line in capsys.readouterr().err.splitlines() if "boxes" in line]
    assert "'日本の歌'" in named and "R&B" not in named and "fonts-noto-cjk" in named

    client = tracking.connect()
    champion = promote.champion(client, "genre")
    assert champion is not None
    assert json.loads(champion.tags["genres"]) == GENRES
    run = client.get_run(packaging.ensure_logged("mlp", root=root))
    assert json.loads(run.data.tags["genres"]) == GENRES
    measured = json.loads((root / "models/mlp/metrics.json").read_text())
    assert {keys.metric(f"validation.recall.{genre}") for genre in GENRES} <= run.data.metrics.keys()
    assert {f"validation.recall.{genre}" for genre in GENRES} <= measured.keys()
