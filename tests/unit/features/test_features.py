"""Features by their names: plug-ins, options and choices."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from components import features
from components.config.params import Params
from components.core.errors import ParamsError


@pytest.mark.parametrize(
    ("name", "block", "message"),
    [
        (
            "mfcc_sequence",
            {"options": {"hop": 3}},
            r"features\.mfcc_sequence\.options: .*'hop'; valid: coeff",
        ),
        ("mfcc_sequence", {"options": {"coefficients": 0}}, "coefficients is 0"),
        ("mfcc_sequence", {"reads": "data/features/mel_image"}, "made from: audio"),
        ("mfcc_sequence", {"unit": "track"}, r"features\.mfcc_sequence\.unit is 'track'; valid: segment"),
        ("mel_image", {"options": {"mels": 64}}, "'mels'; valid: none"),
        (
            "vgg16_embedding",
            {"reads": "data/features/mel_image", "unit": "track", "augment": [{"gain": 3}]},
            r"features\.vgg16_embedding\.augment changes audio; valid: .* not mel_image",
        ),
    ],
)
def test_choices_that_are_not_valid_are_refused(
    make_params: Callable[..., Params], name: str, block: dict, message: str
) -> None:
    base = {"reads": "data/corpus/audio.parquet", "unit": "segment"}
    blocks = {name: base | block} | ({"mel_image": base} if name != "mel_image" else {})
    params = make_params(features=blocks)
    with pytest.raises(ParamsError, match=message):
        features.options(name, params=params)


def test_a_feature_without_a_file_is_refused() -> None:
    with pytest.raises(ParamsError, match=r"'mfcc'.*mel_image"):
        features.load("mfcc")


def test_the_features_are_there() -> None:
    assert features.names() == [
        "encoders_embedding",
        "mel_image",
        "mel_sequence",
        "mfcc_sequence",
        "mfcc_summary",
        "musicnn_embedding",
        "vgg16_embedding",
        "vggish_embedding",
        "yamnet_embedding",
    ]
