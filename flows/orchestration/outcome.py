"""How the stages of a flow ended, as rows for its page and as problems for a terminal."""

from __future__ import annotations

from dataclasses import dataclass, field

from flows.pipeline.stage import Result


@dataclass
class Outcome:
    """How the stages of a flow ended.

    Attributes
    ----------
    fresh : list of str
        Not started: nothing they read has changed.
    done : dict of str to Result
        Ended well.
    failed : dict of str to str
        Failed, with the reason in one line.
    skipped : dict of str to str
        Not started, with what was missing.
    """

    fresh: list[str] = field(default_factory=list)
    done: dict[str, Result] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def rows(self) -> list[dict[str, str | float]]:
        """Return one row a stage: its name, how it ended, its seconds, and why where it did not end well."""
        ended: list[tuple[str, str, float, str]] = [
            (stage, result.how, result.seconds, "") for stage, result in self.done.items()
        ]
        ended += [(stage, "failed", 0.0, why) for stage, why in self.failed.items()]
        ended += [(stage, "skipped", 0.0, why) for stage, why in self.skipped.items()]
        ended += [(stage, "fresh", 0.0, "") for stage in self.fresh]
        return [
            {"stage": stage, "outcome": how, "seconds": round(seconds, 1), "why": why}
            for stage, how, seconds, why in ended
        ]

    def problems(self) -> list[str]:
        """Return one line for each stage that failed, and for each that could not be run therefore."""
        return [*self.failed.values(), *(f"{stage} skipped: {why}" for stage, why in self.skipped.items())]
