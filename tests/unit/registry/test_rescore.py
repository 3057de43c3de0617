"""A champion on another split's songs: it is given what the challenger predicted, and no song that it was fitted on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from components.config.params import Params
from components.core.errors import RegistryError
from components.registry import rescore as rescoring
from components.serving.genre_model import Extracted, Rows
from components.serving.load import LoadedModel
from components.splits import store as split_store
from tests.support.constant_model import loaded_model, song
from tests.support.records import training_record
from tests.support.small_project import GENRES

#: Of a song of 30 s, four segments of 3 s are used in the small project.
SECONDS = 12.0
#: What LiteRT writes where its first graph is loaded.
NATIVE = "INFO: Created TensorFlow Lite XNNPACK delegate for CPU."


@pytest.fixture
def rescore(small_project: Path, small_params: Params, monkeypatch: pytest.MonkeyPatch):
    """Let a champion fitted on given tracks, which notes the seconds it is given, predict the validation songs."""
    folder = Path(small_params.corpus.sources["audio"].path)
    listing = pd.read_parquet(small_project / "corpus/audio.parquet").set_index("track")
    for path in listing["path"]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        song(folder / path, seconds=30.0)

    def rescore(
        *,
        unit: str,
        fitted_on: list[str],
        genres: tuple[str, ...] = GENRES,
        artist: str = "",
        sha256: Mapping[str, str] = listing["sha256"],
        named: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[list[float], pd.DataFrame]:
        champion, given = loaded_model(), []
        champion.model.record = training_record(train_tracks=fitted_on, genres=list(genres))
        champion.model.songs = pd.DataFrame(
            {
                "track": [named.get(track, track) for track in fitted_on],
                "sha256": [sha256.get(track, "") for track in fitted_on],
                "fitted": True,
                "artist": artist,
                "seconds": 30.0,
            }
        )

        def features_of(y: np.ndarray, rate: int) -> Extracted:
            given.append(len(y) / rate)
            rows = Rows(np.zeros((2, 57), dtype=np.float32), np.array([0.0, 3.0]))
            return Extracted({"mfcc_summary": rows}, len(y) / rate)

        monkeypatch.setattr(champion.model, "features_of", features_of)

        def load(*_: object, **__: object) -> LoadedModel:
            os.write(2, NATIVE.encode())
            return champion

        monkeypatch.setattr(rescoring.load, "load", load)
        version = SimpleNamespace(run_id="1", name="genre", version="1")
        return given, rescoring.validation_predictions(
            None, version, unit=unit, params=small_params, root=small_project
        )

    return rescore


@pytest.mark.parametrize(("unit", "seconds"), [("segment", SECONDS), ("track", 30.0)])
def test_it_is_given_what_the_challenger_predicted(rescore, unit, seconds):
    given, found = rescore(unit=unit, fitted_on=[])
    assert set(given) == {seconds}
    assert set(found["predicted"]) == {"jazz"}
    assert set(found["part"]) == {"validation"}


def test_songs_it_was_fitted_on_play_no_part(rescore):
    _, before = rescore(unit="segment", fitted_on=[])
    _, found = rescore(unit="segment", fitted_on=before["track"].tolist()[:2])
    assert set(found["track"]) == set(before["track"][2:])
    _, none = rescore(unit="segment", fitted_on=before["track"].tolist())
    assert none.empty


def test_another_collection_s_songs_of_the_same_names_are_other_songs(rescore):
    _, before = rescore(unit="segment", fitted_on=[])
    names = before["track"].tolist()
    _, found = rescore(unit="segment", fitted_on=names, sha256={name: f"other {name}" for name in names})
    assert set(found["track"]) == set(names)


def test_a_song_it_was_fitted_on_under_another_name_plays_no_part(rescore):
    _, before = rescore(unit="segment", fitted_on=[])
    names = before["track"].tolist()
    _, found = rescore(unit="segment", fitted_on=names[:2], named={name: f"my {name}" for name in names})
    assert set(found["track"]) == set(names[2:])


def test_songs_of_which_a_model_has_names_alone_are_known_by_them(rescore):
    _, before = rescore(unit="segment", fitted_on=[])
    names = before["track"].tolist()
    _, found = rescore(unit="segment", fitted_on=names[:2], sha256={})
    assert set(found["track"]) == set(names[2:])


def test_other_genres_are_refused(rescore):
    with pytest.raises(RegistryError, match="blues, polka"):
        rescore(unit="segment", fitted_on=[], genres=("blues", "polka"))


def test_songs_of_artists_it_was_fitted_on_play_no_part(rescore, monkeypatch):
    _, before = rescore(unit="segment", fitted_on=[])
    honest, by_ada = split_store.read, before["track"].tolist()[:2]

    def read(root):
        table, record = honest(root)
        return table.assign(artist=np.where(table["track"].isin(by_ada), "ada", "")), record

    monkeypatch.setattr(split_store, "read", read)
    _, found = rescore(unit="segment", fitted_on=["elsewhere"], artist="ada")
    assert set(found["track"]) == set(before["track"][2:])


def test_what_native_libraries_write_while_the_champion_is_loaded_is_kept_away(rescore, capfd):
    rescore(unit="segment", fitted_on=[])
    assert NATIVE not in capfd.readouterr().err
