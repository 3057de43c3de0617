"""A feature's files as they are read, and the tables of any feature."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from components.config.params import Params
from components.core.errors import FeatureError, ParamsError, ValidationError
from components.validation import tables
from components.validation.limits import Limits
from components.validation.scan import scan
from components.validation.tables import Inputs


def measured(inputs: Inputs) -> dict:
    found = scan(inputs.values, tracks=inputs.index["track"].to_numpy(dtype=object))
    checks = tables.content(inputs, found=found, limits=Limits())
    return {name: checked.table for name, checked in checks.items()}


@pytest.mark.parametrize("name", ["index.parquet", "values.npy", "meta.json"])
@pytest.mark.parametrize("damage", ["gone", "empty", "cut"])
def test_a_file_that_cannot_be_read_is_named(
    project: Path, tmp_path: Path, loudness_params: Params, name: str, damage: str
) -> None:
    shutil.copytree(project, tmp_path / "data")
    path = tmp_path / "data" / "features" / "loudness" / name
    content = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(b"" if damage == "empty" else content[: len(content) // 2])
    with pytest.raises(FeatureError, match="genre stage features loudness"):
        tables.read("loudness", params=loudness_params, root=tmp_path / "data")


def test_an_unknown_feature_is_refused(project: Path, loudness_params: Params) -> None:
    with pytest.raises(ParamsError, match="'pitch'"):
        tables.read("pitch", params=loudness_params, root=project)


def test_features_that_read_each_other_are_refused(loudness_params: Params) -> None:
    block = loudness_params.features["loudness"]
    circle = {
        name: block.model_copy(update={"reads": f"data/features/{other}"}) for name, other in ("ab", "ba")
    }
    with pytest.raises(ValidationError, match="a <- b <- a"):
        tables.origin("a", params=loudness_params.model_copy(update={"features": circle}))


def test_a_feature_of_a_feature_goes_back_to_its_listing(loudness_params: Params) -> None:
    block = loudness_params.features["loudness"]
    derived = block.model_copy(update={"reads": "data/features/loudness"})
    params = loudness_params.model_copy(update={"features": {"loudness": block, "derived": derived}})
    assert tables.origin("derived", params=params) == "loudness"


def test_a_feature_of_one_source_of_several_is_checked_against_its_own_tracks(
    project: Path, tmp_path: Path, loudness_params: Params
) -> None:
    shutil.copytree(project / "features", tmp_path / "features")
    shutil.copytree(project / "splits", tmp_path / "splits")
    listing = pd.read_parquet(project / "corpus" / "audio.parquet")
    (tmp_path / "corpus").mkdir()
    for name, rows in (("audio", listing[::2]), ("clips", listing[1::2])):
        rows.to_parquet(tmp_path / "corpus" / f"{name}.parquet", index=False)
    source = loudness_params.corpus.sources["audio"]
    sources = {"audio": source, "clips": source}
    corpus = loudness_params.corpus.model_copy(update={"sources": sources})
    params = loudness_params.model_copy(update={"corpus": corpus})
    assert set(tables.read("loudness", params=params, root=tmp_path).split["track"]) == set(
        listing["track"][::2]
    )
    block = params.features["loudness"].model_copy(update={"reads": "data/corpus"})
    both = params.model_copy(
        update={"features": {"loudness": block.model_copy(update={"extractor": "mfcc_summary"})}}
    )
    assert set(tables.read("loudness", params=both, root=tmp_path).split["track"]) == set(listing["track"])


def test_files_that_do_not_fit_together_are_not_sound(loudness: Inputs) -> None:
    assert tables.sound(loudness)
    assert not tables.sound(replace(loudness, values=np.array(loudness.values)[:-1]))
    assert not tables.sound(replace(loudness, values=np.array(loudness.values, dtype=np.float64)))
    assert not tables.sound(replace(loudness, index=loudness.index.drop(columns="start")))
    assert not tables.sound(replace(loudness, meta=loudness.meta | {"names": ["one"]}))


def test_structure_counts_what_does_not_fit(loudness: Inputs) -> None:
    index = loudness.index.iloc[[1, 0, 0, *range(3, len(loudness.index))]].drop(columns="start")
    facts = tables.structure(replace(loudness, index=index, meta={"shape": [3]})).table.iloc[0]
    assert (facts["unsorted_keys"], facts["repeated_keys"]) == (1, 1)
    assert (facts["missing_start"], facts["type_start"]) == (len(index), "(absent)")
    assert (facts["values_shape"], facts["meta_shape"]) == ("[57]", "[3]")


def test_every_track_of_feature_listing_and_split_is_a_row(loudness: Inputs) -> None:
    gone, extra = "blues.00003", "rock.00007"
    made = replace(
        loudness,
        index=loudness.index[loudness.index["track"] != gone],
        values=np.array(loudness.values)[(loudness.index["track"] != gone).to_numpy()],
        listing=loudness.listing[loudness.listing["track"] != extra],
    )
    found = measured(made)
    tracks = found["tracks"].set_index("track")
    assert len(tracks) == 36
    assert tracks.loc[gone, ["genre", "rows", "rows_due"]].tolist() == ["(absent)", 0, 4]
    assert tracks.loc[extra, ["listed", "listed_genre", "rows_due"]].tolist() == ["not listed", "(absent)", 0]
    genres = found["genres"].set_index("genre")
    assert genres.loc["blues", ["tracks", "tracks_due", "rows"]].tolist() == [11, 12, 44]
    assert genres.loc["rock", ["tracks", "tracks_due"]].tolist() == [12, 11]
    assert genres[["train", "validation", "test"]].sum(axis=1).tolist() == [11, 12, 12]


def test_a_gap_in_the_segments_is_counted(loudness: Inputs) -> None:
    kept = (loudness.index["track"] != "jazz.00000") | (loudness.index["segment"] != 1)
    made = replace(loudness, index=loudness.index[kept], values=np.array(loudness.values)[kept.to_numpy()])
    tracks = measured(made)["tracks"].set_index("track")
    assert tracks.loc["jazz.00000", "gaps"] == 1
    assert (tracks["gaps"].drop("jazz.00000") == 0).all()


def test_the_test_part_is_no_part_of_the_label_signal(loudness: Inputs) -> None:
    """Noise in place of the test part's values changes nothing that is measured against labels."""
    test = set(loudness.split.loc[loudness.split["part"] == "test", "track"])
    values = np.array(loudness.values)
    rows = loudness.index["track"].isin(test).to_numpy()
    values[rows] = np.random.default_rng(0).normal(0, 1e3, values[rows].shape)
    signals = ["separation", "separation_needed"]
    before, after = (measured(one)["summary"] for one in (loudness, replace(loudness, values=values)))
    assert before[signals].to_numpy() == pytest.approx(after[signals].to_numpy())
    assert before["coherence"].iloc[0] != after["coherence"].iloc[0]


@pytest.mark.parametrize(
    ("claim", "allowed", "refused"),
    [
        (None, True, 1),
        ([], True, 1),
        ([{"trained": True}], True, 1),
        ([{"trained": True, "sha256": "0"}], False, 0),
        ([{"trained": True, "sha256": "0"}, {"trained": False, "sha256": "0"}], False, 1),
        ([{"trained": False, "sha256": "0"}], True, 0),
    ],
)
def test_a_claim_needs_a_hash_and_untrained_weights_a_permit(
    loudness: Inputs, claim: list | None, allowed: bool, refused: int
) -> None:
    params = loudness.params.model_copy(update={"allow_untrained_encoders": allowed})
    made = replace(loudness, params=params, meta=loudness.meta | {"pretrained": claim})
    assert made.claim_refused == refused
