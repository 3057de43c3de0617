"""Training records of models that no test has trained."""

from __future__ import annotations

from typing import Any

from components.config import presets
from components.config.params import parse
from components.results.record import EnsembleRecord, MemberRecord, TrainingRecord

FEATURE = {
    "feature": "mfcc_summary",
    "unit": "segment",
    "shape": [57],
    "names": None,
    "sample_rate": 22050,
    "options": {},
    "pretrained": [],
}
ENCODER = {"encoder": "yamnet", "origin": "tfhub.dev", "trained": True, "sha256": "e" * 64}


def training_record(**changes: Any) -> TrainingRecord:
    """Return the record of an MLP of the demo, but for the changes."""
    preset = changes.get("preset", "demo")
    return TrainingRecord.model_validate(
        {
            "model": "mlp",
            "variant": "study",
            "preset": preset,
            "feature": FEATURE,
            "genres": ["blues", "jazz", "rock"],
            "hyperparameters": {"units_1": 32},
            "trial": "0",
            "tuning_score": 0.5,
            "training": {"epochs": 10, "patience": 3, "monitor": "val_accuracy"},
            "refit": None,
            "calibration": {},
            "seed": 20,
            "protocol": "track",
            "artists": "unknown",
            "confounded": [],
            "fingerprint": "f" * 64,
            "feature_sha256": "d" * 64,
            "train_tracks": [],
            "validation_tracks": [],
            "weights_sha256": "c" * 64,
            "parameters": 1000,
            "file_bytes": 10_000,
            "seconds": 3.0,
            "peak_memory_mib": 700.0,
            "warnings": [],
            "params": parse(presets.compose(preset)),
            **changes,
        }
    )


def ensemble_record(*members: tuple[float, TrainingRecord], **changes: Any) -> EnsembleRecord:
    """Return the record of an ensemble of these weights and members, but for the changes."""
    (_, first), *_ = members
    common = {name: getattr(first, name) for name in EnsembleRecord.model_fields if hasattr(first, name)}
    made = [MemberRecord(weight=weight, record=record) for weight, record in members]
    return EnsembleRecord(**{**common, "model": "ensemble", "members": made, **changes})
