"""Training runs: their tags, and the table of figures a genre."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from components.core.errors import TrainingError
from components.results.record import LEAKY
from components.tracking.training_runs import ensure_logged, genre_counts, per_class, tags_of
from tests.support.records import ENCODER, FEATURE, training_record


def test_tags_of_a_model_of_audio_alone() -> None:
    tags = tags_of(training_record())
    assert tags["model"] == "mlp" and tags["split_fingerprint"] == "f" * 64
    assert (tags["leaky"], tags["fitted_on"], tags["warnings"]) == ("no", "train", "none")
    assert (tags["encoder"], tags["encoder_weights"], tags["encoder_untrained"]) == ("none", "none", "false")


def test_tags_of_a_leaky_model_on_an_untrained_encoder() -> None:
    feature = FEATURE | {"pretrained": [ENCODER | {"trained": False}]}
    tags = tags_of(training_record(feature=feature, protocol="segment", warnings=["a", "b"]))
    assert (tags["leaky"], tags["warnings"]) == (LEAKY, "a; b")
    assert (tags["encoder"], tags["encoder_untrained"]) == ("yamnet", "true")
    assert tags["encoder_licence"].startswith("MIT")


def test_figures_of_each_genre_are_of_test_segments() -> None:
    table = pd.DataFrame(
        {
            "part": ["test"] * 4 + ["validation"],
            "genre": ["blues", "jazz", "blues", "jazz", "rock"],
            "predicted": ["blues", "jazz", "jazz", "jazz", "blues"],
        }
    )
    known = {"listed": 9, "usable": 7, "train": 3, "validation": 2, "test": 2}
    record = training_record(genres=["jazz", "blues", "rock"], genre_counts={"blues": known})
    found = per_class(table, record=record)
    assert list(found["genre"]) == ["jazz", "blues", "rock"]
    assert list(found["recall"]) == [1, 0.5, 0]
    assert list(found["support"]) == [2, 2, 0]
    assert found.set_index("genre").loc["blues", "songs_listed"] == 9
    assert genre_counts(record) == {"songs.listed.blues": 9.0, "songs.usable.blues": 7.0}


def test_a_model_that_lacks_files_is_named_with_its_stage(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"model\.keras.*train@mlp"):
        ensure_logged("mlp", log_model=lambda *_, **__: None, root=tmp_path)
