"""The study's fourteen findings, each judged by a rule from what the experiments measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from components.study import rules
from components.study.evidence import CannotTellError, Evidence
from components.study.results import Outcome

Verdict = Literal["holds", "does not hold", "cannot be tested here"]


@dataclass(frozen=True)
class Finding:
    """One claim of the study.

    Attributes
    ----------
    number : int
        1 to 14, as in the study.
    claim : str
        In our words.
    how : str
        How it was run.
    came_out : str
        What was measured.
    verdict : str
        ``holds``, ``does not hold`` or ``cannot be tested here``.
    """

    number: int
    claim: str
    how: str
    came_out: str
    verdict: Verdict


Rule = Callable[[Evidence], tuple[bool, str]]
#: By number: the claim, how it is run, and the rule that judges it.
RULES: dict[int, tuple[str, str, Rule]] = {
    1: (
        "The three-layer MLP is the most accurate model and the fastest to train; the LSTM is the slowest.",
        "All five with their published sets on the same songs, random segments as in the study.",
        rules.simplest_is_best,
    ),
    2: (
        "Some hyperparameters give nothing better than guessing.",
        "The MLP's published set with learning rate 1 in place of 0.001.",
        rules.some_sets_guess,
    ),
    3: (
        "Unscaled features ruin the MLP: under 15 %.",
        "The MLP's published set without standardisation, on 3-s features and on the 30-s table.",
        rules.unscaled,
    ),
    4: (
        "Transfer learning saves time: frozen pretrained features suffice.",
        "YAMNet frozen, the same network untrained, and an LSTM that learns everything itself.",
        rules.transfer,
    ),
    5: (
        "VGG16, trained on photographs, helps on spectrogram pictures, but less than audio models do.",
        "VGG16 with its weights and untrained, and YAMNet, on the same songs.",
        rules.photographs,
    ),
    6: (
        "A result at chance is either a data or a hyperparameter fault.",
        "Faults are planted one at a time; each result at chance is then mended.",
        rules.chance_is_a_fault,
    ),
    7: (
        "VGG16's weight file is far larger than the others.",
        f"Saved model and frozen encoder together; far: {rules.FAR:g} times the next.",
        rules.weights,
    ),
    8: (
        "Train 100 % with validation 70 % is overfitting: dropout, fewer layers or units help.",
        "The MLP with dropout, and with a quarter of the units, songs whole.",
        rules.overfitting,
    ),
    9: (
        "Train below validation: the model is too small.",
        "An MLP of 3 units a layer, and one of 16 with dropout, songs whole.",
        rules.too_small,
    ),
    10: (
        "Every unit count at its maximum after tuning: the search space is too small.",
        "A search over 2 to 8 units a layer, songs whole; then the study's wider set.",
        rules.narrow,
    ),
    11: (
        "Cropping the picture lost more than half the information; the whole picture did much better.",
        "VGG16 on whole pictures and on their 150 x 150 corner, the same songs.",
        rules.cropped,
    ),
    12: (
        "An LSTM needs tanh for the fast kernels.",
        "The LSTM's published set with tanh and with relu.",
        rules.tanh,
    ),
    13: (
        "Memory limits: VGG16 is the hungriest.",
        "Peak memory of extraction and fit of each model.",
        rules.memory,
    ),
    14: (
        "A 99 % result was a fault: an already fitted model, whose data included test, was evaluated again.",
        "The fault made on purpose, beside the workflow, which refuses it.",
        rules.contaminated,
    ),
}


def judge(outcomes: Mapping[str, Outcome], *, gpu: bool) -> list[Finding]:
    """Judge all findings.

    Parameters
    ----------
    outcomes : mapping of str to Outcome
        All experiments.
    gpu : bool
        Whether the fits ran on a GPU.

    Returns
    -------
    list of Finding
        In order.
    """
    seen = Evidence(outcomes, gpu=gpu)
    return [judge_one(number, seen) for number in RULES]


def judge_one(number: int, seen: Evidence) -> Finding:
    """Judge one finding.

    Parameters
    ----------
    number : int
        1 to 14.
    seen : Evidence
        All experiments.

    Returns
    -------
    Finding
        What its rule lacks makes it *cannot be tested here*, with what is missing.
    """
    claim, how, rule = RULES[number]
    try:
        true, came_out = rule(seen)
    except CannotTellError as missing:
        return Finding(number, claim, how, str(missing), "cannot be tested here")
    return Finding(number, claim, how, came_out, "holds" if true else "does not hold")
