"""Rules that decide on the study's fourteen findings from the figures of the experiments.

A rule takes the :class:`Evidence` and returns whether the claim holds, None where that needs what is not here, and the
values that the finding's ``measured`` in ``experiments.yaml`` shows beside the figures. It raises
:class:`CannotTellError` where an experiment that it needs is missing. Claims about accuracies are decided under the
study's own protocol, and once more with artists apart, by the same rule and the figures of protocol ``artist``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import jinja2
import pandas as pd

from components.core.formatting import percent
from components.evaluation import diagnostics, significance
from components.study import declarations
from components.study.results import Figures, Outcome

#: The study calls anything below this no better than guessing among ten genres.
GUESSING = 0.15
#: The five models on the same songs.
FIVE = ("mlp", "vgg16_audio", "yamnet", "lstm", "yamnet_lstm")
#: Faults that are planted one at a time.
FAULTS = {
    "mlp_unscaled": "data not scaled",
    "mlp_learning_rate_1": "a hyperparameter",
    "mlp_shuffled": "labels at random",
}
#: Train accuracy the study calls 100 %: the mean of an epoch in which the model still learns stays just below.
WHOLE = 0.99
#: "Far larger": this many times the next.
FAR = 3.0

Verdict = Literal["holds", "does not hold", "cannot be tested here"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
#: Whether a claim holds, and what its sentence shows.
Ruling = tuple[bool | None, dict[str, Any]]


class CannotTellError(Exception):
    """Something a rule needs is not there; the message names it."""


@dataclass(frozen=True)
class Finding:
    """One claim of the study.

    Attributes
    ----------
    number : int
        Its number there.
    claim, how : str
        In our words, and how it was run.
    came_out, verdict : str
        What was measured under the study's own protocol, and the verdict by that.
    came_out_apart, verdict_apart : str
        The same with artists apart; '' where the claim is not about accuracies.
    """

    number: int
    claim: str
    how: str
    came_out: str
    verdict: Verdict
    came_out_apart: str = ""
    verdict_apart: Verdict | Literal[""] = ""

    @property
    def changes(self) -> bool:
        """Whether the claim holds under one of the two protocols and does not under the other."""
        return {self.verdict, self.verdict_apart} == {"holds", "does not hold"}


@dataclass(frozen=True)
class Evidence:
    """All experiments, and whether their fits ran on a GPU.

    With ``apart`` every figure is of protocol ``artist``, whichever the rule names.
    """

    outcomes: Mapping[str, Outcome]
    gpu: bool
    apart: bool = False

    def outcome(self, name: str) -> Outcome:
        """Return an experiment that was run."""
        found = self.outcomes[name]
        if found.reason:
            raise CannotTellError(f"{found.declared.title} was not run: {found.reason}.")
        return found

    def protocol(self, protocol: str) -> str:
        """Return the protocol whose figures stand for those of ``protocol``."""
        return "artist" if self.apart else protocol

    def were_run(self, *names: str) -> list[str]:
        """Return those of the experiments that were run, one at least; with ``apart`` with artists apart."""
        found = [name for name in names if not self.outcomes[name].reason]
        if self.apart:
            found = [
                name for name in found if any(fit.protocol == "artist" for fit in self.outcomes[name].fits)
            ]
        return found or [self.outcome(names[-1]).name]

    def trained(self, name: str) -> Outcome:
        """Return an experiment whose encoder is a trained one."""
        if self.outcome(name).untrained:
            raise CannotTellError(f"The trained weights of {name} are not here.")
        return self.outcome(name)

    def figures(self, name: str, protocol: str = "segment") -> Figures:
        """Return an experiment's figures, by default under the study's own protocol."""
        found, protocol = self.outcome(name), self.protocol(protocol)
        if protocol not in found.figures:
            why = "; ".join(found.failures) or f"protocol {protocol} was not run"
            if found.under(protocol):
                why = "every genre has too few artists"
            raise CannotTellError(f"{name}: {why}.")
        return found.figures[protocol]

    def first(self, name: str) -> tuple[str, Figures] | None:
        """Return an experiment's first protocol and its figures; None where no fit went through."""
        found = self.outcome(name)
        if not self.apart:
            return next(iter(found.figures.items()), None)
        if not found.under("artist") and any(fit.protocol == "artist" for fit in found.fits):
            return None
        return "artist", self.figures(name)

    def costs(self, kind: str) -> pd.Series[float]:
        """Return one cost of each of the five models."""
        return pd.Series({name: self.outcome(name).cost.get(kind, 0.0) for name in FIVE})

    def at_chance(self, name: str) -> bool:
        """Return whether an experiment does no better than guessing, as where no loss was finite."""
        first = self.first(name)
        if not first:
            return True
        accuracy, guessing = first[1].accuracy, first[1].guessing
        return accuracy < GUESSING or diagnostics.is_at_chance(accuracy, chance=guessing)

    def shown(self, name: str) -> str:
        """Write an experiment's accuracy, or why it has none."""
        title, first = self.outcome(name).declared.title, self.first(name)
        if not first:
            return f"{title}: no fit went through"
        return f"{title} {percent(first[1].accuracy)} ({first[0]})"


