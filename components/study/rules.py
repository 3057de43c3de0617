"""Rules that decide on the study's fourteen findings from the figures of the experiments.

A rule takes the :class:`Evidence` and returns whether the claim holds, and one or two sentences with the figures. It
raises :class:`CannotTellError` where something that it needs is missing. Claims about accuracies are decided under the
study's own protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from components.core.formatting import percent
from components.evaluation import diagnostics, significance
from components.study import declarations
from components.study.results import Figures, Outcome, whole_songs

#: The study calls anything below this no better than guessing among ten genres.
GUESSING = 0.15
#: The five models on the same songs.
FIVE = ("mlp", "vgg16_audio", "yamnet", "lstm", "yamnet_lstm")
#: Train accuracy the study calls 100 %: the mean of an epoch in which the model still learns stays just below.
WHOLE = 0.99
#: "Far larger": this many times the next.
FAR = 3.0

Verdict = Literal["holds", "does not hold", "cannot be tested here"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


class CannotTellError(Exception):
    """Something a rule needs is not there; the message names it."""


@dataclass(frozen=True)
class Finding:
    """One claim of the study: its number there, how it was run, what was measured, and the verdict."""

    number: int
    claim: str
    how: str
    came_out: str
    verdict: Verdict


@dataclass(frozen=True)
class Evidence:
    """All experiments, and whether their fits ran on a GPU."""

    outcomes: Mapping[str, Outcome]
    gpu: bool

    def outcome(self, name: str) -> Outcome:
        """Return an experiment that was run."""
        found = self.outcomes[name]
        if found.reason:
            raise CannotTellError(f"{found.declared.title} was not run: {found.reason}.")
        return found

    def figures(self, name: str, protocol: str = "segment") -> Figures:
        """Return an experiment's figures, by default under the study's own protocol."""
        found = self.outcome(name)
        if protocol not in found.figures:
            why = "; ".join(found.failures) or f"protocol {protocol} was not run"
            raise CannotTellError(f"{name}: {why}.")
        return found.figures[protocol]

    def at_chance(self, name: str) -> bool:
        """Return whether an experiment does no better than guessing, as where no loss was finite."""
        outcome = self.outcome(name)
        accuracy = next((figures.segment_accuracy for figures in outcome.figures.values()), 0.0)
        return accuracy < GUESSING or diagnostics.is_at_chance(accuracy, chance=outcome.chance)

    def shown(self, name: str) -> str:
        """Write an experiment's accuracy, or why it has none."""
        outcome = self.outcome(name)
        if not outcome.figures:
            return f"{outcome.declared.title}: no fit went through"
        protocol, figures = next(iter(outcome.figures.items()))
        return f"{outcome.declared.title} {percent(figures.segment_accuracy)} ({protocol})"


def simplest_is_best(ran: Evidence) -> tuple[bool, str]:
    """Decide finding 1: it holds where the MLP is most accurate and fastest, the LSTM slowest."""
    accuracy = {name: ran.figures(name).segment_accuracy for name in FIVE}
    seconds = {name: ran.outcome(name).cost["seconds"] for name in FIVE}
    best, fastest = max(FIVE, key=accuracy.__getitem__), min(FIVE, key=seconds.__getitem__)
    slowest = max(FIVE, key=seconds.__getitem__)
    rows = ", ".join(f"{name} {percent(accuracy[name])} in {seconds[name]:.1f} s" for name in FIVE)
    return (best, fastest, slowest) == ("mlp", "mlp", "lstm"), (
        f"{rows}. Most accurate is {best}, fastest {fastest}, slowest {slowest}."
    )


def some_sets_guess(ran: Evidence) -> tuple[bool, str]:
    """Decide finding 2: it holds where one changed hyperparameter alone leads to chance."""
    changed = "mlp_learning_rate_1"
    return ran.at_chance(changed), f"{ran.shown(changed)}; {ran.shown('mlp')}."


def unscaled(ran: Evidence) -> tuple[bool, str]:
    """Decide finding 3: it holds where every unscaled MLP stays below :data:`GUESSING`."""
    pairs = {"mlp_unscaled": "mlp", "mlp_table_30_unscaled": "mlp_table_30"}
    names = [name for name in pairs if not ran.outcomes[name].reason]
    if not names:
        ran.outcome("mlp_table_30_unscaled")
    rows = "; ".join(ran.shown(name) for name in (*names, pairs[names[0]]))
    values = [ran.figures(name).segment_accuracy for name in names if ran.outcome(name).figures]
    return all(value < GUESSING for value in values), f"{rows}. Needed: below {percent(GUESSING)}."


