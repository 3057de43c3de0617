"""One rule a finding: whether it holds, and what was measured. A rule that lacks something says so by raising.

Every rule takes the :class:`components.study.rules.Evidence` and returns whether the claim holds and one
sentence or two with the figures. They judge by the study's own protocol where the claim is about accuracies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from components.core.formatting import percent
from components.evaluation import diagnostics, significance
from components.study.results import Figures, Outcome, whole_songs

#: The study calls anything below this no better than guessing among ten genres.
GUESSING = 0.15


class CannotTellError(Exception):
    """Something a rule needs is not there; the message says what."""


class Evidence:
    """What the rules ask.

    Parameters
    ----------
    outcomes : mapping of str to Outcome
        All experiments.
    gpu : bool
        Whether the fits ran on a GPU.
    """

    def __init__(self, outcomes: Mapping[str, Outcome], *, gpu: bool) -> None:
        self.outcomes, self.gpu = outcomes, gpu

    def outcome(self, name: str) -> Outcome:
        """Return an experiment that was run."""
        found = self.outcomes[name]
        if found.reason:
            raise CannotTellError(f"{found.declared['title']} was not run: {found.reason}.")
        return found

    def figures(self, name: str, protocol: str = "segment") -> Figures:
        """Return an experiment's figures, by default under the study's own protocol."""
        found = self.outcome(name).figures
        if protocol not in found:
            why = "; ".join(self.outcome(name).failures) or f"protocol {protocol} was not run"
            raise CannotTellError(f"{name}: {why}.")
        return found[protocol]

    def at_chance(self, name: str) -> bool:
        """Say whether an experiment does no better than guessing; a loss that is not finite does not either."""
        outcome = self.outcome(name)
        if not outcome.figures:
            return True
        figures = next(iter(outcome.figures.values()))
        return figures.segments < GUESSING or diagnostics.is_at_chance(
            figures.segments, chance=outcome.chance
        )

    def shown(self, name: str) -> str:
        """Write an experiment's accuracy, or why it has none."""
        outcome = self.outcome(name)
        if not outcome.figures:
            return f"{outcome.declared['title']}: no fit went through"
        protocol, figures = next(iter(outcome.figures.items()))
        return f"{outcome.declared['title']} {percent(figures.segments)} ({protocol})"


#: The five models on the same songs.
FIVE = ("mlp", "vgg16_audio", "yamnet", "lstm", "yamnet_lstm")
#: Train accuracy the study calls 100 %: the mean of an epoch in which the model still learns stays just below.
WHOLE = 0.99
#: "Far larger": this many times the next.
FAR = 3.0


