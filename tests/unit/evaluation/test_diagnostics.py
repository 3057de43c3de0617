"""The study's findings 6, 8, 9 and 10 in a training run."""

from __future__ import annotations

import pandas as pd
import pytest

from components.config.search_space import Boolean, IntRange
from components.evaluation import diagnostics

SEARCH = {
    "units_1": IntRange(type="int", low=32, high=512, step=32),
    "units_4": IntRange(type="int", low=32, high=1024, step=32),
    "has_fourth_layer": Boolean(type="boolean"),
    "dropout_1": Boolean(type="boolean"),
}
FINE = {"units_1": 64, "units_4": 32, "has_fourth_layer": True, "dropout_1": False, "learning_rate": 0.01}


def songs(*, guessing: float = 0.1, balanced: float, genres: int = 10) -> dict[str, float]:
    return {"guessing": guessing, "balanced_accuracy": balanced, "genres": genres}


def found(train: list[float], held_out: list[float], **changed) -> dict[int | None, str]:
    history = pd.DataFrame({"epoch": range(len(train)), "accuracy": train, "val_accuracy": held_out})
    diagnoses = diagnostics.diagnose(
        history,
        hyperparameters={**FINE, **changed},
        search=SEARCH,
        validation=songs(balanced=max(held_out, default=0.0)),
    )
    return {diagnosis.finding: str(diagnosis) for diagnosis in diagnoses}


def test_a_healthy_run_has_no_diagnosis():
    assert found([0.5, 0.8, 0.9], [0.5, 0.75, 0.82]) == {}


def test_finding_6_a_run_at_chance_points_at_data_or_hyperparameters():
    found_here = found([0.11, 0.1], [0.12, 0.1])
    assert list(found_here) == [6]
    assert (
        "12.0%" in found_here[6] and "learning rate below 0.01" in found_here[6] and "labels" in found_here[6]
    )


@pytest.mark.parametrize(
    ("genres", "accuracy", "at_chance"), [(2, 0.52, True), (2, 0.6, False), (100, 0.03, False)]
)
def test_chance_goes_with_the_number_of_genres(genres, accuracy, at_chance):
    assert diagnostics.is_at_chance(accuracy, chance=1 / genres) is at_chance


def test_finding_8_train_by_heart_with_validation_far_below_asks_for_dropout_or_fewer_units():
    found_here = found([0.9, 1.0], [0.6, 0.7])
    assert list(found_here) == [8]
    assert "Switch on dropout_1" in found_here[8] and "fewer layers or units" in found_here[8]


def test_a_model_that_still_learns_is_not_called_overfitting():
    assert found([0.7], [0.5]) == {}


def test_finding_8_with_dropout_on_asks_for_a_higher_rate():
    assert "Raise the dropout rate" in found([1.0], [0.7], dropout_1=True)[8]


def test_finding_8_of_a_model_without_dropout_asks_for_some():
    without = {name: value for name, value in FINE.items() if name != "dropout_1"}
    history = pd.DataFrame({"epoch": [0], "accuracy": [1.0], "val_accuracy": [0.7]})
    (diagnosis,) = diagnostics.diagnose(
        history, hyperparameters=without, search=SEARCH, validation=songs(balanced=0.7)
    )
    assert "Add dropout" in str(diagnosis)


def test_train_by_heart_with_validation_as_good_is_no_fault():
    assert found([1.0], [0.97]) == {}


def test_finding_9_train_below_validation_asks_for_a_larger_model():
    found_here = found([0.4, 0.6], [0.5, 0.7])
    assert list(found_here) == [9]
    assert found_here[9].endswith("More units, layers or epochs.")


def test_a_quick_learner_whose_train_accuracy_lags_in_its_first_epoch_is_not_too_small():
    assert found([0.85, 1.0], [1.0, 1.0]) == {}


def test_finding_9_names_dropout_first_where_it_is_on():
    assert "Switch off dropout_1 first" in found([0.6], [0.7], dropout_1=True)[9]


def test_train_rows_that_were_mixed_or_masked_do_not_show_a_size():
    assert found([0.6], [0.7], mixup=0.4) == found([0.6], [0.7], mask_frames=10) == {}
    assert list(found([0.6], [0.7], mixup=0.0)) == [9]


def test_finding_10_every_unit_count_at_its_maximum_asks_for_a_wider_search():
    found_here = found([0.8], [0.8], units_1=512, units_4=1024)
    assert list(found_here) == [10]
    assert "maximum" in found_here[10] and "units_1, units_4" in found_here[10]


def test_finding_10_holds_for_the_minimum_too():
    assert "lower the lower bound" in found([0.8], [0.8], units_1=32, units_4=32)[10]


def test_finding_10_needs_every_count_at_the_same_bound():
    assert found([0.8], [0.8], units_1=512, units_4=32) == {}


def test_finding_10_knows_any_size_of_a_network_but_not_what_belongs_to_the_fit():
    search = {
        "filters": IntRange(type="int", low=32, high=64, step=32),
        "batch_size": IntRange(type="int", low=16, high=64, step=16),
    }
    history = pd.DataFrame({"accuracy": [0.8], "val_accuracy": [0.8]})
    for filters, findings in ((64, [10]), (48, [])):
        hp = {"filters": filters, "batch_size": 32, "learning_rate": 0.01}
        diagnoses = diagnostics.diagnose(
            history, hyperparameters=hp, search=search, validation=songs(balanced=0.8)
        )
        assert [diagnosis.finding for diagnosis in diagnoses] == findings


def test_a_layer_that_is_not_there_does_not_count():
    assert list(found([0.8], [0.8], units_1=512, units_4=64, has_fourth_layer=False)) == [10]


def test_the_epoch_that_counts_is_the_one_with_the_best_validation():
    assert found([0.8, 1.0], [0.8, 0.5]) == {}


class TestUnequalGenres:
    """Of ten validation songs nine are rock and one is jazz."""

    @staticmethod
    def diagnosed(
        accuracy: float, *, balanced: float, unnamed: tuple[str, ...] = ()
    ) -> dict[int | None, str]:
        history = pd.DataFrame({"accuracy": [accuracy], "val_accuracy": [accuracy]})
        measured = songs(guessing=0.9, balanced=balanced, genres=2)
        diagnoses = diagnostics.diagnose(
            history, hyperparameters=FINE, search=SEARCH, validation=measured, unnamed=unnamed
        )
        return {diagnosis.finding: str(diagnosis) for diagnosis in diagnoses}

    def test_always_naming_the_larger_genre_is_chance_and_the_genre_never_named_is_named(self) -> None:
        diagnosed = self.diagnosed(0.9, balanced=0.5, unnamed=("jazz",))
        assert "90.0%" in diagnosed[6] and "50.0%" in diagnosed[6]
        assert "jazz" in diagnosed[None] and "class_weight: balanced" in diagnosed[None]

    def test_a_model_that_gives_up_songs_of_the_larger_genre_for_the_other_is_not_at_chance(self) -> None:
        assert self.diagnosed(0.8, balanced=0.89) == {}


def test_a_history_without_epochs_is_refused():
    with pytest.raises(ValueError, match="no epoch"):
        found([], [])
