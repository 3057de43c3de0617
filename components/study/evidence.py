"""What the rules of the findings ask of the experiments, and how they are told that something is missing."""

from __future__ import annotations

from collections.abc import Mapping

from components import diagnostics
from components.report.words import percent
from components.study.results import Figures, Outcome

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
