"""Hyperparameters that the project reads: a wrong type or range is named, whatever its block; others are free."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from components.config import hyperparameters, params, presets
from components.core.errors import ParamsError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", "abc"),
        ("learning_rate", "1e-3"),  # YAML takes it for text
        ("learning_rate", 0.0),
        ("batch_size", 0),
        ("batch_size", 12.5),
        ("batch_size", True),
        ("label_smoothing", 1.0),
        ("weight_decay", -0.1),
        ("schedule", "linear"),
        ("mixup", "yes"),
        ("mixup_within_genre", 1),
        ("mask_frames", -1),
        ("mask_channels", 0.5),
        ("augment", "no"),
        ("units_1", 1.5),
        ("lstm_2", -8),
        ("attention", "32"),
        ("dropout_rate", 1.0),
        ("dropout_rate2", "half"),
        ("lstm_dropout", -0.5),
        ("statistics", ["median"]),
        ("activation", 3),
        ("activation", "rellu"),
        ("clip", "five"),
        ("clip", 0.0),
        ("standardise", "yes"),
        ("frames_at_once", 0),
    ],
)
def test_a_value_of_a_wrong_type_or_range_is_named(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"fixed\.{name} is .*; valid: "):
        hyperparameters.check(name, [value], block="fixed")


@pytest.mark.parametrize(
    ("name", "value"),
    [("learning_rate", 1), ("units_2", 0), ("statistics", []), ("schedule", "cosine"), ("own", "anything")],
)
def test_what_a_fit_takes_and_what_a_network_s_file_reads_alone_is_valid(name: str, value: Any) -> None:
    hyperparameters.check(name, [value], block="fixed")


@pytest.mark.parametrize(
    ("block", "searched"),
    [
        ("fixed", None),
        ("search", [0.1, -0.1]),
        ("search", {"low": 0.0, "high": 1.0, "step": 0.5}),
        ("search", {"low": -1, "high": 1}),
        ("search", [False, True]),
        ("start", [0.1, 0.2]),
    ],
)
def test_each_block_of_a_variant_is_checked(block: str, searched: Any) -> None:
    document = params.parse(presets.compose("demo")).model_dump(mode="json")
    variant = document["models"]["mlp"]["variants"]["study"]
    if searched is None:
        variant["fixed"]["label_smoothing"] = "much"
    else:
        variant["search"]["label_smoothing"] = searched
        variant["start"]["label_smoothing"] = "much" if block == "start" else 0.1
    with pytest.raises(ParamsError, match=rf"models\.mlp\.variants\.study: {block}\.label_smoothing is "):
        params.parse(yaml.safe_dump(document))
