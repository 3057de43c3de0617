"""Diagnoses of a training run: at chance, a genre never named, overfitting, too small, a search too narrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.config.search_space import IntRange

if TYPE_CHECKING:
    import pandas as pd

#: A run is at chance where it wins less than this share of what there is to win above chance:
#: (accuracy - chance) / (1 - chance). With ten equal genres that is 14.5 %; the study's "nothing better than
#: guessing" results lie under 15 %.
SKILL_AT_CHANCE = 0.05
#: ... but never more than this many times chance: with 100 genres 2 % is chance, 6 % is not.
TIMES_CHANCE = 2.0
#: Train accuracy from which a model nearly knows its training part by heart (the study's 100 %; dropout lowers it).
MEMORISED = 0.9
#: Train accuracy above validation by this much is overfitting (the study's example: 100 % and 70 %).
OVERFITTING_GAP = 0.15
#: Best validation above the best train accuracy by this much is a model too small for its task.
UNDERFITTING_GAP = 0.05
#: Whole numbers that are no size of a network, but belong to the fit.
OF_THE_FIT = ("batch_size", "mask_frames", "mask_channels")
#: A size that has no effect unless its switch is on.
SWITCHES = {"units_4": "has_fourth_layer", "units_additional": "has_additional_layer"}


@dataclass(frozen=True)
class Diagnosis:
    """One finding about a training run.

    Attributes
    ----------
    finding : int or None
        The study's number for it: 6 (at chance), 8 (overfitting), 9 (too small) or 10 (search too narrow); None for
        what the study has none for, as its genres are equal.
    title : str
        Two or three words.
    message : str
        What was measured.
    suggestion : str
        The change to try, naming hyperparameters.
    """

    finding: int | None
    title: str
    message: str
    suggestion: str

    def __str__(self) -> str:
        return f"{self.title}: {self.message} {self.suggestion}"


def diagnose(
    history: pd.DataFrame,
    *,
    hyperparameters: Mapping[str, Any],
    search: Mapping[str, Any],
    validation: Mapping[str, float],
    unnamed: Sequence[str] = (),
) -> list[Diagnosis]:
    """Find what is wrong with a training run, and what to change.

    Parameters
    ----------
    history : DataFrame
        One row an epoch: ``accuracy`` and ``val_accuracy``, 0 to 1. The epoch with the highest
        ``val_accuracy`` (the first of equals) counts; a model is too small only if train accuracy stays below
        it in every epoch.
    hyperparameters : mapping of str to value
        The run's own.
    search : mapping of str to Hyperparameter
        The search space, ``params.model(name).search``.
    validation : mapping of str to float
        ``guessing``, ``balanced_accuracy`` and ``genres`` of the validation songs, from
        :func:`components.evaluation.balance.measure`.
    unnamed : sequence of str
        Genres that the model never names, from :func:`components.evaluation.balance.unnamed`.

    Returns
    -------
    list of Diagnosis
        In the order of the study's findings; empty where nothing is wrong.

    Raises
    ------
    ValueError
        If the history has no row.
    """
    if history.empty:
        raise ValueError("history has no epoch; valid: one row an epoch")
    best = history.loc[history["val_accuracy"].idxmax()]
    train, held_out = float(best["accuracy"]), float(best["val_accuracy"])
    # Keras averages train accuracy over an epoch in which the model still learns: the first epochs lag behind.
    highest = float(history["accuracy"].max())
    dropouts = [(name, value) for name, value in hyperparameters.items() if name.startswith("dropout")]
    off, on = ([name for name, value in dropouts if value is state] for state in (False, True))
    # Mixed or masked train rows are harder to tell apart, however large the model.
    augmented = any(hyperparameters.get(name) for name in ("mixup", "mask_frames", "mask_channels"))
    found = []
    guessing, balanced, equal = (
        validation["guessing"],
        validation["balanced_accuracy"],
        1 / validation["genres"],
    )
    # With unequal genres a useful model may be right less often than the constant prediction, and the other way round.
    at_chance = is_at_chance(held_out, chance=guessing) and is_at_chance(balanced, chance=equal)
    if at_chance:
        message = (
            f"validation accuracy is {held_out:.1%}, always naming the largest genre gives {guessing:.1%}"
        )
        message += f"; balanced accuracy is {balanced:.1%}, guessing gives {equal:.1%}."
        change = (
            "Either the data is at fault (scaling, labels) or the hyperparameters: try a learning rate below"
        )
        found.append(Diagnosis(6, "At chance", message, f"{change} {hyperparameters['learning_rate']}."))
    found += never_named(unnamed)
    if train >= MEMORISED and train - held_out >= OVERFITTING_GAP:
        rate = "Raise the dropout rate" if dropouts else "Add dropout"
        change = f"Switch on {', '.join(off)}" if off else rate
        message = f"train accuracy is {train:.1%} where validation is {held_out:.1%}."
        found.append(Diagnosis(8, "Overfitting", message, f"{change}, or use fewer layers or units."))
    if held_out - highest >= UNDERFITTING_GAP and not at_chance and not augmented:
        # Keras measures train accuracy with dropout at work, so dropout alone can put it below validation.
        off_first = f"Switch off {', '.join(on)} first (it lowers train accuracy alone); then more"
        message = f"train accuracy is {highest:.1%}, below validation's {held_out:.1%}."
        change = f"{off_first if on else 'More'} units, layers or epochs."
        found.append(Diagnosis(9, "Too small", message, change))
    return found + _at_bounds(hyperparameters, search=search)


def never_named(genres: Sequence[str]) -> list[Diagnosis]:
    """Diagnose genres that a model never names; nothing where there are none."""
    if not genres:
        return []
    message = (
        f"{', '.join(genres)}: no song or segment is predicted as {'it' if len(genres) == 1 else 'one'}."
    )
    change = "Set training.class_weight: balanced and tuning.objective: val_balanced_accuracy, or add songs."
    return [Diagnosis(None, "Never named", message, change)]


def is_at_chance(accuracy: float, *, chance: float) -> bool:
    """Test whether an accuracy (0 to 1) is no better than guessing.

    It is below :data:`SKILL_AT_CHANCE` of the way from chance to 1, and below :data:`TIMES_CHANCE` times chance.
    """
    return accuracy < min(chance + SKILL_AT_CHANCE * (1.0 - chance), TIMES_CHANCE * chance)


def _at_bounds(hyperparameters: Mapping[str, Any], *, search: Mapping[str, Any]) -> list[Diagnosis]:
    sizes = {
        name: space
        for name, space in search.items()
        if name not in OF_THE_FIT and isinstance(space, IntRange) and space.low < space.high
        if name in hyperparameters and hyperparameters.get(SWITCHES.get(name, ""), True)
    }
    for bound, word, change in (
        ("high", "maximum", "raise the upper"),
        ("low", "minimum", "lower the lower"),
    ):
        if sizes and all(hyperparameters[name] == getattr(space, bound) for name, space in sizes.items()):
            values = ", ".join(f"{name} {hyperparameters[name]}" for name in sizes)
            message = f"every size of the network is at its {word} ({values})."
            suggestion = f"Widen the search: {change} bound of {', '.join(sizes)} in params.yaml."
            return [Diagnosis(10, "Search too narrow", message, suggestion)]
    return []
