"""Sources and features: some tracks a genre evenly over the names, and params that differ in what is declared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.config import presets
from components.config.params import parse
from components.study import declarations, extraction, plan
from components.study.discovery import Found
from components.study.extraction import BEYOND, spread


def listing(counts: dict[str, int]) -> pd.DataFrame:
    """Ten names in a row are of one artist, as in GTZAN."""
    rows = [
        {"track": f"{genre}.{number:05d}", "genre": genre, "artist": number // 10, "fault": ""}
        for genre, count in counts.items()
        for number in range(count)
    ]
    return pd.DataFrame(rows)


def test_every_artist_of_a_row_of_names_is_kept() -> None:
    chosen = spread(listing({"blues": 100, "jazz": 100}), tracks_per_genre=30)
    kept = chosen[chosen["fault"] == ""]
    assert kept.groupby("genre")["track"].size().to_dict() == {"blues": 30, "jazz": 30}
    assert kept.groupby("genre")["artist"].nunique().to_dict() == {"blues": 10, "jazz": 10}


def test_the_others_stay_listed_with_the_reason() -> None:
    whole = listing({"blues": 10})
    whole.loc[3, "fault"] = "silent"
    chosen = spread(whole, tracks_per_genre=4)
    assert len(chosen) == 10
    assert chosen.loc[3, "fault"] == "silent"
    assert set(chosen["fault"]) == {"", "silent", BEYOND}


@given(
    counts=st.dictionaries(st.sampled_from(["blues", "jazz", "rock"]), st.integers(1, 40), min_size=1),
    most=st.integers(3, 50),
)
def test_each_genre_keeps_as_many_or_all_it_has(counts: dict[str, int], most: int) -> None:
    chosen = spread(listing(counts), tracks_per_genre=most)
    kept = chosen[chosen["fault"] == ""].groupby("genre").size()
    assert kept.to_dict() == {genre: min(count, most) for genre, count in counts.items()}


def test_relative_paths_and_features_of_features_start_from_the_source_s_workspace(
    everything: Found, tmp_path: Path
) -> None:
    inside = replace(everything.sources["audio"], path=tmp_path / "data" / "raw" / "gtzan")
    found = replace(everything, sources={**everything.sources, "audio": inside})
    made = plan.make(found, budget="quick", root=tmp_path)
    params = extraction.params(made, made.experiments["vgg16_audio"], root=tmp_path)
    assert params.corpus.sources["audio"].path == str(tmp_path / "data" / "raw" / "gtzan")
    assert list(params.features) == ["audio_mel_image", "audio_vgg16"]
    assert params.features["audio_vgg16"].reads == "data/features/audio_mel_image"


@pytest.mark.parametrize("name", list(declarations.load().experiments))
def test_every_experiment_makes_valid_params_and_changes_what_its_model_has(
    name: str, everything: Found, tmp_path: Path
) -> None:
    made = plan.make(everything, budget="quick", root=tmp_path)
    experiment = made.experiments[name]
    model = extraction.params(made, experiment, root=tmp_path).model(experiment.model)
    assert (model.variant, model.feature) == (experiment.variant, experiment.feature)
    assert experiment.set.keys() <= model.first_set.keys()


@pytest.mark.parametrize(
    ("name", "model", "preset"),
    [(name, name, "gtzan") for name in ("mlp", "vgg16", "yamnet", "lstm", "yamnet_lstm")]
    + [("mlp_best", "mlp", "gtzan"), ("mlp_table_30_best", "mlp", "gtzan-table")],
)
def test_a_row_takes_the_first_set_of_its_preset_s_variant(
    everything: Found, tmp_path: Path, name: str, model: str, preset: str
) -> None:
    made = plan.make(everything, budget="quick", root=tmp_path)
    experiment = made.experiments[name]
    variant = parse(presets.compose(preset)).models[model].variants[experiment.variant]
    params = extraction.params(made, experiment, root=tmp_path)
    assert params.model(model).first_set == {**variant.fixed, **variant.start}


def test_a_declared_search_replaces_the_space_and_starts_inside_it(everything: Found, tmp_path: Path) -> None:
    made = plan.make(everything, budget="quick", root=tmp_path)
    experiment = made.experiments["mlp_narrow_search"]
    model = extraction.params(made, experiment, root=tmp_path).model("mlp")
    assert model.start == {"units_1": 8, "units_2": 8, "units_3": 8}
    assert model.fixed["learning_rate"] == 0.01
    assert model.tuning.max_trials == 11


def test_a_source_and_the_songs_beside_it_are_one_corpus(everything: Found, tmp_path: Path) -> None:
    clips = replace(everything.sources["audio"], path=Path("/elsewhere/short"))
    made = plan.make(replace(everything, beside={"audio": clips}), budget="quick", root=tmp_path)
    sources = extraction.params(made, made.experiments["mlp"], root=tmp_path).corpus.sources
    assert {name: (source.path, source.form) for name, source in sources.items()} == {
        "audio": ("/elsewhere/audio", "audio"),
        "clips": ("/elsewhere/short", "audio"),
    }