def simplest_is_best(ran: Evidence) -> Ruling:
    """Decide finding 1: it holds where the MLP is most accurate and fastest, the LSTM slowest."""
    accuracy = pd.Series({name: ran.figures(name).accuracy for name in FIVE})
    seconds = ran.costs("seconds")
    ends = {"best": accuracy.idxmax(), "fastest": seconds.idxmin(), "slowest": seconds.idxmax()}
    return list(ends.values()) == ["mlp", "mlp", "lstm"], {"seconds": seconds, **ends}


def some_sets_guess(ran: Evidence) -> Ruling:
    """Decide finding 2: it holds where one changed hyperparameter alone leads to chance."""
    return ran.at_chance("mlp_learning_rate_1"), {}


def unscaled(ran: Evidence) -> Ruling:
    """Decide finding 3: it holds where every unscaled MLP stays below :data:`GUESSING`."""
    scaled = {"mlp_unscaled": "mlp", "mlp_table_30_unscaled": "mlp_table_30"}
    names = ran.were_run(*scaled)
    fitted = [first[1].accuracy for name in names if (first := ran.first(name))]
    return all(accuracy < GUESSING for accuracy in fitted), {"names": [*names, scaled[names[0]]]}


def transfer(ran: Evidence) -> Ruling:
    """Decide finding 4: it holds where frozen YAMNet beats its untrained twin, and an LSTM in time and accuracy."""
    yamnet, lstm, untrained = ran.trained("yamnet"), ran.outcome("lstm"), ran.outcome("yamnet_untrained")
    accuracy, scratch = (ran.figures(name).accuracy for name in ("yamnet", "lstm"))
    protocol = ran.protocol("track")
    pair = significance.paired(
        yamnet.songs(protocol),
        untrained.songs(protocol),
        seed=yamnet.seed,
        part="test",
        names=("YAMNet", "the untrained encoder"),
    )
    better = pair.apart and pair.difference > 0 and accuracy >= scratch
    return better and yamnet.cost["seconds"] < lstm.cost["seconds"], {"pair": pair}


def photographs(ran: Evidence) -> Ruling:
    """Decide finding 5: it holds where VGG16 beats its untrained twin and loses to YAMNet."""
    names = ("vgg16_audio_untrained", ran.trained("vgg16_audio").name, ran.trained("yamnet").name)
    random, vgg16, yamnet = (ran.figures(name).song_accuracy for name in names)
    return random < vgg16 < yamnet, {}


def chance_is_a_fault(ran: Evidence) -> Ruling:
    """Decide finding 6: it holds where there is a result at chance, and mending each fault ends it."""
    guessing = {name: FAULTS[name] for name in ran.were_run(*FAULTS) if ran.at_chance(name)}
    return bool(guessing) and not ran.at_chance("mlp"), {"guessing": guessing}


def weights(ran: Evidence) -> Ruling:
    """Decide finding 7: it holds where VGG16 needs :data:`FAR` times the next."""
    sizes = ran.costs("weights_bytes") / 2**20
    return sizes["vgg16_audio"] >= FAR * sizes.drop("vgg16_audio").max(), {"sizes": sizes}


def overfitting(ran: Evidence) -> Ruling:
    """Decide finding 8: it holds where the MLP overfits, and dropout or fewer units raise validation accuracy."""
    plain, *cures = (ran.figures(name, "track") for name in ("mlp", "mlp_dropout", "mlp_fewer_units"))
    overfits = plain.train >= WHOLE and plain.train - plain.validation >= diagnostics.OVERFITTING_GAP
    cured = any(figures.validation > plain.validation for figures in cures)
    return overfits and cured, {"overfits": overfits}


