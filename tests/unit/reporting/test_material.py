"""Where a model came from: the commit, and the hash of each thing that DVC knows of it."""

from __future__ import annotations

from types import SimpleNamespace

from components.reporting import provenance
from tests.support.records import training_record

MODEL = SimpleNamespace(name="mlp", record=training_record())


def test_the_hashes_are_of_what_this_model_was_made_of():
    hashes = {"music": "aa.dir", "data/splits": "bb", "data/models/lstm/model.keras": "cc"}
    hashes |= {"data/features/mfcc_summary": "dd", "data/models/mlp/model.keras": "ee"}
    told = provenance.lineage(MODEL, hashes=hashes, sources=["music"], code="abc")
    assert {key: value for key, value in told.items() if key.startswith(("DVC", "git"))} == {
        "git commit of the comparison": "abc",
        "DVC, music": "aa.dir",
        "DVC, data/splits": "bb",
        "DVC, data/features/mfcc_summary": "dd",
        "DVC, data/models/mlp/model.keras": "ee",
    }


def test_what_is_not_known_is_left_out():
    told = provenance.lineage(MODEL, hashes={}, sources=["music"], code="")
    assert not [key for key in told if key.startswith(("DVC", "git"))]


def test_hyperparameters_are_written_as_they_are_meant():
    values = {"dropout_rate": 0.15000000000000002, "units_1": 32, "dropout_1": True}
    model = SimpleNamespace(name="mlp", record=training_record(hyperparameters=values))
    told = provenance.lineage(model, hashes={}, sources=["music"], code="")
    assert told["hyperparameters"] == "dropout_1 True, dropout_rate 0.15, units_1 32"