def transfer(ran: Evidence) -> tuple[bool, str]:
    """Decide finding 4: it holds where frozen YAMNet beats its untrained twin, and an LSTM in time and accuracy."""
    trained, random = ran.figures("yamnet"), ran.figures("yamnet_untrained")
    yamnet = ran.outcome("yamnet")
    if yamnet.untrained:
        raise CannotTellError("YAMNet's trained weights are not here.")
    scratch, lstm = ran.figures("lstm"), ran.outcome("lstm")
    pair = significance.paired(
        whole_songs(yamnet),
        whole_songs(ran.outcome("yamnet_untrained")),
        seed=yamnet.seed,
        part="test",
        names=("YAMNet", "the untrained encoder"),
    )
    better = pair.apart and pair.difference > 0 and trained.segment_accuracy >= scratch.segment_accuracy
    return better and yamnet.cost["seconds"] < lstm.cost["seconds"], (
        f"Frozen YAMNet {percent(trained.segment_accuracy)} in {yamnet.cost['seconds']:.1f} s a fit, the same "
        f"network untrained {percent(random.segment_accuracy)}, an LSTM from nothing "
        f"{percent(scratch.segment_accuracy)} in {lstm.cost['seconds']:.1f} s. Songs whole: {pair.sentence}"
    )


def photographs(ran: Evidence) -> tuple[bool, str]:
    """Decide finding 5: it holds where VGG16 beats its untrained twin and loses to YAMNet."""
    if ran.outcome("vgg16_audio").untrained or ran.outcome("yamnet").untrained:
        raise CannotTellError("trained weights of VGG16 or YAMNet are not here.")
    names = ("vgg16_audio", "vgg16_audio_untrained", "yamnet")
    vgg16, random, yamnet = (ran.figures(name).song_accuracy for name in names)
    return random < vgg16 < yamnet, (
        f"Songs right: VGG16 {percent(vgg16)}, the same network untrained {percent(random)}, YAMNet "
        f"{percent(yamnet)}."
    )


def chance_is_a_fault(ran: Evidence) -> tuple[bool, str]:
    """Decide finding 6: it holds where there is a result at chance, and mending each fault ends it."""
    faults = {
        "mlp_unscaled": "data not scaled",
        "mlp_learning_rate_1": "a hyperparameter",
        "mlp_shuffled": "labels at random",
    }
    planted = {name: why for name, why in faults.items() if not ran.outcomes[name].reason}
    if not planted:
        ran.outcome("mlp_shuffled")
    guessing = {name: why for name, why in planted.items() if ran.at_chance(name)}
    if not guessing:
        return False, "No experiment was at chance."
    rows = "; ".join(f"{ran.shown(name)}: {why}" for name, why in guessing.items())
    return not ran.at_chance("mlp"), f"{rows}. With the fault mended: {ran.shown('mlp')}."


def weights(ran: Evidence) -> tuple[bool, str]:
    """Decide finding 7: it holds where VGG16 needs :data:`FAR` times the next."""
    sizes = {name: ran.outcome(name).cost.get("weights_bytes", 0.0) / 2**20 for name in FIVE}
    rest = max(size for name, size in sizes.items() if name != "vgg16_audio")
    rows = ", ".join(f"{name} {size:.1f} MiB" for name, size in sizes.items())
    return sizes["vgg16_audio"] >= FAR * rest, f"Model and frozen encoder together: {rows}."


def overfitting(ran: Evidence) -> tuple[bool, str]:
    """Decide finding 8: it holds where the MLP overfits, and dropout or fewer units raise validation accuracy."""
    plain = ran.figures("mlp", "track")
    cures = {name: ran.figures(name, "track") for name in ("mlp_dropout", "mlp_fewer_units")}
    if plain.train < WHOLE or plain.train - plain.validation < diagnostics.OVERFITTING_GAP:
        return False, (
            f"Train {percent(plain.train)}, validation {percent(plain.validation)}: no overfitting to cure."
        )
    rows = ", ".join(
        f"{ran.outcome(name).declared.title} {percent(figures.train)} and {percent(figures.validation)}"
        for name, figures in cures.items()
    )
    return any(figures.validation > plain.validation for figures in cures.values()), (
        f"Train and validation of the MLP: {percent(plain.train)} and {percent(plain.validation)}; {rows}."
    )


def too_small(ran: Evidence) -> tuple[bool, str]:
    """Decide finding 9: it holds where a tiny network without dropout stays below validation on train."""
    small, dropped, large = (ran.figures(name, "track") for name in ("mlp_tiny", "mlp_tiny_dropout", "mlp"))
    gaps = [figures.validation - figures.train for figures in (small, dropped)]
    rows = (
        f"Train and validation of 3 units a layer: {percent(small.train)} and {percent(small.validation)}; of 16 "
        f"with dropout: {percent(dropped.train)} and {percent(dropped.validation)}; of the study's set: "
        f"{percent(large.train)} and {percent(large.validation)}."
    )
    if gaps[0] < diagnostics.UNDERFITTING_GAP <= gaps[1]:
        rows += " Dropout alone puts train below validation: train accuracy is measured with it at work."
    return gaps[0] >= diagnostics.UNDERFITTING_GAP and large.train > small.train, rows