def too_small(ran: Evidence) -> Ruling:
    """Decide finding 9: it holds where a tiny network without dropout stays below validation on train."""
    small, dropped, large = (ran.figures(name, "track") for name in ("mlp_tiny", "mlp_tiny_dropout", "mlp"))
    below, below_with_dropout = (
        one.validation - one.train >= diagnostics.UNDERFITTING_GAP for one in (small, dropped)
    )
    return below and large.train > small.train, {"dropout_alone": below_with_dropout and not below}


def narrow(ran: Evidence) -> Ruling:
    """Decide finding 10: it holds where the narrow search keeps every maximum and wider units validate better."""
    found = ran.outcome("mlp_narrow_search")
    narrow, wide = ran.figures("mlp_narrow_search", "track"), ran.figures("mlp", "track")
    (first, *_) = found.under(ran.protocol("track"))
    units = {key: value for key, value in first.hyperparameters.items() if key.startswith("units")}
    at_maximum = set(units.values()) == {8}
    return at_maximum and wide.validation > narrow.validation, {"units": units, "at_maximum": at_maximum}


def cropped(ran: Evidence) -> Ruling:
    """Decide finding 11: it holds where the corner keeps less than half of what there is to win above guessing."""
    whole, corner = (ran.figures(name).song_accuracy for name in ("vgg16_sample", "vgg16_cropped"))
    guessing = ran.figures("vgg16_sample").song_guessing
    kept = (corner - guessing) / max(whole - guessing, 1e-9)
    return kept < 0.5, {"kept": kept}


def tanh(ran: Evidence) -> Ruling:
    """Decide finding 12: it holds where tanh is :data:`FAR` times as fast on a GPU: the fast kernels are cuDNN's."""
    epochs = {}
    for name in ("lstm", "lstm_relu"):
        ran.figures(name)
        fits = ran.outcome(name).under("segment")
        seconds = sum(fit.cost.seconds for fit in fits if fit.cost)
        epochs[name] = seconds / sum(fit.metrics["epochs"] for fit in fits)
    return epochs["lstm"] * FAR <= epochs["lstm_relu"] if ran.gpu else None, {"epochs": epochs}


def memory(ran: Evidence) -> Ruling:
    """Decide finding 13: it holds where VGG16 has the highest peak."""
    peaks = ran.costs("peak_memory_mib")
    return peaks.idxmax() == "vgg16_audio", {"peaks": peaks}


def contaminated(ran: Evidence) -> Ruling:
    """Decide finding 14: it holds where the faulty evaluation reaches :data:`WHOLE` and the honest one does not."""
    faulty, honest = (ran.figures(name, "track") for name in ("mlp_contaminated", "mlp"))
    return faulty.accuracy >= WHOLE > honest.accuracy, {}


#: In the order of the findings.
RULES: tuple[Callable[[Evidence], Ruling], ...] = (
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
    """Apply the rule of one finding; where it lacks something, the finding *cannot be tested here*.

    A claim about accuracies is decided again with artists apart.
    """
    declared = declarations.load().findings[number]
    came_out, verdict = _apply(number, ran)
    finding = Finding(number, declared.claim, declared.how, came_out, verdict)
    if not declared.accuracies:
        return finding
    came_out, verdict = _apply(number, replace(ran, apart=True))
    return replace(finding, came_out_apart=came_out, verdict_apart=verdict)


def _apply(number: int, ran: Evidence) -> tuple[str, Verdict]:
    """Return the sentence on what was measured, and the verdict."""
    sentences = jinja2.Environment(undefined=jinja2.StrictUndefined)
    sentences.filters |= {
        "percent": percent,
        "fitted": lambda figures: f"{percent(figures.train)} and {percent(figures.validation)}",
        "shown": ran.shown,
    }
    try:
        holds, values = RULES[number - 1](ran)
        came_out = sentences.from_string(declarations.load().findings[number].measured).render(
            ran=ran, **values
        )
    except CannotTellError as missing:
        return str(missing), "cannot be tested here"
    if holds is None:
        return came_out, "cannot be tested here"
    return came_out, "holds" if holds else "does not hold"


def decide_all(ran: Evidence) -> list[Finding]:
    """Apply every rule, in order."""
    return [decide(number, ran) for number in declarations.load().findings]