def simplest_is_best(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 1: it holds where the MLP is most accurate and fastest, the LSTM slowest."""
    accuracy = {name: seen.figures(name).segments for name in FIVE}
    seconds = {name: seen.outcome(name).cost()["seconds"] for name in FIVE}
    best, fastest = max(accuracy, key=accuracy.__getitem__), min(seconds, key=seconds.__getitem__)
    slowest = max(seconds, key=seconds.__getitem__)
    rows = ", ".join(f"{name} {percent(accuracy[name])} in {seconds[name]:.1f} s" for name in FIVE)
    return (best, fastest, slowest) == ("mlp", "mlp", "lstm"), (
        f"{rows}. Most accurate is {best}, fastest {fastest}, slowest {slowest}."
    )


def some_sets_guess(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 2: it holds where a changed hyperparameter alone leads to chance."""
    names = ("mlp_learning_rate_1", "mlp")
    return seen.at_chance(names[0]), f"{seen.shown(names[0])}; {seen.shown(names[1])}."


def unscaled(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 3: it holds where every unscaled MLP stays below :data:`GUESSING`."""
    audio = "mlp_table_30_unscaled" if seen.outcomes["mlp_unscaled"].reason else "mlp_unscaled"
    names = [name for name in (audio, "mlp_table_30_unscaled") if not seen.outcomes[name].reason]
    if not names:
        seen.outcome(audio)
    scaled = "mlp" if audio == "mlp_unscaled" else "mlp_table_30"
    said = "; ".join(seen.shown(name) for name in dict.fromkeys([*names, scaled]))
    values = [seen.figures(name).segments for name in names if seen.outcome(name).figures]
    return all(value < GUESSING for value in values), f"{said}. Wanted: below {percent(GUESSING)}."


def transfer(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 4: it holds where frozen YAMNet beats its untrained twin, and an LSTM in both time and accuracy."""
    trained, random = seen.figures("yamnet"), seen.figures("yamnet_untrained")
    if seen.outcome("yamnet").untrained:
        raise CannotTellError("YAMNet's trained weights are not here.")
    scratch = seen.figures("lstm")
    costs = {name: seen.outcome(name).cost()["seconds"] for name in ("yamnet", "lstm")}
    pair = significance.paired(
        whole_songs(seen.outcome("yamnet")),
        whole_songs(seen.outcome("yamnet_untrained")),
        seed=seen.outcome("yamnet").seed,
        part="test",
        names=("YAMNet", "the untrained encoder"),
    )
    return pair.apart and pair.difference > 0 and costs["yamnet"] < costs["lstm"] and (
        trained.segments >= scratch.segments
    ), (
        f"Frozen YAMNet {percent(trained.segments)} in {costs['yamnet']:.1f} s a fit, the same network untrained "
        f"{percent(random.segments)}, an LSTM from nothing {percent(scratch.segments)} in {costs['lstm']:.1f} s. "
        f"Songs whole: {pair.sentence}"
    )


def photographs(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 5: it holds where VGG16 beats its untrained twin and loses to YAMNet."""
    if seen.outcome("vgg16_audio").untrained or seen.outcome("yamnet").untrained:
        raise CannotTellError("trained weights of VGG16 or YAMNet are not here.")
    helped = seen.figures("vgg16_audio"), seen.figures("vgg16_audio_untrained")
    heard = seen.figures("yamnet")
    songs = [figures.voted for figures in (*helped, heard)]
    return songs[0] > songs[1] and songs[0] < songs[2], (
        f"Songs right: VGG16 {percent(songs[0])}, the same network untrained {percent(songs[1])}, YAMNet "
        f"{percent(songs[2])}."
    )


def chance_is_a_fault(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 6: it holds where there is a result at chance, and mending each fault ends it."""
    faulty = {
        "mlp_unscaled": "data not scaled",
        "mlp_learning_rate_1": "a hyperparameter",
        "mlp_shuffled": "labels that say nothing",
    }
    ran = {name: why for name, why in faulty.items() if not seen.outcomes[name].reason}
    if not ran:
        seen.outcome("mlp_shuffled")
    guessing = {name: why for name, why in ran.items() if seen.at_chance(name)}
    if not guessing:
        return False, "No experiment was at chance."
    said = "; ".join(f"{seen.shown(name)}: {why}" for name, why in guessing.items())
    return not seen.at_chance("mlp"), f"{said}. With the fault mended: {seen.shown('mlp')}."


def weights(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 7: it holds where VGG16 needs :data:`FAR` times the next."""
    sizes = {name: seen.outcome(name).cost().get("weights_bytes", 0.0) / 2**20 for name in FIVE}
    rest = max(size for name, size in sizes.items() if name != "vgg16_audio")
    rows = ", ".join(f"{name} {size:.1f} MiB" for name, size in sizes.items())
    return sizes["vgg16_audio"] >= FAR * rest, f"Model and frozen encoder together: {rows}."


def overfitting(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 8: it holds where the MLP overfits, and dropout or fewer units raise validation accuracy."""
    plain = seen.figures("mlp", "track")
    cures = {name: seen.figures(name, "track") for name in ("mlp_dropout", "mlp_fewer_units")}
    gap = plain.train - plain.validation
    if plain.train < WHOLE or gap < diagnostics.OVERFITTING_GAP:
        return False, (
            f"Train {percent(plain.train)}, validation {percent(plain.validation)}: no overfitting to cure."
        )
    rows = ", ".join(
        f"{seen.outcome(name).declared['title']} {percent(figures.train)} and {percent(figures.validation)}"
        for name, figures in cures.items()
    )
    return any(figures.validation > plain.validation for figures in cures.values()), (
        f"Train and validation of the MLP: {percent(plain.train)} and {percent(plain.validation)}; {rows}."
    )


def too_small(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 9: it holds where a tiny network without dropout stays below validation on train."""
    small, dropped, large = (seen.figures(name, "track") for name in ("mlp_tiny", "mlp_tiny_dropout", "mlp"))
    gaps = [figures.validation - figures.train for figures in (small, dropped)]
    said = (
        f"Train and validation of 3 units a layer: {percent(small.train)} and {percent(small.validation)}; of 16 "
        f"with dropout: {percent(dropped.train)} and {percent(dropped.validation)}; of the study's set: "
        f"{percent(large.train)} and {percent(large.validation)}."
    )
    if gaps[0] < diagnostics.UNDERFITTING_GAP <= gaps[1]:
        said += " Dropout alone puts train below validation: train accuracy is measured with it at work."
    return (gaps[0] >= diagnostics.UNDERFITTING_GAP and large.train > small.train), said


def narrow(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 10: it holds where the narrow search keeps every maximum and wider units validate better."""
    found = seen.outcome("mlp_narrow_search")
    narrow, wide = seen.figures("mlp_narrow_search", "track"), seen.figures("mlp", "track")
    units = {
        key: value
        for key, value in found.fits[0].get("hyperparameters", {}).items()
        if key.startswith("units")
    }
    highest = found.declared["search"]["space"]
    at_maximum = all(value == highest[key]["high"] for key, value in units.items())
    chosen = ", ".join(f"{key} {value}" for key, value in units.items())
    return at_maximum and wide.validation > narrow.validation, (
        f"The search kept {chosen} of at most 8 ({'every one at' if at_maximum else 'not all at'} the maximum): "
        f"validation {percent(narrow.validation)}; with the study's wider set {percent(wide.validation)}."
    )


def cropped(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 11: it holds where the corner keeps less than half of what there is to win above guessing."""
    whole, corner = seen.figures("vgg16_sample"), seen.figures("vgg16_cropped")
    chance = seen.outcome("vgg16_sample").chance
    kept = (corner.voted - chance) / max(whole.voted - chance, 1e-9)
    return kept < 0.5, (
        f"Whole picture {percent(whole.voted)}, corner {percent(corner.voted)}: of what there is to win above "
        f"guessing the corner keeps {percent(kept)}. Wanted: less than half."
    )


def tanh(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 12: it holds where tanh is :data:`FAR` times as fast on a GPU."""
    tanh, relu = seen.outcome("lstm"), seen.outcome("lstm_relu")
    epochs = {}
    for name, outcome in (("tanh", tanh), ("relu", relu)):
        done = [
            (cost["seconds"], fit["metrics"]["epochs"])
            for fit, cost in zip(outcome.fits, outcome.costs, strict=True)
            if "seconds" in cost and fit["protocol"] == "segment"
        ]
        if not done:
            raise CannotTellError(f"{outcome.declared['title']}: {'; '.join(outcome.failures)}.")
        epochs[name] = sum(took for took, _ in done) / sum(many for _, many in done)
    said = (
        f"Seconds an epoch: tanh {epochs['tanh']:.1f}, relu {epochs['relu']:.1f}; "
        f"{seen.shown('lstm')}, {seen.shown('lstm_relu')}."
    )
    if not seen.gpu:
        raise CannotTellError(f"The fast kernels are cuDNN's and there is no GPU here. {said}")
    return epochs["tanh"] * FAR <= epochs["relu"], said


def memory(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 13: it holds where VGG16 has the highest peak."""
    peaks = {name: seen.outcome(name).cost().get("peak_memory_mib", 0.0) for name in FIVE}
    rows = ", ".join(f"{name} {peak:,.0f} MiB" for name, peak in peaks.items())
    hungriest = max(peaks, key=peaks.__getitem__)
    return hungriest == "vgg16_audio", f"Peak of extraction and fit: {rows}."


def contaminated(seen: Evidence) -> tuple[bool, str]:
    """Judge finding 14: it holds where the faulty evaluation reaches :data:`WHOLE` and the honest one does not."""
    faulty, honest = seen.figures("mlp_contaminated", "track"), seen.figures("mlp", "track")
    return faulty.segments >= WHOLE > honest.segments, (
        f"Fitted on test too: {percent(faulty.segments)}; fitted on train alone: {percent(honest.segments)}. The "
        "workflow refuses the first: fits begin with a fresh model, and test rows are not even loaded while "
        "they last."
    )


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
        simplest_is_best,
    ),
    2: (
        "Some hyperparameters give nothing better than guessing.",
        "The MLP's published set with learning rate 1 in place of 0.001.",
        some_sets_guess,
    ),
    3: (
        "Unscaled features ruin the MLP: under 15 %.",
        "The MLP's published set without standardisation, on 3-s features and on the 30-s table.",
        unscaled,
    ),
    4: (
        "Transfer learning saves time: frozen pretrained features suffice.",
        "YAMNet frozen, the same network untrained, and an LSTM that learns everything itself.",
        transfer,
    ),
    5: (
        "VGG16, trained on photographs, helps on spectrogram pictures, but less than audio models do.",
        "VGG16 with its weights and untrained, and YAMNet, on the same songs.",
        photographs,
    ),
    6: (
        "A result at chance is either a data or a hyperparameter fault.",
        "Faults are planted one at a time; each result at chance is then mended.",
        chance_is_a_fault,
    ),
    7: (
        "VGG16's weight file is far larger than the others.",
        f"Saved model and frozen encoder together; far: {FAR:g} times the next.",
        weights,
    ),
    8: (
        "Train 100 % with validation 70 % is overfitting: dropout, fewer layers or units help.",
        "The MLP with dropout, and with a quarter of the units, songs whole.",
        overfitting,
    ),
    9: (
        "Train below validation: the model is too small.",
        "An MLP of 3 units a layer, and one of 16 with dropout, songs whole.",
        too_small,
    ),
    10: (
        "Every unit count at its maximum after tuning: the search space is too small.",
        "A search over 2 to 8 units a layer, songs whole; then the study's wider set.",
        narrow,
    ),
    11: (
        "Cropping the picture lost more than half the information; the whole picture did much better.",
        "VGG16 on whole pictures and on their 150 x 150 corner, the same songs.",
        cropped,
    ),
    12: (
        "An LSTM needs tanh for the fast kernels.",
        "The LSTM's published set with tanh and with relu.",
        tanh,
    ),
    13: (
        "Memory limits: VGG16 is the hungriest.",
        "Peak memory of extraction and fit of each model.",
        memory,
    ),
    14: (
        "A 99 % result was a fault: an already fitted model, whose data included test, was evaluated again.",
        "The fault made on purpose, beside the workflow, which refuses it.",
        contaminated,
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