def narrow(ran: Evidence) -> tuple[bool, str]:
    """Decide finding 10: it holds where the narrow search keeps every maximum and wider units validate better."""
    found = ran.outcome("mlp_narrow_search")
    narrow, wide = ran.figures("mlp_narrow_search", "track"), ran.figures("mlp", "track")
    chosen = {key: value for key, value in found.done[0].hyperparameters.items() if key.startswith("units")}
    at_maximum = set(chosen.values()) == {8}
    units = ", ".join(f"{key} {value}" for key, value in chosen.items())
    return at_maximum and wide.validation > narrow.validation, (
        f"The search kept {units} of at most 8 ({'every one at' if at_maximum else 'not all at'} the maximum): "
        f"validation {percent(narrow.validation)}; with the study's wider set {percent(wide.validation)}."
    )


def cropped(ran: Evidence) -> tuple[bool, str]:
    """Decide finding 11: it holds where the corner keeps less than half of what there is to win above guessing."""
    whole, corner = (ran.figures(name).song_accuracy for name in ("vgg16_sample", "vgg16_cropped"))
    chance = ran.outcome("vgg16_sample").chance
    kept = (corner - chance) / max(whole - chance, 1e-9)
    return kept < 0.5, (
        f"Whole picture {percent(whole)}, corner {percent(corner)}: of what there is to win above guessing the "
        f"corner keeps {percent(kept)}. Needed: less than half."
    )


def tanh(ran: Evidence) -> tuple[bool, str]:
    """Decide finding 12: it holds where tanh is :data:`FAR` times as fast on a GPU."""
    epochs = {}
    for name in ("lstm", "lstm_relu"):
        outcome = ran.outcome(name)
        fits = [fit for fit in outcome.under("segment") if fit.cost]
        if not fits:
            raise CannotTellError(f"{outcome.declared.title}: {'; '.join(outcome.failures)}.")
        seconds = sum(fit.cost.seconds for fit in fits if fit.cost)
        epochs[name] = seconds / sum(fit.metrics["epochs"] for fit in fits)
    rows = (
        f"Seconds an epoch: tanh {epochs['lstm']:.1f}, relu {epochs['lstm_relu']:.1f}; "
        f"{ran.shown('lstm')}, {ran.shown('lstm_relu')}."
    )
    if not ran.gpu:
        raise CannotTellError(f"The fast kernels are cuDNN's and there is no GPU here. {rows}")
    return epochs["lstm"] * FAR <= epochs["lstm_relu"], rows


def memory(ran: Evidence) -> tuple[bool, str]:
    """Decide finding 13: it holds where VGG16 has the highest peak."""
    peaks = {name: ran.outcome(name).cost.get("peak_memory_mib", 0.0) for name in FIVE}
    rows = ", ".join(f"{name} {peak:,.0f} MiB" for name, peak in peaks.items())
    return max(FIVE, key=peaks.__getitem__) == "vgg16_audio", f"Peak of extraction and fit: {rows}."


def contaminated(ran: Evidence) -> tuple[bool, str]:
    """Decide finding 14: it holds where the faulty evaluation reaches :data:`WHOLE` and the honest one does not."""
    names = ("mlp_contaminated", "mlp")
    faulty, honest = (ran.figures(name, "track").segment_accuracy for name in names)
    return faulty >= WHOLE > honest, (
        f"Fitted on test too: {percent(faulty)}; fitted on train alone: {percent(honest)}. The workflow refuses the "
        "first: fits begin with a fresh model, and test rows are not even loaded while they last."
    )


#: In the order of the findings.
RULES: tuple[Callable[[Evidence], tuple[bool, str]], ...] = (
    simplest_is_best,
    some_sets_guess,
    unscaled,
    transfer,
    photographs,
    chance_is_a_fault,
    weights,
    overfitting,
    too_small,
    narrow,
    cropped,
    tanh,
    memory,
    contaminated,
)


def decide(number: int, ran: Evidence) -> Finding:
    """Apply the rule of one finding; where it lacks something, the finding *cannot be tested here*."""
    declared = declarations.load().findings[number]
    try:
        holds, came_out = RULES[number - 1](ran)
        verdict: Verdict = "holds" if holds else "does not hold"
    except CannotTellError as missing:
        verdict, came_out = "cannot be tested here", str(missing)
    return Finding(number, declared.claim, declared.how, came_out, verdict)


def decide_all(ran: Evidence) -> list[Finding]:
    """Apply every rule, in order."""
    return [decide(number, ran) for number in declarations.load().findings]
