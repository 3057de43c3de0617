"""Faults planted in good features are caught before any training; good features pass, however they are sampled."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.stages import validate
from components.validation.tables import Inputs
from tests.support.planted.good_features import FEATURES, REAL, composed, recorded, resampled, tabled
from tests.support.planted.rows import ROWS, Fault
from tests.support.planted.values import TRAINED, VALUES, claimed_to_be_trained

#: Faults that are none for the feature, or cannot be seen in it.
EXEMPT = {
    # A whole track is one row: it has no segment to be counted or left out beside the track itself.
    ("mel_image", "last_row_missing"): "the same as one_track_missing",
    ("vgg16_embedding", "last_row_missing"): "the same as one_track_missing",
}
#: All faults of rows and of the 57 columns are planted in every run of the tests; the rest in the slow ones.
PLANTED = [
    pytest.param(
        feature,
        fault,
        id=f"{feature}-{fault.__name__}",
        marks=() if feature == "mfcc_summary" else pytest.mark.slow,
    )
    for feature in FEATURES
    for fault in (*VALUES[feature], *(ROWS if feature == "mfcc_summary" else ()))
    if (feature, fault.__name__) not in EXEMPT
]
ON_REAL = [
    pytest.param(feature, fault, id=f"{feature}-{fault.__name__}")
    for feature in REAL
    for fault in (*ROWS, *VALUES[feature], *TRAINED.get(feature, ()))
    if (feature, fault.__name__) not in EXEMPT
]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Inputs]:
    """Features of composed music, through untrained encoders."""
    return composed(tmp_path_factory.mktemp("composed"))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, test_data: Path) -> dict[str, Inputs]:
    """Features of real music, through real encoders."""
    return recorded(tmp_path_factory.mktemp("recorded"), data=test_data)


def failed(planted: Inputs) -> list[str]:
    return [f"{entry.table}.{entry.column}" for entry in validate.evaluate(planted).failed]


@pytest.mark.parametrize("feature", FEATURES)
def test_a_good_feature_passes(good: dict[str, Inputs], feature: str) -> None:
    assert failed(good[feature]) == []


@pytest.mark.parametrize("seed", range(20))
def test_no_alarm_on_a_clean_resampling(good: dict[str, Inputs], seed: int) -> None:
    assert failed(resampled(good[FEATURES[seed % len(FEATURES)]], seed=seed)) == []


@pytest.mark.parametrize(("feature", "fault"), PLANTED)
def test_a_planted_fault_is_caught(good: dict[str, Inputs], feature: str, fault: Fault) -> None:
    assert failed(fault(good[feature]))


@pytest.mark.parametrize("feature", ["yamnet_embedding", "vgg16_embedding"])
def test_an_untrained_encoder_claimed_to_be_trained_is_caught(good: dict[str, Inputs], feature: str) -> None:
    assert failed(claimed_to_be_trained(good[feature]))


def test_the_label_signal_alone_catches_labels_moved_with_listing_and_folders(
    good: dict[str, Inputs],
) -> None:
    from tests.support.planted.rows import labels_shuffled_down_to_the_folders as moved

    assert "summary.separation, separation_needed" in failed(moved(good["mfcc_summary"]))


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("feature", REAL)
def test_a_good_real_feature_passes(real: dict[str, Inputs], feature: str) -> None:
    assert failed(real[feature]) == []


@pytest.mark.real
@pytest.mark.slow
def test_the_public_table_of_whole_tracks_passes_with_its_repeats(test_data: Path, tmp_path: Path) -> None:
    table = tabled(tmp_path, data=test_data, name="features_30_sec.csv")
    result = validate.evaluate(table)
    assert result.failed == []
    assert result.summary["duplicate_share"] == 0.014
    assert result.summary["conflicting_tracks"] == 1


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_no_alarm_on_a_clean_resampling_of_real_music(real: dict[str, Inputs], seed: int) -> None:
    for feature in REAL:
        assert failed(resampled(real[feature], seed=seed)) == [], feature


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize(("feature", "fault"), ON_REAL)
def test_a_fault_planted_in_real_music_is_caught(real: dict[str, Inputs], feature: str, fault: Fault) -> None:
    assert failed(fault(real[feature]))
